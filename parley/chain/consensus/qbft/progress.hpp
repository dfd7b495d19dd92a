// Progress: where the agreement on a block stands: who said what in this round, and what it waits
// for. What an operator asks when no block comes. Threading: values.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/consensus/qbft/messages.hpp>
#include <parley/chain/types/address.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace parley::chain::qbft {

/// What one validator said.
struct ValidatorProgress {
    Address address;
    bool has_prepared = false;                     ///< the proposal of this round
    bool has_committed = false;                    ///< to it
    std::optional<std::uint32_t> changed_to = {};  ///< the latest round it asked for, this or later
    bool gets_no_time = false;                     ///< as proposer, since it was silent
    std::optional<Instant> heard = {};             ///< the last time; none: not since the start
};

struct Progress {
    View view;
    Address proposer;
    std::optional<Address> self = {};  ///< none: this node only watches
    std::size_t quorum = 0;
    std::size_t faulty_max = 0;
    std::optional<Hash256> proposal = {};
    bool is_checked = false;   ///< the proposal is valid
    bool is_finished = false;  ///< a quorum has committed
    Instant period_end{};      ///< before which there is no block
    Instant deadline{};        ///< of this round; never while fewer than a quorum are in it
    std::vector<ValidatorProgress> validators = {};  ///< ascending
    std::string halted = {};                         ///< why this validator says nothing
    std::optional<std::uint64_t> speaks_from = {};   ///< height, where this one is earlier
};

/// "1 more to prepare (2 of 3); none from 0x01020304, 0x0a0b0c0d"; addresses are cut.
std::string waits_for(const Progress& progress, Now now);

}  // namespace parley::chain::qbft
