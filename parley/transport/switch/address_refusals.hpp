// AddressRefusals: addresses behind which many proven identities misbehaved. An identity costs its
// maker nothing, so that scores of IDs alone never end whoever makes new ones. An address is
// therefore refused, for minutes, once enough distinct IDs behind it earned a score, and its
// network group (/24, IPv6 /48) once many more did. Whoever asks it lets in the IDs that are known:
// honest neighbours share the address. Bounded. Threading: the node's thread.
#pragma once

#include <parley/base/lru.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/node_id.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace parley::transport {

struct AddressRefusalConfig {
    double score = 25.0;                      ///< an ID counts from this score on (OffenceConfig)
    std::size_t identities_address = 8;       ///< behind one address (IPv6: /64)
    std::size_t identities_group = 32;        ///< behind one /24 (IPv6: /48)
    Duration memory = std::chrono::hours{1};  ///< an address that is quiet so long starts anew
    Duration refusal = std::chrono::minutes{10};
    /// Judge loopback and private addresses as well.
    bool exempt_addresses_too = false;
    std::size_t addresses_max = 4096;  ///< and groups; the least recent is forgotten first
};

class AddressRefusals {
public:
    /// `salt` keeps strangers from preparing collisions in the table.
    AddressRefusals(const AddressRefusalConfig& config, std::uint64_t salt);

    /// `id`, linked from `address`, misbehaved and has this score now, or was banned. True if that
    /// is why the address, or its group, is refused from now on.
    bool note(Instant now, const IpAddress& address, const NodeId& id, double score);
    /// Whether IDs that are not known are refused there.
    bool refuses(Instant now, const IpAddress& address) const;

private:
    using Key = ByteArray<18>;
    struct Record {
        std::vector<std::uint64_t> ids;  ///< salted; fewer than the identities that are too many
        Instant last{};
        Instant refused_until{};
    };
    bool note(Instant now, const Key& key, std::uint64_t id, std::size_t identities_max);
    bool refuses(Instant now, const Key& key) const;

    AddressRefusalConfig config_;
    std::uint64_t salt_;
    LruMap<Key, Record> records_;
};

}  // namespace parley::transport
