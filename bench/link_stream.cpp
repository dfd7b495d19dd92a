#include "bare.hpp"
#include "stream_modules.hpp"
#include "transport.hpp"
#include <parley/runtime/module_host.hpp>
#include <parley/runtime/own_thread.hpp>

#include <tools/wan/wan.hpp>

#include <future>
#include <limits>
#include <memory>

namespace parley::bench {

using runtime::ModuleHost;

namespace {

/// Seconds until `sink` has what it waits for, while the node runs `module`.
double stream_to(transport::PeerHandler& module, Sink& sink, std::size_t message_bytes,
                 std::size_t io_threads) {
    runtime::ModuleHostOptions options;
    options.io_threads = io_threads;
    ModuleHost node{{&module}, options};
    node.start();
    PeerProcess peer{{"link-stream", node.target().to_string(), std::to_string(message_bytes),
                      std::to_string(io_threads)}};
    return sink.wait();
}

double stream(std::size_t message_bytes, std::uint64_t bytes, std::size_t io_threads) {
    Sink sink{window_for(message_bytes), bytes, false};
    return stream_to(sink, sink, message_bytes, io_threads);
}

}  // namespace

double link_bulk(std::uint64_t bytes) {
    return static_cast<double>(bytes) / stream(bulk_message_bytes, bytes, 1);
}

double link_far(std::uint64_t bytes, const IpAddress& here, int there) {
    Sink sink{transport::TopicSpec{}.window_bytes, bytes, true};
    runtime::ModuleHostOptions options;
    options.listen = Endpoint{here, 0};
    ModuleHost node{{&sink}, options};
    node.start();
    const auto peer = [&] {
        const wan::InNamespace inside{there};
        return std::make_unique<PeerProcess>(std::vector<std::string>{
            "link-stream", node.target().to_string(), std::to_string(bulk_message_bytes), "1"});
    }();
    return static_cast<double>(bytes) / sink.wait();
}

double link_small(std::uint64_t messages, std::size_t io_threads) {
    return static_cast<double>(messages) /
           stream(small_message_bytes, messages * small_message_bytes, io_threads);
}

double own_thread_small(std::uint64_t messages) {
    Sink sink{window_for(small_message_bytes), messages * small_message_bytes, false};
    runtime::OwnThread module{sink};
    return static_cast<double>(messages) / stream_to(module, sink, small_message_bytes, 1);
}

int link_stream_sender(const std::vector<std::string>& arguments) {
    const auto target = Target::parse(arguments.at(0));
    Source source{std::stoull(arguments.at(1))};
    runtime::ModuleHostOptions options;
    options.io_threads = std::stoul(arguments.at(2));
    ModuleHost node{{&source}, options};
    node.dial(*target);
    node.start();
    std::promise<void>{}.get_future().wait();  // until this process is ended
    return 0;
}

}  // namespace parley::bench
