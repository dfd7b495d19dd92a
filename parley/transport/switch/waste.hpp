// Waste: processor time that peers cost this node and that came to nothing (copies, refusals,
// questions nobody needs), as modules say. What a link wastes beyond its share makes the credit of
// the lane wait: it slows down who wastes, and nobody else. An address, or a network group, that
// wastes beyond its own share has no burst left, and in the end its callers are turned away for
// seconds, since new IDs cost nothing. Nobody is banned for it: neighbours of an attacker wait.
// Bounded. Threading: the node's thread.
#pragma once

#include <parley/base/lru.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>

#include <cstddef>
#include <cstdint>

namespace parley::transport {

struct WasteConfig {
    // Shares of the node's thread that may be wasted for good, from 0 to 1.
    double link_share = 0.005;
    double inbound_share = 0.25;   ///< divided among the slots of callers, if that is less
    double address_share = 0.01;   ///< of one address (IPv6: /64)
    double group_share = 0.04;     ///< of one /24 (IPv6: /48)
    Duration burst = 100ms;        ///< wasted at once, before anybody waits
    Duration wait_max = 60s;       ///< what was wasted beyond is forgiven
    Duration turned_away = 10s;    ///< callers, while their address or group has so long to wait
    Duration offence_point = 1ms;  ///< an offence counts for its address as its price, so much each
    std::size_t addresses_max = 4096;  ///< and groups; the least recent is forgotten first
};

/// What one link, address or group has wasted, as the time at which its share has paid for it.
class WasteDebt {
public:
    /// Adds `work`, as far as nobody has to wait for longer than `wait_max`.
    void add(Instant now, Duration work, double share, const WasteConfig& config);
    /// When it is within its burst again.
    Instant due(double share, Duration burst) const;

private:
    Instant paid_{};
};

class Waste {
public:
    /// `inbound_max`: slots of callers. `salt` keeps strangers from preparing
    /// collisions in the table.
    Waste(const WasteConfig& config, std::size_t inbound_max, std::uint64_t salt);

    /// A link from `address` wasted `work`. Returns until when its credit waits; now or earlier: it
    /// need not.
    Instant note(Instant now, const IpAddress& address, WasteDebt& link, Duration work);
    /// A node there committed an offence of this price.
    void note_offence(Instant now, const IpAddress& address, double price);
    /// Whether callers from there are turned away. Never loopback and private addresses.
    bool turns_away(Instant now, const IpAddress& address) const;

private:
    using Key = ByteArray<18>;
    /// Returns when both its address and its group are within their bursts again.
    Instant add(Instant now, const IpAddress& address, Duration work);

    WasteConfig config_;
    double link_share_;
    LruMap<Key, WasteDebt> addresses_;
    LruMap<Key, WasteDebt> groups_;
};

}  // namespace parley::transport
