// Said: anything that a validator says at a height, as a Machine takes it.
// Threading: values and pure functions.
#pragma once

#include <parley/chain/consensus/qbft/justification.hpp>
#include <parley/chain/consensus/qbft/messages.hpp>
#include <parley/chain/types/address.hpp>

#include <variant>

namespace parley::chain::qbft {

using Said = std::variant<ProposalInput, Signed<Prepare>, Signed<Commit>, RoundChangeInput>;

const View& view_of(const Said& said);
const Address& author_of(const Said& said);

}  // namespace parley::chain::qbft
