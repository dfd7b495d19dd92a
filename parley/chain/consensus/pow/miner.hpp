// Miner: makes blocks by work, for whoever looks for nonces: a NonceSearch of its own, and outside
// miners, who fetch the work and hand in what they found.
//
// There is one present piece of work, a block on the head that lacks nothing but its nonce. Another
// one is made at once when the head moves, and for what came into the pool at most every few
// seconds. The last ones are kept, so that a nonce is not lost that was found for the work of a
// moment ago, as long as that is on the head. What was found for another head is stale.
//
// No work is made on a head whose time is far ahead of the own clock, which others would not take
// yet, nor while blocks are missing.
//
// Bounded: offers_max blocks, one that is being made. Threading: the node's thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/consensus/pow/hash_rates.hpp>
#include <parley/chain/consensus/pow/nonce_search.hpp>
#include <parley/chain/consensus/pow/proof_of_work.hpp>
#include <parley/chain/consensus/pow/work.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/producer/block_maker.hpp>
#include <parley/events/log.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace parley::chain {

struct MinerConfig {
    Address beneficiary = {};  ///< gets reward and fees
    std::uint64_t gas_limit_aim = 30'000'000;
    std::size_t block_bytes_max = std::size_t{2} << 20;
    Duration refresh = std::chrono::seconds{3};   ///< between two looks at the pool
    Duration age_max = std::chrono::seconds{15};  ///< of work, so that its time is about right
};

/// What became of a nonce that was handed in.
enum class Submitted : std::uint8_t {
    good,     ///< the block is on its way into the ledger
    unknown,  ///< no such work was given out lately
    stale,    ///< the head has moved since, or the block was found already
    wrong,    ///< the hash is above the boundary
};

class Miner {
public:
    static constexpr std::size_t offers_max = 8;
    /// A head may be so much ahead of the own clock: less than others allow.
    static constexpr Duration head_ahead_max = std::chrono::seconds{10};

    struct Chain {
        std::shared_ptr<const Execution> execution;
        std::shared_ptr<const ProofOfWork> engine;
        Ledger& ledger;  ///< outlives it
        /// The best transactions for a block of this base fee and gas limit.
        std::function<std::vector<Picked>(const Uint256& base_fee, std::uint64_t gas_max)> pick;
        /// Where a block goes that was found, as Ledger::import: to the ledger, and to peers.
        std::function<void(Now, Block, ImportDone, ExecutedBlock)> import;
        /// Whether there is any use in work on the head.
        std::function<bool(Now)> is_ready = [](Now) { return true; };
        /// Told of each transaction that could not be executed at its place, and why.
        std::function<void(const Hash256&, const ExecutionError&)> on_refused = [](const auto&,
                                                                                   const auto&) {};
    };

    /// Without `search` there are outside miners alone.
    Miner(const MinerConfig& config, Chain chain, std::shared_ptr<NonceSearch> search, Log& log);
    ~Miner();
    Miner(const Miner&) = delete;
    Miner& operator=(const Miner&) = delete;

    /// The head moved: what is under way is dropped at once.
    void on_head(Now now);
    /// Also whenever the search has found something.
    void on_timer(Now now);
    Instant next_wakeup() const;

    /// Null if there is none yet.
    std::shared_ptr<const Work> work() const;
    Submitted submit(Now now, const Solution& solution);

    const Address& beneficiary() const { return config_.beneficiary; }
    /// Of outside miners.
    HashRates& outside_rates() { return outside_rates_; }
    /// Of the own search.
    double own_rate() const { return search_ ? search_->rate() : 0; }

    struct Counters {
        std::uint64_t offered = 0;  ///< pieces of work
        std::uint64_t found = 0;    ///< blocks, imported as the head
        std::uint64_t stale = 0, unknown = 0, wrong = 0;
        std::uint64_t failed = 0;  ///< blocks that could not be made or imported
    };
    const Counters& counters() const { return counters_; }

private:
    struct Offer {
        std::shared_ptr<const Work> work;
        Hash256 parent{};
        Block block;
        ExecutedBlock known;
        Instant made{};
    };

    bool is_on_head() const;
    void make(Now now);
    void on_made(Now now, Result<BlockDraft, trie::TrieError> result);
    void import(Now now, Offer offer, const Solution& solution);
    void on_imported(Now now, std::uint64_t number, const Hash256& hash,
                     const Result<Imported, ImportError>& result);

    MinerConfig config_;
    Chain chain_;
    BlockMaker maker_;
    std::shared_ptr<NonceSearch> search_;
    Log& log_;
    std::deque<Offer> offers_;       // the present one last
    std::optional<Hash256> solved_;  // the head, if the block after it was found
    std::vector<Picked> picked_;     // for the present work
    Instant next_at_{};
    bool is_making_ = false;
    HashRates outside_rates_;
    Counters counters_;
    std::shared_ptr<Miner*> self_;  // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain
