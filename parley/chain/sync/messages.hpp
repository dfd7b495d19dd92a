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
#include <parley/chain/trie/nibbles.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/transport/types.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace parley::chain::sync_topic {

inline constexpr transport::Code get_headers = 1;
inline constexpr transport::Code headers = 2;
inline constexpr transport::Code get_bodies = 3;
inline constexpr transport::Code bodies = 4;
inline constexpr transport::Code get_accounts = 5;
inline constexpr transport::Code accounts = 6;
inline constexpr transport::Code get_slots = 7;
inline constexpr transport::Code slots = 8;
inline constexpr transport::Code get_code = 9;
inline constexpr transport::Code code = 10;
inline constexpr transport::Code get_nodes = 11;
inline constexpr transport::Code nodes = 12;
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
inline constexpr std::size_t entries_max = 8192;               ///< accounts or slots in an answer
inline constexpr std::size_t nodes_max = 512;                  ///< as headers_max; also of a proof
inline constexpr std::size_t codes_max = 64;                   ///< as headers_max
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

/// Bodies or code by hash.
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

/// Accounts of the state, or slots of an account's storage, at the server's head.
struct GetRange {
    std::uint64_t id = 0;
    std::optional<Hash256> account;  ///< by its hash: whose slots; nothing: accounts
    Hash256 origin{};                ///< from this key on
    Hash256 limit{};                 ///< up to the first key that is not below this one
    std::uint32_t bytes = 0;         ///< of keys and values, roughly; 1 to answer_bytes_max
    friend bool operator==(const GetRange&, const GetRange&) = default;
};

struct RangeEntry {
    Hash256 key{};
    SharedBytes value;  ///< as the trie has it
};
struct Range {
    std::uint64_t id = 0;
    Hash256 block{};  ///< whose state this is
    std::vector<RangeEntry> entries;
    /// That these are all of them from the origin on (trie::verify_range).
    std::vector<SharedBytes> proof;
    /// Of slots: of the account. Empty for accounts.
    std::vector<SharedBytes> account_proof;
};

/// A node of the state's trie, or of an account's storage, by its place.
struct NodePlace {
    std::optional<Hash256> owner;  ///< as StateNodes::node
    trie::Nibbles path;
    friend bool operator==(const NodePlace&, const NodePlace&) = default;
};
struct GetNodes {
    std::uint64_t id = 0;
    std::vector<NodePlace> places;  ///< 1 to nodes_max
    friend bool operator==(const GetNodes&, const GetNodes&) = default;
};
/// In the order of the question; an empty one: there is none at this place.
struct Nodes {
    std::uint64_t id = 0;
    Hash256 block{};  ///< whose state this is
    std::vector<SharedBytes> nodes;
};

SharedBytes encode(const ChainStatus& message);
SharedBytes encode(const GetHeaders& message);
SharedBytes encode(const Items& message);
SharedBytes encode(const GetByHash& message);
SharedBytes encode(const GetRange& message);
SharedBytes encode(const Range& message);
SharedBytes encode(const GetNodes& message);
SharedBytes encode(const Nodes& message);
SharedBytes encode(const NewBlock& message);
SharedBytes encode(const GetTransactions& message);

// Errors of all: those of RLP, too_long above a bound, missing_item where at least one is needed,
// repeated_item for a hash that comes twice, wrong_size for a hash of another size or a path that
// is none. Items of an answer are not looked into, but for their RLP header.
template <class T>
using Decoded = Result<T, rlp::RlpError>;

Decoded<ChainStatus> decode_status(Bytes message);
Decoded<GetHeaders> decode_get_headers(Bytes message);
/// Of at most `items_max`, which share `message`.
Decoded<Items> decode_items(const SharedBytes& message, std::size_t items_max);
Decoded<GetByHash> decode_get_by_hash(Bytes message, std::size_t hashes_max);
Decoded<GetRange> decode_get_range(Bytes message);
Decoded<Range> decode_range(const SharedBytes& message);
Decoded<GetNodes> decode_get_nodes(Bytes message);
Decoded<Nodes> decode_nodes(const SharedBytes& message);
/// Also: repeated_item for indexes that do not ascend, too_long for one beyond the block (expected:
/// transactions there are).
Decoded<NewBlock> decode_new_block(const SharedBytes& message);
/// Also: repeated_item for indexes that do not ascend.
Decoded<GetTransactions> decode_get_transactions(Bytes message);

}  // namespace parley::chain::sync_topic
