// What light nodes ask of full nodes, and their answers, on the topic "light".
// docs/formats/light.md.
//
// As on the topic "sync": each question has an id that its answer repeats; what decoding allows is
// bounded here. Threading: values and pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/chain/sync/messages.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/transport/types.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace parley::chain::light {

using sync_topic::ChainStatus;
using sync_topic::Decoded;
using sync_topic::Items;

namespace code {
inline constexpr transport::Code get_headers = 1;
inline constexpr transport::Code headers = 2;  ///< Items: headers
inline constexpr transport::Code get_proofs = 3;
inline constexpr transport::Code proofs = 4;  ///< Items: nodes of tries, each once, in any order
inline constexpr transport::Code get_inclusion = 5;
inline constexpr transport::Code inclusion = 6;
inline constexpr transport::Code submit = 7;     ///< Items: one transaction
inline constexpr transport::Code submitted = 8;  ///< Items: why it was refused, or nothing
inline constexpr transport::Code new_head = 9;   ///< ChainStatus
inline constexpr transport::Code conflict = 10;
inline constexpr transport::Code get_block = 11;
inline constexpr transport::Code block = 12;  ///< Items: the body, then the receipts
/// sync_topic::GetHeaders, for who follows a chain by work; answered by headers.
inline constexpr transport::Code get_headers_from = 13;
}  // namespace code

inline constexpr std::uint32_t headers_max = 256;    ///< asked for, or in an answer
inline constexpr std::size_t accounts_max = 64;      ///< in a question for proofs
inline constexpr std::size_t slots_max = 256;        ///< of all its accounts
inline constexpr std::size_t nodes_max = 16'384;     ///< in an answer
inline constexpr std::size_t proof_nodes_max = 130;  ///< of two keys
inline constexpr std::size_t answer_bytes_max = std::size_t{2} << 20;
inline constexpr std::size_t transaction_bytes_max = std::size_t{128} << 10;
/// Questions of a peer that are not answered yet; more are an offence.
inline constexpr std::size_t questions_under_way_max = 32;

/// Headers of the main chain, from `last` down.
struct GetHeaders {
    std::uint64_t id = 0;
    std::uint64_t last = 0;
    std::uint32_t count = 0;  ///< 1 to headers_max
    friend bool operator==(const GetHeaders&, const GetHeaders&) = default;
};

/// Accounts of the state after a block, and slots of their storage.
struct GetProofs {
    struct Account {
        Address address;
        std::vector<Hash256> slots;  ///< as eth_getProof has them: not hashed
        friend bool operator==(const Account&, const Account&) = default;
    };
    std::uint64_t id = 0;
    Hash256 block{};  ///< one of the last branch_depth_max of the server's
    std::vector<Account> accounts;
    friend bool operator==(const GetProofs&, const GetProofs&) = default;
};

/// Where the main chain has a transaction, and what became of it.
struct GetInclusion {
    std::uint64_t id = 0;
    Hash256 transaction{};
    friend bool operator==(const GetInclusion&, const GetInclusion&) = default;
};
/// Without nodes: the server's main chain has it not.
struct Inclusion {
    std::uint64_t id = 0;
    std::uint64_t number = 0;  ///< of the block
    std::uint32_t index = 0;
    std::vector<SharedBytes> transaction = {};  ///< from the transactions' root to it
    std::vector<SharedBytes> receipt = {};      ///< to its receipt, and to the one before
};

/// The body of a block and, if they are wanted, its receipts.
struct GetBlock {
    std::uint64_t id = 0;
    Hash256 block{};
    bool with_receipts = false;
    friend bool operator==(const GetBlock&, const GetBlock&) = default;
};
/// Items of the answer: a body, and as many receipts as a body may have transactions.
inline constexpr std::size_t block_items_max = 1 + sync_topic::block_transactions_max;

/// Two headers of one height that a quorum sealed.
struct ConflictMessage {
    SharedBytes one;
    SharedBytes other;
};

SharedBytes encode(const GetHeaders& message);
SharedBytes encode(const GetProofs& message);
SharedBytes encode(const GetInclusion& message);
SharedBytes encode(const Inclusion& message);
SharedBytes encode(const GetBlock& message);
SharedBytes encode(const ConflictMessage& message);

// Errors: as those of the topic "sync".
Decoded<GetHeaders> decode_get_headers(Bytes message);
Decoded<GetProofs> decode_get_proofs(Bytes message);
Decoded<GetInclusion> decode_get_inclusion(Bytes message);
Decoded<Inclusion> decode_inclusion(const SharedBytes& message);
Decoded<GetBlock> decode_get_block(Bytes message);
Decoded<ConflictMessage> decode_conflict(const SharedBytes& message);

}  // namespace parley::chain::light
