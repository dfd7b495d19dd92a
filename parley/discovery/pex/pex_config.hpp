// Settings of peer exchange.
// Threading: values only.
#pragma once

#include <parley/base/time.hpp>

#include <cstddef>
#include <cstdint>

namespace parley::discovery {

/// Rates, distances and bounds of one node's peer exchange.
struct PexConfig {
    std::uint16_t records_per_request = 32;  ///< 1 to pex_records_max
    Duration second_ask = 2500ms;            ///< after the first, which goes out at link up
    /// The distance of asks on one link doubles up to it: about as long as answers stay the same.
    Duration ask_interval_max = std::chrono::minutes{4};
    Duration ask_interval_hungry = 10s;  ///< the same while the book is hungry
    std::size_t hungry_below = 32;       ///< entries that are neither up, dialed nor waiting
    Duration answer_timeout = 20s;       ///< an answer this late is Offence::useless
    /// What a peer may ask: more is Offence::too_often. Part of the topic's contract.
    double asks_per_second = 1.0;                     ///< on average
    double asks_burst = 4.0;                          ///< at once
    Duration answer_cache = std::chrono::minutes{4};  ///< the same answer to all for so long
    Duration top_up_interval = 250ms;    ///< a short answer is filled up no oftener, at first
    Duration top_up_interval_max = 10s;  ///< while that finds no node, the distance doubles
    Duration alive_within = std::chrono::hours{24};      ///< a node linked since then is advertised
    std::size_t turned_away_max = 64;                    ///< callers kept, to name to the next ones
    Duration turned_away_for = std::chrono::minutes{2};  ///< for so long
};

}  // namespace parley::discovery
