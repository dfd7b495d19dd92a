// ExtraData: what a header's extra data says under QBFT: who the validators are, one vote on who
// shall be, the round in which the block was made, the seals of those who committed to it.
//
// There are two written forms, and a chain has one of them: GoQuorum's, which is canonical RLP and
// ours, and Besu's, which has a round of four bytes and other forms of votes.
//
// Of one header there are three hashes. A block's hash is that of round 0 without seals, so that it
// stays the same whichever round made the block and whoever sealed it; what is sealed is that of
// the real round without seals; the hash of all bytes means nothing.
// Bounded by validators_max. Threading: values and pure functions.
// Spec: Enterprise Ethereum Alliance, QBFT Blockchain Consensus Protocol v1, section "Extra data".
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/chain/types/header.hpp>
#include <parley/codec/rlp_fields.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace parley::chain::qbft {

inline constexpr std::size_t validators_max = 256;
/// r | s | parity, which is 0 or 1.
inline constexpr std::size_t seal_bytes = 65;
using Seal = ByteArray<seal_bytes>;
/// Of as many validators as there may be, each with its seal.
inline constexpr std::size_t extra_data_bytes_max = 128 + validators_max * (21 + seal_bytes + 2);

/// How extra data is written.
enum class ExtraForm : std::uint8_t { goquorum, besu };

/// That an account shall become a validator, or be none any more.
struct ValidatorVote {
    Address recipient;
    bool adds = false;
    friend bool operator==(const ValidatorVote&, const ValidatorVote&) = default;
};

struct ExtraData {
    ByteArray<32> vanity{};           ///< means nothing
    std::vector<Address> validators;  ///< who may make and seal this block, ascending
    std::optional<ValidatorVote> vote = {};
    std::uint32_t round = 0;
    std::vector<Seal> seals = {};  ///< each over sealed_hash()

    Buffer encode(ExtraForm form = ExtraForm::goquorum) const;
    friend bool operator==(const ExtraData&, const ExtraData&) = default;
};

/// The item that is not as it must be; the envelope is the whole.
enum class ExtraField : std::uint8_t { envelope, vanity, validators, vote, round, seals };
using ExtraError = rlp::FieldError<ExtraField>;
/// "validators: too long, expected at most 256, got 257".
std::string message(const ExtraError& error);

/// Exactly what encode() writes in this form. Errors: those of RLP; too_long for more than
/// validators_max validators or seals; wrong_size for a vote's type that is none, with its size.
Result<ExtraData, ExtraError> decode_extra_data(Bytes raw, ExtraForm form = ExtraForm::goquorum);

/// The header with this extra data in place of its own, without seals.
Buffer encode_with(const Header& header, const ExtraData& extra, std::uint32_t round,
                   ExtraForm form = ExtraForm::goquorum);
/// Its hash: with round 0 that of the block, with the real one what validators seal.
Hash256 hash_with(const Header& header, const ExtraData& extra, std::uint32_t round,
                  ExtraForm form = ExtraForm::goquorum);

}  // namespace parley::chain::qbft
