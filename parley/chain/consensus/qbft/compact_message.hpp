// Compact messages: a proposal, or a change of round with a block, in which the block is compact
// (chain/sync/compact_block.hpp): validators have most of its transactions already. Whoever puts it
// together has the very bytes of the message again, over which it is signed.
//
// Bounded by the message that it came in. Threading: pure functions.
// Spec: docs/formats/qbft.md, section "Compact messages".
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/chain/consensus/qbft/messages.hpp>
#include <parley/chain/sync/messages.hpp>
#include <parley/codec/rlp_fields.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace parley::chain::qbft {

/// A message's code with this is that of its compact form: 0x32 and 0x35.
inline constexpr std::uint16_t compact_bit = 0x20;
/// What a compact message is of; nothing if the code is of none.
std::optional<Code> whole_code(std::uint16_t code);

struct CompactMessage {
    SharedBytes head;            ///< RLP: what stands before the block, and its signature
    sync_topic::NewBlock block;  ///< without its transactions
    SharedBytes tail;            ///< RLP: what stands after it
};

/// Where the block is in a message that has one, as its bytes. Nothing: there is none, or the
/// message cannot be read.
std::optional<SharedBytes> block_in(Code code, const SharedBytes& message);
/// Precondition: block_in() found a block; `block` is a NewBlock made of it.
SharedBytes encode_compact(Code code, const SharedBytes& message, Bytes block);

enum class CompactField : std::uint8_t { envelope, head, block, tail };
using CompactMessageError = rlp::FieldError<CompactField>;
/// "block: RLP list ends after 0 items, 1 wanted".
std::string message(const CompactMessageError& error);

/// The parts share `message`; head and tail are RLP on their surface. Errors: those of RLP.
Result<CompactMessage, CompactMessageError> decode_compact(const SharedBytes& message);
/// The message itself, of this block. Nothing if the head is none.
std::optional<SharedBytes> complete(Code code, const CompactMessage& compact, Bytes block);

}  // namespace parley::chain::qbft
