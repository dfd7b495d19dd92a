// StateGate: Jobs read the state while the node's thread goes on; so what changes it waits until
// none does. A change that waits lets no new reader in, so that it waits for one Job at most.
// Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

namespace parley::chain {

class StateGate {
public:
    using Change = std::move_only_function<void(Now)>;

    /// True: a reader begins, and ends with end_read(). False: a change waits.
    [[nodiscard]] bool begin_read() {
        if (!changes_.empty()) return false;
        ++readers_;
        return true;
    }
    /// Makes the changes that waited, if this was the last reader.
    void end_read(Now now) {
        --readers_;
        make_changes(now);
    }
    /// Makes a change, now or after the last reader. Changes are made in order.
    void change(Now now, Change change) {
        changes_.push_back(std::move(change));
        make_changes(now);
    }

private:
    void make_changes(Now now) {
        // A change may ask for another one.
        while (readers_ == 0 && !is_changing_ && !changes_.empty()) {
            is_changing_ = true;
            changes_.front()(now);
            changes_.pop_front();
            is_changing_ = false;
        }
    }

    std::size_t readers_ = 0;
    bool is_changing_ = false;
    std::deque<Change> changes_;
};

}  // namespace parley::chain
