#include <parley/runtime/http/outbox.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace parley::runtime {

void Outbox::notify(std::string text) {
    {
        const std::scoped_lock lock{mutex_};
        if (ended_) return;
        if (missed_ > 0 || text.size() > bytes_max_ - bytes_) {
            ++missed_;
        } else {
            bytes_ += text.size();
            (holding_ ? held_ : ready_).push_back(std::move(text));
        }
        if (std::exchange(waking_, true)) return;
    }
    gate_->post(wake_);
}

void Outbox::hold_until_replied() {
    const std::scoped_lock lock{mutex_};
    holding_ = true;
}

bool Outbox::has_ended() const {
    const std::scoped_lock lock{mutex_};
    return ended_;
}

std::vector<std::string> Outbox::take() {
    const std::scoped_lock lock{mutex_};
    waking_ = false;
    return std::exchange(ready_, {});
}

void Outbox::release() {
    const std::scoped_lock lock{mutex_};
    holding_ = false;
    std::ranges::move(std::exchange(held_, {}), std::back_inserter(ready_));
}

void Outbox::note_written(std::size_t bytes) {
    const std::scoped_lock lock{mutex_};
    bytes_ -= bytes;
}

std::uint64_t Outbox::missed() const {
    const std::scoped_lock lock{mutex_};
    return missed_;
}

void Outbox::end() {
    const std::scoped_lock lock{mutex_};
    ended_ = true;
    ready_.clear();
    held_.clear();
}

}  // namespace parley::runtime
