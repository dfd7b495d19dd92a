// RouterClock: whether a router has lost its mappings, by its epoch: the seconds since it last did,
// which NAT-PMP and PCP put into each answer. They count on as this machine's clock does, or the
// router was started again.
// Threading: one thread at a time.
#pragma once

#include <parley/base/time.hpp>
#include <parley/nat/mapping.hpp>

#include <cstdint>
#include <optional>

namespace parley::nat {

class RouterClock {
public:
    /// The epoch of an answer that just came. True if mappings of before the last answer are lost:
    /// RFC 6886, section 3.6; RFC 6887, section 8.5. The first answer of a method is believed.
    bool on_epoch(Now now, MappingMethod method, std::uint32_t epoch);

private:
    struct Answer {
        MappingMethod method;
        Instant at;
        std::uint32_t epoch;
    };
    std::optional<Answer> last_;
};

}  // namespace parley::nat
