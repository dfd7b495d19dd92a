// What validators say to each other about one height: a proposal, votes to prepare and to commit
// its block, and changes of round. Each is signed by its author over `[code, payload]`.
//
// What is decoded has its authors recovered from their signatures, which takes some 40 us each: for
// a Job. Bounded by validators_max, and by what a block may have.
// Threading: values and pure functions. Spec: as extra_data.hpp, section "Messages".
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/codec/rlp_fields.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace parley::chain::qbft {

enum class Code : std::uint8_t {
    proposal = 0x12,
    prepare = 0x13,
    commit = 0x14,
    round_change = 0x15
};

/// Where in the agreement something was said.
struct View {
    std::uint64_t height = 0;  ///< of the block that is agreed on
    std::uint32_t round = 0;
    friend auto operator<=>(const View&, const View&) = default;
};

/// The author has seen a proposal that may be made in this view, with a block that is valid.
struct Prepare {
    static constexpr Code code = Code::prepare;
    View view;
    Hash256 digest{};  ///< the block's hash
    friend bool operator==(const Prepare&, const Prepare&) = default;
};

/// The author has seen a quorum prepare it.
struct Commit {
    static constexpr Code code = Code::commit;
    View view;
    Hash256 digest{};
    Seal seal{};  ///< over the block's hash with this round
    friend bool operator==(const Commit&, const Commit&) = default;
};

/// A block that a quorum has prepared.
struct PreparedRound {
    std::uint32_t round = 0;
    Hash256 digest{};
    friend bool operator==(const PreparedRound&, const PreparedRound&) = default;
};

/// The author has gone on to this round.
struct RoundChange {
    static constexpr Code code = Code::round_change;
    View view;
    std::optional<PreparedRound> prepared = {};  ///< the latest that the author knows
    friend bool operator==(const RoundChange&, const RoundChange&) = default;
};

/// This block should come next.
struct Proposed {
    static constexpr Code code = Code::proposal;
    View view;
    SharedBytes block;  ///< RLP, whose extra data has this round and no seals
    friend bool operator==(const Proposed& a, const Proposed& b) {
        return a.view == b.view && equal(a.block, b.block);
    }
};

template <class Payload>
struct Signed {
    Payload payload;
    Address author;  ///< whose signature it is
    Seal signature{};
    friend bool operator==(const Signed&, const Signed&) = default;
};

/// A change of round with what proves that a block was prepared.
struct RoundChangeMessage {
    Signed<RoundChange> signed_change;
    SharedBytes block = {};  ///< empty: none was prepared
    std::vector<Signed<Prepare>> prepares = {};
};

/// A proposal with what allows it in its round.
struct ProposalMessage {
    Signed<Proposed> signed_block;
    std::vector<Signed<RoundChange>> round_changes = {};
    std::vector<Signed<Prepare>> prepares = {};
};

/// A block that a quorum prepared, and their word.
struct Certificate {
    PreparedRound prepared;
    SharedBytes block;
    std::vector<Signed<Prepare>> prepares;
};

/// What was read when decoding stopped.
enum class MessageField : std::uint8_t {
    envelope,
    height,
    round,
    digest,
    seal,
    prepared,
    block,
    round_changes,
    prepares,
    signature,
};
struct MessageError {
    MessageField field{};
    std::optional<rlp::RlpError> rlp = {};  ///< none: no key fits the signature
    friend bool operator==(const MessageError&, const MessageError&) = default;
};
/// "prepares: too long, expected at most 256, got 257", "signature: no key fits it".
std::string message(const MessageError& error);

/// A signature from which the signer's address follows. Precondition: crypto::is_valid_secret.
Seal seal_with(const ByteArray<32>& secret, const Hash256& digest);
/// Whose signature it is; nothing if no key fits.
std::optional<Address> signer_of(const Hash256& digest, const Seal& seal);
/// What a signature is over.
Hash256 signing_hash(const Prepare& payload);
Hash256 signing_hash(const Commit& payload);
Hash256 signing_hash(const RoundChange& payload);
Hash256 signing_hash(const Proposed& payload);

SharedBytes encode(const Signed<Prepare>& message);
SharedBytes encode(const Signed<Commit>& message);
SharedBytes encode(const RoundChangeMessage& message);
SharedBytes encode(const ProposalMessage& message);
SharedBytes encode(const Certificate& certificate);

template <class Message>
using DecodedMessage = Result<Message, MessageError>;

// Exactly what encode() writes. Errors: those of RLP; too_long for more items than there may be
// validators; wrong_size for a list that is there in part.
DecodedMessage<Signed<Prepare>> decode_prepare(Bytes message);
DecodedMessage<Signed<Commit>> decode_commit(Bytes message);
/// The block shares `message`.
DecodedMessage<RoundChangeMessage> decode_round_change(const SharedBytes& message);
/// As decode_round_change.
DecodedMessage<ProposalMessage> decode_proposal(const SharedBytes& message);
/// As decode_round_change.
DecodedMessage<Certificate> decode_certificate(const SharedBytes& message);

}  // namespace parley::chain::qbft
