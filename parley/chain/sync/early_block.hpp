// Blocks whose time has not come: nobody is to blame for them, since clocks differ, and they are
// asked for again when they are due. Threading: pure functions.
#pragma once

#include <parley/base/time.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/types/header.hpp>

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
        std::chrono::floor<std::chrono::seconds>(now.unix_time.time_since_epoch() + *ahead_max);
    const auto latest_s = static_cast<std::uint64_t>(std::max<std::int64_t>(latest.count(), 0));
    if (header.timestamp <= latest_s) return std::nullopt;
    const auto wait_s = std::min<std::uint64_t>(header.timestamp - latest_s,
                                                static_cast<std::uint64_t>(early_wait_max.count()));
    return now.instant + std::chrono::seconds{wait_s};
}

}  // namespace parley::chain
