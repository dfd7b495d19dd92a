#include <parley/chain/consensus/pow/miner.hpp>

#include <parley/base/endian.hpp>
#include <parley/chain/types/fees.hpp>
#include <parley/chain/types/header_time.hpp>

#include <algorithm>
#include <utility>

namespace parley::chain {
namespace {

/// After which a block that could not be begun is tried again.
constexpr Duration retry_work_after = std::chrono::milliseconds{100};
/// Between two looks at whether there may be work now.
constexpr Duration look_again_after = std::chrono::seconds{1};

/// Whether it is the same transactions; those of a pool share their bytes.
bool is_same(const std::vector<Picked>& a, const std::vector<Picked>& b) {
    return std::ranges::equal(a, b, [](const Picked& x, const Picked& y) {
        return x.raw.view().data() == y.raw.view().data();
    });
}

}  // namespace

Miner::Miner(const MinerConfig& config, Chain chain, std::shared_ptr<NonceSearch> search, Log& log)
    : config_(config),
      chain_(std::move(chain)),
      maker_(chain_.execution, chain_.engine, chain_.ledger),
      search_(std::move(search)),
      log_(log),
      self_(std::make_shared<Miner*>(this)) {}

Miner::~Miner() {
    *self_ = nullptr;
    if (search_) search_->stop();
}

/// The present work.
bool Miner::is_on_head() const {
    return !offers_.empty() && offers_.back().parent == chain_.ledger.head().hash;
}

std::shared_ptr<const Work> Miner::work() const {
    return is_on_head() && solved_ != offers_.back().parent ? offers_.back().work : nullptr;
}

Instant Miner::next_wakeup() const {
    const auto found = search_ ? search_->next_wakeup() : never;
    return is_making_ ? found : std::min(found, next_at_);
}

void Miner::on_head(Now now) {
    if (!is_on_head() && search_) search_->stop();
    next_at_ = now.instant;
    on_timer(now);
}

void Miner::on_timer(Now now) {
    if (search_) {
        for (const auto& solution : search_->take(now)) (void)submit(now, solution);
    }
    if (is_making_ || now.instant < next_at_) return;
    const auto& head = chain_.ledger.head();
    const auto ahead_max_s = std::chrono::floor<std::chrono::seconds>(head_ahead_max).count();
    const bool is_early = head.header.timestamp >=
                          header_time(now.unix_time) + static_cast<std::uint64_t>(ahead_max_s);
    if (solved_ == head.hash || is_early || !chain_.is_ready(now)) {
        next_at_ = now.instant + look_again_after;
        return;
    }
    make(now);
}

void Miner::make(Now now) {
    const auto& head = chain_.ledger.head().header;
    auto picked = chain_.pick(next_base_fee(head), head.gas_limit);
    next_at_ = now.instant + config_.refresh;
    const bool is_fresh = is_on_head() && now.instant - offers_.back().made < config_.age_max;
    if (is_fresh && is_same(picked, picked_)) return;
    picked_ = picked;
    BlockPlan plan;
    plan.timestamp = header_time(now.unix_time);
    plan.beneficiary = config_.beneficiary;
    plan.gas_limit_aim = config_.gas_limit_aim;
    plan.bytes_max = config_.block_bytes_max;
    is_making_ = maker_.make(
        now, std::move(plan), std::move(picked), [](Header&) {},
        [self = self_](Now at, Result<BlockDraft, trie::TrieError> made) {
            if (*self) (*self)->on_made(at, std::move(made));
        });
    if (!is_making_) next_at_ = now.instant + retry_work_after;
}

void Miner::on_made(Now now, Result<BlockDraft, trie::TrieError> result) {
    is_making_ = false;
    if (!result) {
        ++counters_.failed;
        log_.write(LogLevel::error, "miner", "cannot make a block",
                   {{"error", message(result.error())}});
        return;
    }
    for (const auto& [hash, why] : result->refused) chain_.on_refused(hash, why);
    if (result->parent.hash != chain_.ledger.head().hash) {
        next_at_ = now.instant;
        return on_timer(now);
    }
    auto& made = result->made;
    const auto boundary = chain_.engine->target_after(result->parent);
    auto work = std::make_shared<const Work>(work_of(made.block.header, boundary));
    auto block = std::move(made.block);
    offers_.push_back({work, result->parent.hash, std::move(block),
                       std::move(made).executed_block(), now.instant});
    if (offers_.size() > offers_max) offers_.pop_front();
    ++counters_.offered;
    if (search_ && solved_ != result->parent.hash) search_->begin(now, std::move(work));
}

Submitted Miner::submit(Now now, const Solution& solution) {
    const auto offer = std::ranges::find_if(
        offers_, [&](const Offer& one) { return one.work->name == solution.work; });
    if (offer == offers_.end()) {
        ++counters_.unknown;
        return Submitted::unknown;
    }
    if (hash_of(*offer->work, solution) > offer->work->boundary) {
        ++counters_.wrong;
        return Submitted::wrong;
    }
    const auto& head = chain_.ledger.head().hash;
    if (offer->parent != head || solved_ == head) {
        ++counters_.stale;
        return Submitted::stale;
    }
    solved_ = head;
    if (search_) search_->stop();
    import(now, *offer, solution);
    return Submitted::good;
}

void Miner::import(Now now, Offer offer, const Solution& solution) {
    auto& header = offer.block.header;
    header.mix_hash = solution.mix_hash;
    store_be(MutableBytes{header.nonce}, solution.nonce);
    const auto number = header.number;
    const auto hash = header.hash();
    chain_.import(
        now, std::move(offer.block),
        [self = self_, number, hash](Now at, const Result<Imported, ImportError>& imported) {
            if (*self) (*self)->on_imported(at, number, hash, imported);
        },
        std::move(offer.known));
}

void Miner::on_imported(Now now, std::uint64_t number, const Hash256& hash,
                        const Result<Imported, ImportError>& result) {
    if (!result) {
        ++counters_.failed;
        log_.write(LogLevel::error, "miner", "own block refused",
                   {{"number", number}, {"error", message(result.error())}});
        // Not the same again.
        offers_.clear();
        solved_.reset();
        next_at_ = now.instant + look_again_after;
        return;
    }
    if (result->applied.empty()) {  // another block was there first
        ++counters_.stale;
        return;
    }
    ++counters_.found;
    log_.write(LogLevel::info, "miner", "block found",
               {{"number", number}, {"hash", "0x" + to_hex(hash)}});
}

}  // namespace parley::chain
