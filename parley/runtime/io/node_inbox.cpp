#include <parley/runtime/io/node_inbox.hpp>

#include <parley/runtime/clock.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace parley::runtime {

void NodeInbox::push(LinkEventBatch batch) {
    {
        const std::scoped_lock lock{mutex_};
        note_arrival();
        inputs_.batches.push_back(std::move(batch));
    }
    wake_if_asleep();
}

void NodeInbox::push(std::vector<Accepted> accepted) {
    {
        const std::scoped_lock lock{mutex_};
        note_arrival();
        std::ranges::move(accepted, std::back_inserter(inputs_.accepted));
    }
    wake_if_asleep();
}

void NodeInbox::push(Received received) {
    {
        const std::scoped_lock lock{mutex_};
        note_arrival();
        inputs_.received.push_back(std::move(received));
    }
    wake_if_asleep();
}

void NodeInbox::push(Job finished) {
    {
        const std::scoped_lock lock{mutex_};
        note_arrival();
        inputs_.finished.push_back(std::move(finished));
    }
    wake_if_asleep();
}

void NodeInbox::push(std::move_only_function<void(Now)> posted) {
    {
        const std::scoped_lock lock{mutex_};
        note_arrival();
        inputs_.posted.push_back(std::move(posted));
    }
    wake_if_asleep();
}

void NodeInbox::note_arrival() {
    if (inputs_.since == never) inputs_.since = monotonic_now();
    waits_ = true;
}

NodeInputs NodeInbox::take() {
    const std::scoped_lock lock{mutex_};
    if (spin_ > 0ns && waits_) taken_at_ = monotonic_now();
    waits_ = false;
    return std::exchange(inputs_, {});
}

bool NodeInbox::empty() {
    const std::scoped_lock lock{mutex_};
    return inputs_.empty();
}

bool NodeInbox::spin(Instant deadline) const {
    const Instant until = std::min(taken_at_ + spin_, deadline);
    while (!waits_) {
        if (monotonic_now() >= until) return false;
    }
    return true;
}

// A thread that pushes looks at asleep_ after it pushed; the sleeper looks at the inputs after it
// set asleep_. So one of the two sees the other.
void NodeInbox::wait_until(Instant deadline) {
    if (spin_ > 0ns && spin(deadline)) return;
    asleep_ = true;
    if (empty()) sleeper_->sleep_until(deadline);
    asleep_ = false;
}

}  // namespace parley::runtime
