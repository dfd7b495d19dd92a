#include "bare.hpp"
#include "transport.hpp"
#include <parley/runtime/module_host.hpp>

#include <future>
#include <limits>

namespace parley::bench {

using runtime::ModuleHost;

namespace {

constexpr std::size_t bulk_message_bytes = std::size_t{1} << 20;

/// Some messages in flight, whatever their size: four large ones, or what fits in a cache.
transport::TopicSpec stream_topic(std::size_t message_bytes) {
    const std::uint32_t window = message_bytes >= bulk_message_bytes ? 4U << 20 : 2U << 20;
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
    Sink(std::size_t message_bytes, std::uint64_t bytes)
        : message_bytes_(message_bytes), bytes_(bytes) {}
    transport::TopicSpec topic() const override { return stream_topic(message_bytes_); }
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context&) override {
        return std::make_unique<Handler>(*this);
    }
    /// Seconds from the first message to the last.
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
        if (received_ == 0) start_ = seconds_now();
        const bool before = received_ < bytes_;
        received_ += size;
        if (before && received_ >= bytes_) done_.set_value(seconds_now() - start_);
    }

    std::size_t message_bytes_;
    std::uint64_t bytes_;
    std::uint64_t received_ = 0;
    double start_ = 0;
    std::promise<double> done_;
};

/// Sends messages of one size for as long as it may; each is made anew, as a module does.
class Source final : public transport::PeerHandler {
public:
    explicit Source(std::size_t message_bytes) : plain_(message_bytes, std::byte{7}) {}
    transport::TopicSpec topic() const override { return stream_topic(plain_.size()); }
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
            for (;;) {
                auto message = large ? source.shared_ : SharedBytes::copy(source.plain_);
                if (context.send(1, std::move(message)) == transport::SendResult::full) return;
            }
        }
        Source& source;
        transport::Context& context;
    };

    Buffer plain_;
    SharedBytes shared_ = SharedBytes::copy(plain_);
};

double stream(std::size_t message_bytes, std::uint64_t bytes) {
    Sink sink{message_bytes, bytes};
    ModuleHost node{{&sink}};
    node.start();
    PeerProcess peer{{"link-stream", node.target().to_string(), std::to_string(message_bytes)}};
    return sink.wait();
}

}  // namespace

double link_bulk(std::uint64_t bytes) {
    return static_cast<double>(bytes) / stream(bulk_message_bytes, bytes);
}

double link_small(std::uint64_t messages) {
    return static_cast<double>(messages) /
           stream(small_message_bytes, messages * small_message_bytes);
}

int link_stream_sender(const std::vector<std::string>& arguments) {
    const auto target = Target::parse(arguments.at(0));
    Source source{std::stoull(arguments.at(1))};
    ModuleHost node{{&source}};
    node.dial(*target);
    node.start();
    std::promise<void>{}.get_future().wait();  // until this process is ended
    return 0;
}

}  // namespace parley::bench
