// CallerRates: how often callers may come before they have proven anything: by address, by network
// groups and by family, so that no crowd can use up what others need. An honest caller fails now
// and then (an old ID, another version, a broken path): failures are never punished, but an address
// of which many calls in a row came to nothing waits, some seconds and longer each time, and one
// success makes it forget. Loopback and private addresses have rates of their own and never wait.
// Bounded. Threading: the node's thread.
#pragma once

#include <parley/base/lru.hpp>
#include <parley/base/time.hpp>
#include <parley/base/token_bucket.hpp>
#include <parley/identity/endpoint.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace parley::transport {

/// So many at once, and again at this rate.
struct RateLimit {
    double per_second;
    double burst;
};

struct CallerLimits {
    RateLimit address{2.0, 16.0};       ///< exact (IPv6: /64)
    RateLimit group{8.0, 48.0};         ///< /24 (IPv6: /48)
    RateLimit wide_group{32.0, 128.0};  ///< /16 (IPv6: /32)
    RateLimit family{200.0, 400.0};     ///< all of IPv4, and all of IPv6
    /// What each wide group may always take, whatever others took of its family's rate ...
    RateLimit share{1.0, 8.0};
    /// ... and all of them together, in each family.
    RateLimit shares_all{1'000.0, 1'000.0};
    /// Of loopback and private ranges.
    RateLimit exempt_address{20'000.0, 20'000.0};
    RateLimit exempt_all{20'000.0, 20'000.0};

    std::uint32_t failures_free = 8;  ///< in a row, before an address waits
    Duration wait_first = 1s;         ///< doubled with each further failure
    Duration wait_max = 16s;
    /// Addresses, and groups of each size, that are remembered; the least recent is forgotten
    /// first.
    std::size_t remembered_max = 8192;
};

class CallerRates {
public:
    /// `salt` keeps strangers from preparing collisions in the tables.
    CallerRates(const CallerLimits& limits, std::uint64_t salt);

    /// Counts a call, if it may come. One that may not costs nobody anything.
    bool admit(Instant now, const IpAddress& from);
    /// A call from there came to nothing before its caller had proven an ID.
    void on_failure(Instant now, const IpAddress& from);
    /// A caller has proven an ID.
    void on_success(const IpAddress& from);

private:
    using Key = ByteArray<18>;
    struct Address {
        TokenBucket rate;
        std::uint32_t failures = 0;  ///< in a row
        Instant wait_until{};
    };
    struct WideGroup {
        TokenBucket rate;
        TokenBucket share;
    };
    struct Family {
        TokenBucket rate;
        TokenBucket shares;
    };
    static TokenBucket bucket(const RateLimit& limit) { return {limit.per_second, limit.burst}; }
    Address& address(const Key& key, const RateLimit& rate);
    bool admit_exempt(Instant now, const Key& key);

    CallerLimits limits_;
    LruMap<Key, Address> addresses_;
    LruMap<Key, TokenBucket> groups_;
    LruMap<Key, WideGroup> wide_groups_;
    std::array<Family, 2> families_;  // IPv4, IPv6
    TokenBucket exempt_;
};

}  // namespace parley::transport
