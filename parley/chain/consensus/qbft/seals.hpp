// The seals of a header: who committed to it. Threading: pure functions.
// Spec: as extra_data.hpp, section "Block header verification".
#pragma once

#include <parley/base/result.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/consensus/qbft/validators.hpp>

#include <vector>

namespace parley::chain::qbft {

/// Who sealed the header, ascending: a quorum of `validators` or more, each once. `extra` is what
/// its extra data says. Errors are of the seals, which the block's hash does not cover.
Result<std::vector<Address>, EngineError> check_seals(const Header& header, const ExtraData& extra,
                                                      ExtraForm form, const Validators& validators);

}  // namespace parley::chain::qbft
