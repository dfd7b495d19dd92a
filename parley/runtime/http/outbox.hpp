// Outbox: the notifications of one connection between whoever makes them and the server's thread,
// which writes them. Who does not read fast enough gets what there was room for, and the number of
// those that there was none for.
// Bounded: the bytes that are not written yet. Threading: see each function.
#pragma once

#include <parley/rpc/session.hpp>
#include <parley/runtime/http/connection.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace parley::runtime {

class Outbox final : public rpc::Session {
public:
    /// `wake` is called on the server's thread after there is something new.
    Outbox(std::size_t bytes_max, std::shared_ptr<ReplyGate> gate, std::function<void()> wake)
        : bytes_max_(bytes_max), gate_(std::move(gate)), wake_(std::move(wake)) {}

    void notify(std::string text) override;
    void hold_until_replied() override;
    bool has_ended() const override;

    // The server's thread.
    /// What is to be written now, in order.
    std::vector<std::string> take();
    /// The request under way was replied to: what was held is to be written now.
    void release();
    /// So many bytes of what was taken have been written.
    void note_written(std::size_t bytes);
    /// How many had no room.
    std::uint64_t missed() const;
    /// The connection has ended.
    void end();

private:
    const std::size_t bytes_max_;
    const std::shared_ptr<ReplyGate> gate_;
    const std::function<void()> wake_;
    mutable std::mutex mutex_;
    std::vector<std::string> ready_;
    std::vector<std::string> held_;  // for the reply to the request under way
    std::size_t bytes_ = 0;          // not written yet
    std::uint64_t missed_ = 0;
    bool holding_ = false;
    bool waking_ = false;  // a call of wake_ is on its way
    bool ended_ = false;
};

}  // namespace parley::runtime
