// NodeThread: how other threads reach the node's. It outlives the node: calls posted then are
// dropped. Whoever drives the node binds it for as long as it runs.
// Threading: any.
#pragma once

#include <parley/base/time.hpp>

#include <functional>
#include <mutex>
#include <utility>

namespace parley::transport {

class NodeThread {
public:
    using Call = std::move_only_function<void(Now)>;
    using Sink = std::function<void(Call)>;

    /// Runs `call` on the node's thread, soon, in the order of posting. False if the node does not
    /// run; the call is then dropped. The caller bounds how many wait.
    bool post(Call call) {
        const std::lock_guard lock{mutex_};
        if (!sink_) return false;
        sink_(std::move(call));
        return true;
    }
    /// For the driver; an empty sink ends it.
    void bind(Sink sink) {
        const std::lock_guard lock{mutex_};
        sink_ = std::move(sink);
    }

private:
    std::mutex mutex_;
    Sink sink_;
};

}  // namespace parley::transport
