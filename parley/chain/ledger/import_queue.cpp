#include <parley/chain/ledger/import_queue.hpp>

#include <algorithm>
#include <span>
#include <utility>

namespace parley::chain {

struct ImportQueue::Check {
    std::shared_ptr<ChainParts> parts;
    std::shared_ptr<WaitingBlock> waiting;
    bool of_block = false;  // header and roots; else the senders of some transactions
    std::size_t first = 0;
    std::size_t count = 0;
    Result<std::vector<Address>, InvalidBlock> result = {};

    void run() {
        if (of_block) {
            auto checked =
                check_block(*parts->engine, waiting->block, waiting->parent, waiting->fork);
            if (!checked) result = std::unexpected{std::move(checked.error())};
            return;
        }
        const std::span all{waiting->block.body.transactions};
        result =
            recover_senders(*parts->execution, all.subspan(first, count), first, waiting->fork);
    }
};

ImportQueue::ImportQueue(ImportQueueConfig config, std::shared_ptr<ChainParts> parts,
                         JobQueue& jobs)
    : config_(config),
      parts_(std::move(parts)),
      jobs_(jobs),
      self_(std::make_shared<ImportQueue*>(this)) {}

ImportQueue::~ImportQueue() {
    *self_ = nullptr;
}

const WaitingBlock* ImportQueue::find(const Hash256& hash) const {
    const auto found =
        std::ranges::find(blocks_, hash, [](const auto& block) { return block->header.hash; });
    return found == blocks_.end() ? nullptr : found->get();
}

WaitingBlock* ImportQueue::find(const Hash256& hash) {
    const auto found =
        std::ranges::find(blocks_, hash, [](const auto& block) { return block->header.hash; });
    return found == blocks_.end() ? nullptr : found->get();
}

Result<void, BranchError> ImportQueue::push(WaitingBlock block) {
    if (blocks_.size() >= config_.blocks_max) {
        return fail(BranchErrc::busy, config_.blocks_max, blocks_.size() + 1);
    }
    if (bytes_ + block.size_bytes > config_.bytes_max) {
        return fail(BranchErrc::busy, config_.bytes_max, bytes_ + block.size_bytes);
    }
    bytes_ += block.size_bytes;
    const auto waiting = std::make_shared<WaitingBlock>(std::move(block));
    const auto add_check = [&](bool of_block, std::size_t first, std::size_t count) {
        checks_.push_back(
            std::make_shared<Check>(Check{parts_, waiting, of_block, first, count, {}}));
        ++waiting->checks_left;
    };
    add_check(true, 0, 0);
    const auto count = waiting->block.body.transactions.size();
    if (waiting->senders.size() != count) {
        waiting->senders.assign(count, Address{});
        for (std::size_t first = 0; first < count; first += config_.senders_per_job) {
            add_check(false, first, std::min(config_.senders_per_job, count - first));
        }
    }
    blocks_.push_back(waiting);
    return {};
}

bool ImportQueue::start_checks() {
    while (!checks_.empty() && checks_under_way_ < config_.checks_max) {
        const auto check = checks_.front();
        const bool submitted = jobs_.submit({[check] { check->run(); },
                                             [check, self = self_](Now now) {
                                                 if (*self) (*self)->finish(now, *check);
                                             }});
        if (!submitted) return false;
        checks_.pop_front();
        ++checks_under_way_;
    }
    return true;
}

void ImportQueue::finish(Now now, Check& check) {
    auto& waiting = *check.waiting;
    --waiting.checks_left;
    --checks_under_way_;
    if (check.result) {
        std::ranges::copy(*check.result,
                          waiting.senders.begin() + static_cast<std::ptrdiff_t>(check.first));
    } else if (!waiting.invalid || check.result.error().rule < waiting.invalid->rule ||
               check.result.error().index < waiting.invalid->index) {
        waiting.invalid = std::move(check.result.error());
    }
    on_checked_(now);
}

std::shared_ptr<WaitingBlock> ImportQueue::checked_front() const {
    if (blocks_.empty() || blocks_.front()->checks_left > 0) return nullptr;
    return blocks_.front();
}

void ImportQueue::pop() {
    bytes_ -= blocks_.front()->size_bytes;
    blocks_.pop_front();
}

}  // namespace parley::chain
