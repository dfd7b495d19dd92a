// HashRates: what outside miners say of their rates. Each of them says it again every few seconds,
// under an id of its own; who falls silent is forgotten.
// Bounded: entries_max. Threading: values.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>

namespace parley::chain {

class HashRates {
public:
    static constexpr std::size_t entries_max = 256;
    static constexpr Duration kept = std::chrono::seconds{30};

    /// False: there are too many others.
    bool report(Now now, const Hash256& id, std::uint64_t hashes_per_second);
    /// Of all that reported lately; 2^64 - 1 if it is more.
    std::uint64_t sum(Now now);

private:
    struct Entry {
        std::uint64_t rate = 0;
        Instant until{};
    };
    void forget_old(Now now);

    std::map<Hash256, Entry> entries_;
};

}  // namespace parley::chain
