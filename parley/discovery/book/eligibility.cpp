#include <parley/discovery/book/eligibility.hpp>

#include <parley/transport/handshake/hello_check.hpp>

namespace parley::discovery {

namespace {

/// By a stranger, not by the configuration or the node's owner.
bool is_hearsay(SourceKind kind) {
    return kind == SourceKind::pex || kind == SourceKind::inbound || kind == SourceKind::dht ||
           kind == SourceKind::goodbye;
}

}  // namespace

std::string_view name(AddResult result) {
    switch (result) {
        case AddResult::added:
            return "added";
        case AddResult::updated:
            return "updated";
        case AddResult::known:
            return "known";
        case AddResult::older:
            return "older";
        case AddResult::own:
            return "own";
        case AddResult::wrong_network:
            return "wrong network";
        case AddResult::wrong_role:
            return "wrong role";
        case AddResult::no_endpoint:
            return "no endpoint";
        case AddResult::bad_address:
            return "bad address";
        case AddResult::private_address:
            return "private address";
        case AddResult::place_taken:
            return "place taken";
        case AddResult::book_full:
            return "book full";
    }
    return "?";
}

std::optional<AddResult> Eligibility::refusal(const Enr& record, const Source& source) const {
    if (record.id() == self_) return AddResult::own;
    const auto parley = record.parley();
    if (!parley || parley->network_id != network_.network_id) return AddResult::wrong_network;
    if (network_.forks &&
        !transport::fork_compatible(*network_.forks, {parley->fork_hash, parley->fork_next})) {
        return AddResult::wrong_network;
    }
    const bool fits = network_.is_light ? transport::serves_light(parley->roles, parley->services)
                                        : !transport::is_light(parley->roles);
    if (!fits) return AddResult::wrong_role;
    const auto endpoint = record.tcp_endpoint();
    if (!endpoint || endpoint->port == 0) return AddResult::no_endpoint;
    return refusal(endpoint->address, source);
}

std::optional<AddResult> Eligibility::refusal(const IpAddress& address,
                                              const Source& source) const {
    const Scope scope = scope_of(address);
    if (scope == Scope::nowhere) return AddResult::bad_address;
    if (scope == Scope::internet) return std::nullopt;
    if (!allow_private_) return AddResult::private_address;
    if (is_hearsay(source.kind) && source.address && !may_be_advertised(address, *source.address)) {
        return AddResult::private_address;
    }
    return std::nullopt;
}

}  // namespace parley::discovery
