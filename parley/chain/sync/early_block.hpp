// Blocks whose time has not come: nobody is to blame for them, since clocks differ, and they are
// asked for again when they are due. Threading: pure functions.
#pragma once

#include <parley/base/time.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/types/header.hpp>
#include <parley/chain/types/header_time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace parley::chain {

/// After so long it is looked at again in any case: a clock may have been set.
inline constexpr std::chrono::seconds early_wait_max{60};

/// When a block may be taken that is too far ahead of this node's clock, or shall be looked at
/// again; nothing: it may be taken now.
inline std::optional<Instant> due_at(const Engine& engine, const Header& header, Now now) {
    const auto ahead_max = engine.ahead_max();
    if (!ahead_max) return std::nullopt;
    const auto latest =
        header_time(std::chrono::floor<UnixTime::duration>(now.unix_time + *ahead_max));
    if (header.timestamp <= latest) return std::nullopt;
    const auto wait_s = std::min<std::uint64_t>(header.timestamp - latest,
                                                static_cast<std::uint64_t>(early_wait_max.count()));
    return now.instant + std::chrono::seconds{wait_s};
}

}  // namespace parley::chain
