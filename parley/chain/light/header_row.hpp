// A header as a light node keeps it: without what follows from its neighbours, or is the same in
// all of them. Under 4 validators some 365 bytes with a quorum of seals, 170 without.
//
// The validators are a number in a list of all sets there were, the parent's hash is the row's
// before. The hash stands in the row, so that no row needs Keccak to be read.
// Threading: pure functions. Spec: docs/formats/light.md.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/types/header.hpp>
#include <parley/codec/rlp.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace parley::chain::light {

/// The sets of validators that ever sealed, each once, in the order of their discovery.
using ValidatorSets = std::vector<std::vector<Address>>;

enum class KeepSeals : std::uint8_t { none, quorum };

/// `sets` gets the header's own, if it is new. A header whose extra data is not in this form is
/// written with its extra data as it is.
Buffer encode_row(const Header& header, const Hash256& hash, qbft::ExtraForm form, KeepSeals seals,
                  ValidatorSets& sets);

struct HeaderRow {
    Header header;  ///< with the seals that were kept
    Hash256 hash{};
};
/// Of the row with this number, after `parent`. Errors: those of RLP; integer_too_large for a set
/// or a validator that is not there (expected: how many there are).
Result<HeaderRow, rlp::RlpError> decode_row(Bytes row, std::uint64_t number, const Hash256& parent,
                                            qbft::ExtraForm form,
                                            std::span<const std::vector<Address>> sets);

}  // namespace parley::chain::light
