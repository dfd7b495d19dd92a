// UploadBudget: how much of what peers ask for goes to one address (IPv6: /64) and to one /24
// (IPv6: /48), over all links: whoever asks for much, leaves and comes back finds what it left.
// Loopback and private addresses have the limit of the link alone. Bounded: the address that asked
// least recently is forgotten first. Threading: the node's thread.
#pragma once

#include <parley/base/lru.hpp>
#include <parley/base/time.hpp>
#include <parley/base/token_bucket.hpp>
#include <parley/identity/endpoint.hpp>

#include <cstddef>
#include <cstdint>

namespace parley::chain {

/// Of a link and of an address; a group has group_factor times as much.
struct UploadLimits {
    double bytes_per_second = 4U << 20;
    double bytes_burst = 16U << 20;
    double group_factor = 4;
    std::size_t addresses_max = 4096;  ///< and groups
};

class UploadBudget {
public:
    /// `salt` is random: nobody can prepare collisions in the tables.
    UploadBudget(const UploadLimits& limits, std::uint64_t salt)
        : limits_(limits),
          addresses_(limits.addresses_max, salt),
          groups_(limits.addresses_max, ~salt) {}

    /// What a new link has of its own.
    TokenBucket link() const { return {limits_.bytes_per_second, limits_.bytes_burst}; }
    /// Takes from the link, its address and its group alike; nothing, and false, if one of them has
    /// too little.
    bool take(Instant now, const IpAddress& to, TokenBucket& link, std::size_t bytes) {
        const auto tokens = static_cast<double>(bytes);
        if (is_exempt_from_group_limits(to)) return link.take(now, tokens);
        TokenBucket& exact = bucket(addresses_, exact_group(to), 1);
        TokenBucket& near = bucket(groups_, inbound_group(to), limits_.group_factor);
        if (!link.has(now, tokens) || !exact.has(now, tokens)) return false;
        return near.take(now, tokens) && exact.take(now, tokens) && link.take(now, tokens);
    }

private:
    using Buckets = LruMap<ByteArray<18>, TokenBucket>;
    TokenBucket& bucket(Buckets& among, const NetworkGroup& group, double factor) const {
        return among.find_or_insert(
            key_of(group), {factor * limits_.bytes_per_second, factor * limits_.bytes_burst});
    }

    UploadLimits limits_;
    Buckets addresses_;
    Buckets groups_;
};

}  // namespace parley::chain
