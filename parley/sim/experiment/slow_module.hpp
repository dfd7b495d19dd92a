// SlowModule: a module that sends all the time and, on some hosts, does not keep up: it holds the
// messages that it receives. Its lane must stall alone.
#pragma once

#include <parley/transport/module.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>

namespace parley::sim {

class SlowModule final : public transport::PeerHandler {
public:
    explicit SlowModule(bool slow) : slow_(slow) {}

    transport::TopicSpec topic() const override {
        return {.name = "slow",
                .version = 1,
                .priority = transport::Priority::blocks,
                .message_bytes_max = 8 * 1024,
                .window_bytes = 64 * 1024,
                .send_budget_bytes = 64 * 1024};
    }
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override {
        return std::make_unique<Peer>(*this, context);
    }

    bool slow() const { return slow_; }
    /// Messages that it holds, bounded by the lanes' windows.
    std::size_t held() const { return held_; }
    /// Messages from the peer that has sent the most.
    std::size_t most_heard() const { return most_heard_; }

private:
    class Peer final : public transport::TopicHandler {
    public:
        Peer(SlowModule& owner, transport::Context& context) : owner_(owner), context_(context) {
            on_writable();
        }
        ~Peer() override { owner_.held_ -= kept_.size(); }
        Peer(const Peer&) = delete;
        Peer& operator=(const Peer&) = delete;

        Result<void, transport::Offence> handle(transport::Code,
                                                transport::Message message) override {
            owner_.most_heard_ = std::max(owner_.most_heard_, ++heard_);
            if (!owner_.slow_) {
                answer();
                return {};
            }
            kept_.push_back(std::move(message));
            ++owner_.held_;
            return {};
        }
        /// The first word, and more whenever there is room: a slow peer's lane fills.
        void on_writable() override {
            while (context_.send(1, SharedBytes::own(Buffer(4096))) ==
                       transport::SendResult::queued &&
                   ++sent_ < sent_max) {
            }
        }

    private:
        static constexpr std::size_t sent_max = 200;
        void answer() {
            if (sent_ >= sent_max) return;
            ++sent_;
            (void)context_.send(1, SharedBytes::own(Buffer(4096)));
        }
        SlowModule& owner_;
        transport::Context& context_;
        std::deque<transport::Message> kept_;  // bounded by the lane's window
        std::size_t sent_ = 0;
        std::size_t heard_ = 0;
    };

    bool slow_;
    std::size_t held_ = 0;
    std::size_t most_heard_ = 0;
};

}  // namespace parley::sim
