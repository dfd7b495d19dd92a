// What nodes say to each other on the topic "sync": questions about blocks and the state, and their
// answers. docs/formats/sync.md.
//
// Each question has an id that its answer repeats. An answer may be shorter than what was asked,
// never longer. What decoding allows is bounded here; what is answered is bounded by the server.
// Threading: values and pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/uint256.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/transport/types.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace parley::chain::sync_topic {

inline constexpr transport::Code get_headers = 1;
inline constexpr transport::Code headers = 2;
inline constexpr transport::Code get_bodies = 3;
inline constexpr transport::Code bodies = 4;
inline constexpr transport::Code get_accounts = 5;
inline constexpr transport::Code accounts = 6;
inline constexpr transport::Code get_changes = 7;
inline constexpr transport::Code changes = 8;
inline constexpr transport::Code new_head = 13;  ///< ChainStatus, when the head moves
inline constexpr transport::Code new_block = 14;
inline constexpr transport::Code get_transactions = 15;
inline constexpr transport::Code transactions = 16;  ///< Items
// The gossip tree of new blocks; hashes as in the topic "tx" (docs/formats/gossip.md).
inline constexpr transport::Code block_announce = 17;
inline constexpr transport::Code block_graft = 18;
inline constexpr transport::Code block_prune = 19;
inline constexpr transport::Code block_missing = 20;

inline constexpr std::size_t locator_max = 64;                 ///< hashes in GetHeaders
inline constexpr std::size_t headers_max = 512;                ///< asked for, or in an answer
inline constexpr std::size_t bodies_max = 128;                 ///< as headers_max
inline constexpr std::size_t entries_max = 8192;               ///< accounts in an answer
inline constexpr std::size_t proof_nodes_max = 130;            ///< of two keys
inline constexpr std::size_t block_transactions_max = 65'536;  ///< of a NewBlock
inline constexpr std::size_t short_id_bytes = 6;
inline constexpr std::size_t answer_bytes_max = std::size_t{2} << 20;  ///< of any answer

/// Where the heartbeat says a peer's chain ends.
struct ChainStatus {
    std::uint64_t number = 0;
    Hash256 head{};
    Uint256 total_difficulty{};
    friend bool operator==(const ChainStatus&, const ChainStatus&) = default;
};

/// Headers from the first block of `from` that the server has.
struct GetHeaders {
    std::uint64_t id = 0;
    std::vector<Hash256> from;  ///< 1 to locator_max, the one wanted most first
    bool forwards = false;      ///< those that follow it in the main chain; else it and before it
    std::uint32_t count = 0;    ///< 1 to headers_max
    friend bool operator==(const GetHeaders&, const GetHeaders&) = default;
};

/// Items of one kind, as they stand in the message. None: the server has none of them.
struct Items {
    std::uint64_t id = 0;
    std::vector<SharedBytes> items;
    friend bool operator==(const Items& a, const Items& b);
};

/// Bodies by hash.
struct GetByHash {
    std::uint64_t id = 0;
    std::vector<Hash256> hashes;  ///< at least one, none twice
    friend bool operator==(const GetByHash&, const GetByHash&) = default;
};

/// A block without the transactions that the receiver has (compact_block.hpp).
struct NewBlock {
    struct Prefilled {
        std::uint32_t index = 0;  ///< in the block
        SharedBytes raw;
    };
    SharedBytes header;
    std::uint64_t salt = 0;  ///< of the short ids; random
    SharedBytes ids;         ///< short_id_bytes of each transaction that is not in `prefilled`
    std::vector<Prefilled> prefilled;  ///< ascending by index
    SharedBytes rest;                  ///< the body without its transactions
};

/// Transactions of a block, by their places.
struct GetTransactions {
    std::uint64_t id = 0;
    Hash256 block{};
    std::vector<std::uint32_t> indexes;  ///< at least one, ascending
    friend bool operator==(const GetTransactions&, const GetTransactions&) = default;
};

/// Accounts of the state after a block, by the hashes of their addresses.
struct GetAccounts {
    std::uint64_t id = 0;
    Hash256 block{};          ///< one of the last branch_depth_max of the server's
    Hash256 first{};          ///< from this key on
    Hash256 last{};           ///< up to the first key that is not below this one
    std::uint32_t bytes = 0;  ///< of keys and values, roughly; 1 to answer_bytes_max
    friend bool operator==(const GetAccounts&, const GetAccounts&) = default;
};

/// The accounts that are not the same after two blocks.
struct GetChanges {
    std::uint64_t id = 0;
    Hash256 from{};  ///< the block of which the asker knows them; as GetAccounts::block
    Hash256 to{};    ///< the block of which it wants them; as GetAccounts::block
    Hash256 first{};
    Hash256 last{};           ///< included
    std::uint32_t bytes = 0;  ///< as GetAccounts::bytes
    friend bool operator==(const GetChanges&, const GetChanges&) = default;
};

struct AccountEntry {
    Hash256 key{};
    SharedBytes value;  ///< encode_slim(); in an answer to GetChanges empty for who is not there
};
/// Without a proof: the server has not the state of that block.
struct Accounts {
    std::uint64_t id = 0;
    std::vector<AccountEntry> entries;  ///< ascending
    /// That these are all of them from the first key asked for on (trie::verify_range).
    std::vector<SharedBytes> proof;
};
struct Changes {
    std::uint64_t id = 0;
    Hash256 last{};                     ///< up to where these are all: the end asked for, or less
    std::vector<AccountEntry> entries;  ///< ascending
    /// Of the first key asked for and of `last` (trie::verify_between).
    std::vector<SharedBytes> proof;
};

SharedBytes encode(const ChainStatus& message);
SharedBytes encode(const GetHeaders& message);
SharedBytes encode(const Items& message);
SharedBytes encode(const GetByHash& message);
SharedBytes encode(const GetAccounts& message);
SharedBytes encode(const Accounts& message);
SharedBytes encode(const GetChanges& message);
SharedBytes encode(const Changes& message);
SharedBytes encode(const NewBlock& message);
SharedBytes encode(const GetTransactions& message);

// Errors of all: those of RLP, too_long above a bound, missing_item where at least one is needed,
// repeated_item for a hash that comes twice, wrong_size for a hash of another size. Items of an
// answer are not looked into, but for their RLP header.
template <class T>
using Decoded = Result<T, rlp::RlpError>;

Decoded<ChainStatus> decode_status(Bytes message);
Decoded<GetHeaders> decode_get_headers(Bytes message);
/// Of at most `items_max`, which share `message`.
Decoded<Items> decode_items(const SharedBytes& message, std::size_t items_max);
Decoded<GetByHash> decode_get_by_hash(Bytes message, std::size_t hashes_max);
Decoded<GetAccounts> decode_get_accounts(Bytes message);
Decoded<Accounts> decode_accounts(const SharedBytes& message);
Decoded<GetChanges> decode_get_changes(Bytes message);
Decoded<Changes> decode_changes(const SharedBytes& message);
/// Also: repeated_item for indexes that do not ascend, too_long for one beyond the block (expected:
/// transactions there are).
Decoded<NewBlock> decode_new_block(const SharedBytes& message);
/// Also: repeated_item for indexes that do not ascend.
Decoded<GetTransactions> decode_get_transactions(Bytes message);

}  // namespace parley::chain::sync_topic
