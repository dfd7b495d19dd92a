// Producer: makes blocks at a steady interval, of the best that the pool has, for the one signer of
// a chain (Solo).
//
// A block is made in a Job, then imported as any other. While that lasts the next one is not begun.
// Bounded: one block at a time. Threading: the node's thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/producer/block_maker.hpp>
#include <parley/chain/types/transaction.hpp>
#include <parley/events/log.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace parley::chain {

struct ProducerConfig {
    ByteArray<32> secret = {};                    ///< of the signer
    Address beneficiary = {};                     ///< gets the fees
    Duration interval = std::chrono::seconds{2};  ///< at least a second
    bool makes_empty_blocks = true;
    std::uint64_t gas_limit_aim = 30'000'000;
    std::size_t block_bytes_max = std::size_t{2} << 20;
};

class Producer {
public:
    /// The best transactions for a block of this base fee and gas limit, as TxPool::best has them.
    using Pick = std::function<std::vector<Picked>(const Uint256& base_fee, std::uint64_t gas_max)>;

    /// Told of each that could not be executed at its place, and why.
    using OnRefused = std::function<void(Now, const Hash256& hash, const ExecutionError& why)>;
    void on_refused(OnRefused call) { on_refused_ = std::move(call); }

    /// Where a block goes that was made, as Ledger::import: to the ledger, and to peers.
    using Import = std::function<void(Now, Block block, ImportDone done, ExecutedBlock known)>;

    /// `ledger` outlives it.
    Producer(ProducerConfig config, std::shared_ptr<const Execution> execution,
             std::shared_ptr<const Engine> engine, Ledger& ledger, Pick pick, Import import,
             Log& log);
    ~Producer();
    Producer(const Producer&) = delete;
    Producer& operator=(const Producer&) = delete;

    void on_timer(Now now);
    Instant next_wakeup() const { return is_making_ ? never : next_at_; }

    struct Counters {
        std::uint64_t made = 0, failed = 0;
    };
    const Counters& counters() const { return counters_; }

private:
    void on_made(Now now, Result<BlockDraft, trie::TrieError> result);

    ProducerConfig config_;
    Ledger& ledger_;
    BlockMaker maker_;
    Pick pick_;
    Import import_;
    OnRefused on_refused_;
    Log& log_;
    Instant next_at_{};
    bool is_making_ = false;
    Counters counters_;
    std::shared_ptr<Producer*> self_;  // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain
