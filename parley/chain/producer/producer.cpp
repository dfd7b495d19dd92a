#include <parley/chain/producer/producer.hpp>

#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/types/fees.hpp>

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

namespace parley::chain {
namespace {

/// After which a block that could not be begun is tried again.
constexpr Duration retry_making_after = std::chrono::milliseconds{100};

}  // namespace

struct Producer::Making {
    std::shared_ptr<const Execution> execution;
    std::shared_ptr<const Engine> engine;
    BlockPlan plan;
    ByteArray<32> secret;
    std::vector<Picked> picked;
    std::optional<Result<MadeBlock, trie::TrieError>> made = {};
    std::vector<std::pair<Hash256, ExecutionError>> refused = {};

    void run(const ChainHeader& head, const State& state) {
        std::vector<Candidate> candidates;
        candidates.reserve(picked.size());
        for (auto& [raw, sender] : picked) {
            auto tx = decode_transaction(std::move(raw));
            if (tx) candidates.push_back({std::move(*tx), sender});
        }
        plan.timestamp = std::max(plan.timestamp, head.header.timestamp + 1);
        made =
            make_block(*execution, *engine, head, plan, candidates, {state, state, state.root()});
        if (!*made) return;
        for (auto& [index, why] : (*made)->refused) {
            refused.emplace_back(candidates[index].tx.hash, std::move(why));
        }
        solo_seal((*made)->block.header, secret);
    }
};

Producer::Producer(ProducerConfig config, std::shared_ptr<const Execution> execution,
                   std::shared_ptr<const Engine> engine, Ledger& ledger, Pick pick, Import import,
                   Log& log)
    : config_(std::move(config)),
      execution_(std::move(execution)),
      engine_(std::move(engine)),
      ledger_(ledger),
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
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now.unix_time.time_since_epoch());
    BlockPlan plan;
    plan.timestamp = static_cast<std::uint64_t>(std::max<std::int64_t>(seconds.count(), 0));
    plan.beneficiary = config_.beneficiary;
    plan.gas_limit_aim = config_.gas_limit_aim;
    plan.bytes_max = config_.block_bytes_max;
    const auto making = std::make_shared<Making>(
        Making{execution_, engine_, std::move(plan), config_.secret, std::move(picked)});
    is_making_ = ledger_.read_state(now, {[making](const ChainHeader& at, const ChainParts& chain) {
                                              making->run(at, chain.state);
                                          },
                                          [making, self = self_](Now at) {
                                              wipe(making->secret);
                                              if (*self) (*self)->on_made(at, *making);
                                          }});
    if (!is_making_) next_at_ = now.instant + retry_making_after;
}

void Producer::on_made(Now now, Making& making) {
    if (!*making.made) {
        is_making_ = false;
        ++counters_.failed;
        log_.write(LogLevel::error, "producer", "cannot make a block",
                   {{"error", message(making.made->error())}});
        return;
    }
    for (const auto& [hash, why] : making.refused) {
        if (on_refused_) on_refused_(now, hash, why);
    }
    auto& made = **making.made;
    const auto count = made.block.body.transactions.size();
    const auto number = made.block.header.number;
    import_(
        now, std::move(made.block),
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
        std::move(made.senders));
}

}  // namespace parley::chain
