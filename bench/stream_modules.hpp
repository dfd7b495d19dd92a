// The modules that benchmarks stream with: Source sends for as long as it may, Sink counts.
#pragma once

#include "harness.hpp"
#include <parley/transport/module.hpp>

#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>

namespace parley::bench {

inline constexpr std::size_t bulk_message_bytes = std::size_t{1} << 20;

/// Some messages in flight, whatever their size: four large ones, or what fits in a cache.
inline std::uint32_t window_for(std::size_t message_bytes) {
    return message_bytes >= bulk_message_bytes ? 4U << 20 : 2U << 20;
}

inline transport::TopicSpec stream_topic(std::uint32_t window) {
    return {.name = "stream",
            .version = 1,
            .priority = transport::Priority::bulk,
            .message_bytes_max = bulk_message_bytes,
            .window_bytes = window,
            .send_budget_bytes = window};
}

/// Counts what comes; says when enough of it has.
class Sink final : public transport::PeerHandler {
public:
    /// `from_up`: time counts from the link's start and not from the first message.
    Sink(std::uint32_t window, std::uint64_t bytes, bool from_up)
        : window_(window), bytes_(bytes), from_up_(from_up) {}
    transport::TopicSpec topic() const override { return stream_topic(window_); }
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context&) override {
        if (from_up_) start_ = seconds_now();
        return std::make_unique<Handler>(*this);
    }
    /// Seconds from the start to the last message.
    double wait() { return done_.get_future().get(); }

private:
    struct Handler final : transport::TopicHandler {
        explicit Handler(Sink& owner) : sink(owner) {}
        Result<void, transport::Offence> handle(transport::Code,
                                                transport::Message message) override {
            sink.take(message.bytes().size());
            return {};
        }
        Sink& sink;
    };
    void take(std::size_t size) {
        if (received_ == 0 && !from_up_) start_ = seconds_now();
        const bool before = received_ < bytes_;
        received_ += size;
        if (before && received_ >= bytes_) done_.set_value(seconds_now() - start_);
    }

    std::uint32_t window_;
    std::uint64_t bytes_;
    bool from_up_;
    std::uint64_t received_ = 0;
    double start_ = 0;
    std::promise<double> done_;
};

/// Sends messages of one size for as long as it may; each is made anew, as a module does.
class Source final : public transport::PeerHandler {
public:
    explicit Source(std::size_t message_bytes) : plain_(message_bytes, std::byte{7}) {}
    transport::TopicSpec topic() const override { return stream_topic(window_for(plain_.size())); }
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override {
        auto handler = std::make_unique<Handler>(*this, context);
        handler->on_writable();
        return handler;
    }

private:
    struct Handler final : transport::TopicHandler {
        Handler(Source& owner, transport::Context& c) : source(owner), context(c) {}
        Result<void, transport::Offence> handle(transport::Code, transport::Message) override {
            return {};
        }
        void on_writable() override {
            const bool large = source.plain_.size() >= bulk_message_bytes;
            auto sent = transport::SendResult::queued;
            while (sent == transport::SendResult::queued) {
                sent =
                    large ? context.send(1, source.shared_) : context.send_copy(1, source.plain_);
            }
        }
        Source& source;
        transport::Context& context;
    };

    Buffer plain_;
    SharedBytes shared_ = SharedBytes::copy(plain_);
};

}  // namespace parley::bench
