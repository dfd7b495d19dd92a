#include <parley/identity/node_id.hpp>

#include <parley/crypto/hash.hpp>
#include <parley/identity/enr.hpp>

namespace parley {

std::optional<NodeId> NodeId::parse(std::string_view hex) {
    if (hex.size() != 66) return std::nullopt;  // from_hex would take a 0x as well
    const auto key = array_from_hex<33>(hex);
    if (!key || !crypto::is_valid_public_key(*key)) return std::nullopt;
    return NodeId{*key};
}

Hash256 dht_id(const NodeId& id) {
    const auto key = crypto::decompress(id.key);
    return key ? crypto::keccak256(*key) : Hash256{};
}

std::optional<Target> Target::parse(std::string_view text) {
    if (text.starts_with("enr:")) {
        const auto record = Enr::parse(text);
        if (!record) return std::nullopt;
        const auto endpoint = record->tcp_endpoint();
        if (!endpoint) return std::nullopt;
        return Target{record->id(), *endpoint};
    }
    const auto at = text.find('@');
    if (at == text.npos) return std::nullopt;
    const auto id = NodeId::parse(text.substr(0, at));
    const auto endpoint = Endpoint::parse(text.substr(at + 1));
    if (!id || !endpoint || endpoint->port == 0) return std::nullopt;
    return Target{*id, *endpoint};
}

}  // namespace parley
