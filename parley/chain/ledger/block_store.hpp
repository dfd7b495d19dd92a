// BlockStore: all valid blocks: where each is in the log, which of them are the main chain, and
// where a transaction is in it. The last ones are also held in memory, with what each changed in
// the state, so that they can be taken back.
//
// The log is durable with each block; the tables follow in large steps, together with the state:
// what was not saved yet is in memory, and after a kill the log is read again from where the last
// save ended.
//
// Bounded: in memory are the blocks at most depth_max below the head, of all branches, and what was
// not saved. Threading: one thread; const members also on others while nothing else is called.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/ledger/block_log.hpp>
#include <parley/chain/state/state_changes.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::chain {

/// The tables of the blocks in a store; docs/formats/chain_store.md.
namespace block_table {
inline constexpr std::string_view blocks = "chain.blocks";
inline constexpr std::string_view main = "chain.main";
inline constexpr std::string_view transactions = "chain.transactions";
inline constexpr std::string_view undo = "chain.undo";
}  // namespace block_table

/// How far below the head a branch may leave the main chain.
inline constexpr std::uint64_t branch_depth_max = 128;

/// A block at most branch_depth_max below the head.
struct RecentBlock {
    ChainHeader header;
    LoggedBlock logged = {};    ///< of the header alone if there is no place
    LogPlace place = {};        ///< of no bytes: its state was fetched, and its body is not here
    StateChanges changes = {};  ///< against its parent's state; none if there is no place

    bool has_body() const { return place.size_bytes > 0; }
};

/// A block whose body is on disk alone, or not here.
struct KnownBlock {
    ChainHeader header;
    LogPlace place;  ///< as RecentBlock::place
};

/// Adds a header of the main chain whose block is not here to what is written.
void put_header(StoreBatch& batch, const ChainHeader& header);
/// The main chain does not go so far any more.
void erase_main(StoreBatch& batch, std::uint64_t number);
/// BlockStore::load_recent() will find this header as the first of all that are in memory.
void put_first_recent(StoreBatch& batch, const ChainHeader& header);

/// The way from the head to another block, over the block at which they part.
struct Route {
    std::vector<const RecentBlock*> back;     ///< the head first
    std::vector<const RecentBlock*> forward;  ///< in order

    /// What leads from the one state to the other, one after the other.
    std::vector<StateChanges> changes() const;
};

/// A transaction in the main chain.
struct TxPlace {
    std::uint64_t number = 0;  ///< of the block
    std::uint32_t index = 0;
    friend bool operator==(const TxPlace&, const TxPlace&) = default;
};

class BlockStore {
public:
    /// Both outlive it.
    BlockStore(Store& store, const BlockLog& log) : store_(store), log_(log) {}

    /// Null if it is not in memory. Valid until the next change.
    const RecentBlock* recent(const Hash256& hash) const;
    Result<std::optional<KnownBlock>, StoreError> find(const Hash256& hash) const;
    /// The hash of a block of the main chain; nothing above its head.
    Result<std::optional<Hash256>, StoreError> main(std::uint64_t number) const;
    /// False for what is not known, and if the disk fails.
    bool is_main(const Hash256& hash, std::uint64_t number) const;
    /// From the head to a block; nothing if not all of the way is in memory. Valid until the next
    /// change.
    std::optional<Route> route(const Hash256& head, const Hash256& target) const;
    /// A block whole, from memory or the log; nothing if its body is not here.
    Result<std::optional<LoggedBlock>, StoreError> read(const Hash256& hash) const;
    /// Where the main chain has a transaction.
    Result<std::optional<TxPlace>, StoreError> find_transaction(const Hash256& hash) const;

    /// A block that is in the log.
    void add(RecentBlock block);
    /// The blocks `back`, the head first, leave the main chain, and `forward` come, in order. All
    /// are in memory.
    void move_main(const std::vector<const RecentBlock*>& back,
                   const std::vector<const RecentBlock*>& forward);
    /// Lets go of what lies too far below the head.
    void forget_below(std::uint64_t head_number);

    /// Adds what must be written to `batch`; as State::begin_save. Returns what is written before
    /// it, in order, each at most `rows_max` rows of transactions: a store may hold a page in
    /// memory for each row of one batch. They may be written again, and speak of what is in the
    /// log.
    std::vector<StoreBatch> begin_save(StoreBatch& batch, std::size_t rows_max);
    void end_save() { saving_ = {}; }
    /// Reads the blocks back that lie at most branch_depth_max below `head_number`.
    Result<void, StoreError> load_recent(std::uint64_t head_number);

private:
    /// Nothing: no longer in the main chain. By hash.
    using TxRows = std::vector<std::pair<Hash256, std::optional<TxPlace>>>;
    struct Unsaved {
        std::map<Hash256, KnownBlock> blocks;
        std::map<std::uint64_t, std::optional<Hash256>> main;
        std::vector<TxRows> transactions;  // of one block each; of two the later one counts
        std::map<Hash256, bool> undo;      // of a recent block to be written, or one to be erased
    };
    void set_transactions(const RecentBlock& block, bool is_main);
    const std::optional<TxPlace>* find_unsaved(const Hash256& transaction) const;
    std::vector<StoreBatch> save_transactions(std::size_t rows_max) const;

    Store& store_;
    const BlockLog& log_;
    std::map<Hash256, RecentBlock> recent_;
    Unsaved unsaved_;
    Unsaved saving_;  // older
};

}  // namespace parley::chain
