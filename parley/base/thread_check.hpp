// ThreadCheck: whether a call comes from the thread that it belongs to. In release builds
// (NDEBUG) it says that all do and costs nothing.
#pragma once

#include <atomic>
#include <thread>

namespace parley {

class ThreadCheck {
public:
    /// The thread that belongs is the calling one, until the next call of this.
    void here() {
#ifndef NDEBUG
        // layer-check: allow(thread) only its ID is asked for
        owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
#endif
    }
    /// True on any other thread than the one that belongs, if there is one yet.
    bool is_elsewhere() const {
#ifndef NDEBUG
        const auto owner = owner_.load(std::memory_order_relaxed);
        // layer-check: allow(thread) only its ID is asked for
        return owner != std::thread::id{} && owner != std::this_thread::get_id();
#else
        return false;
#endif
    }

private:
    // Also in release builds, so that both have the same layout.
    // layer-check: allow(thread) an ID, no thread
    std::atomic<std::thread::id> owner_{};
};

}  // namespace parley
