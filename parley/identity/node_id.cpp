#include <parley/identity/node_id.hpp>

#include <parley/crypto/hash.hpp>
#include <parley/identity/enr.hpp>
#include <parley/identity/host_name.hpp>

#include <utility>

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

namespace {

/// Nobody can be dialed at an unspecified, multicast, reserved or broadcast address.
bool is_of_a_host(const IpAddress& address) {
    const auto first = std::to_integer<unsigned>(address.bytes().front());
    return address.is_v4() ? first > 0 && first < 224 : !address.is_unspecified() && first < 0xff;
}

Result<Target, std::string> checked(Target target) {
    const auto& address = target.endpoint.address;
    if (is_of_a_host(address)) return target;
    return std::unexpected{"nobody can be dialed at " + address.to_string() +
                           ", which is not the address of one host"};
}

Result<Target, std::string> read_record(std::string_view text) {
    const auto record = Enr::parse(text);
    if (!record) return std::unexpected{message(record.error())};
    const auto endpoint = record->tcp_endpoint();
    if (!endpoint) return std::unexpected{"the record has no address with a TCP port"};
    return checked({record->id(), *endpoint});
}

}  // namespace

Result<Target, std::string> Target::read(std::string_view text) {
    if (text.starts_with("enr:")) return read_record(text);
    const auto at = text.find('@');
    if (at == text.npos) return std::unexpected{"no @ between an ID and an address"};
    const auto id = NodeId::parse(text.substr(0, at));
    if (!id) return std::unexpected{"the ID is not a public key of 66 hex digits"};
    const auto where = text.substr(at + 1);
    const auto colon = where.rfind(':');
    if (colon == where.npos) return std::unexpected{"no port after the address"};
    const auto port = parse_port(where.substr(colon + 1));
    if (!port || *port == 0) return std::unexpected{"the port is not from 1 to 65535"};
    if (const auto endpoint = Endpoint::parse(where)) return checked({*id, *endpoint});
    const auto host = where.substr(0, colon);
    if (host.starts_with('[')) return std::unexpected{"no IPv6 address in the brackets"};
    if (IpAddress::parse(host)) return std::unexpected{"an IPv6 address belongs in brackets"};
    if (const auto ok = check_host_name(host); !ok) return std::unexpected{message(ok.error())};
    return Target{*id, {{}, *port}, std::string{host}};
}

std::optional<Target> Target::parse(std::string_view text) {
    auto target = read(text);
    if (!target) return std::nullopt;
    return std::move(*target);
}

std::string Target::to_string() const {
    const auto where =
        host.empty() ? endpoint.to_string() : host + ":" + std::to_string(endpoint.port);
    return id.to_string() + "@" + where;
}

}  // namespace parley
