#include <parley/chain/producer/producer.hpp>

#include <parley/base/secret_bytes.hpp>
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/types/fees.hpp>
#include <parley/chain/types/header_time.hpp>

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

namespace parley::chain {
namespace {

/// After which a block that could not be begun is tried again.
constexpr Duration retry_making_after = std::chrono::milliseconds{100};

}  // namespace

Producer::Producer(ProducerConfig config, std::shared_ptr<const Execution> execution,
                   std::shared_ptr<const Engine> engine, Ledger& ledger, Pick pick, Import import,
                   Log& log)
    : config_(config),
      ledger_(ledger),
      maker_(std::move(execution), std::move(engine), ledger),
      pick_(std::move(pick)),
      import_(std::move(import)),
      log_(log),
      self_(std::make_shared<Producer*>(this)) {
    assert(config_.interval >= std::chrono::seconds{1});
}

Producer::~Producer() {
    *self_ = nullptr;
    wipe(config_.secret);
}

void Producer::on_timer(Now now) {
    if (is_making_ || now.instant < next_at_) return;
    next_at_ = now.instant + config_.interval;
    const auto& head = ledger_.head().header;
    auto picked = pick_(next_base_fee(head), head.gas_limit);
    if (picked.empty() && !config_.makes_empty_blocks) return;
    BlockPlan plan;
    plan.timestamp = header_time(now.unix_time);
    plan.beneficiary = config_.beneficiary;
    plan.gas_limit_aim = config_.gas_limit_aim;
    plan.bytes_max = config_.block_bytes_max;
    is_making_ = maker_.make(
        now, std::move(plan), std::move(picked),
        [secret = SecretBytes{config_.secret}](Header& header) {
            auto key = array_of<32>(secret.bytes());
            solo_seal(header, key);
            wipe(key);
        },
        [self = self_](Now at, Result<BlockDraft, trie::TrieError> made) {
            if (*self) (*self)->on_made(at, std::move(made));
        });
    if (!is_making_) next_at_ = now.instant + retry_making_after;
}

void Producer::on_made(Now now, Result<BlockDraft, trie::TrieError> result) {
    if (!result) {
        is_making_ = false;
        ++counters_.failed;
        log_.write(LogLevel::error, "producer", "cannot make a block",
                   {{"error", message(result.error())}});
        return;
    }
    for (const auto& [hash, why] : result->refused) {
        if (on_refused_) on_refused_(now, hash, why);
    }
    auto& made = result->made;
    const auto count = made.block.body.transactions.size();
    const auto number = made.block.header.number;
    auto block = std::move(made.block);
    import_(
        now, std::move(block),
        [self = self_, number, count](Now, const Result<Imported, ImportError>& imported) {
            if (!*self) return;
            auto& producer = **self;
            producer.is_making_ = false;
            if (imported) {
                ++producer.counters_.made;
                producer.log_.write(LogLevel::debug, "producer", "block made",
                                    {{"number", number}, {"transactions", count}});
                return;
            }
            ++producer.counters_.failed;
            producer.log_.write(LogLevel::error, "producer", "own block refused",
                                {{"number", number}, {"error", message(imported.error())}});
        },
        std::move(made).executed_block());
}

}  // namespace parley::chain
