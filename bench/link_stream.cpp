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
double stream_to(transport::PeerHandler& module, Sink& sink, std::size_t message_bytes) {
    ModuleHost node{{&module}};
    node.start();
    PeerProcess peer{{"link-stream", node.target().to_string(), std::to_string(message_bytes)}};
    return sink.wait();
}

double stream(std::size_t message_bytes, std::uint64_t bytes) {
    Sink sink{window_for(message_bytes), bytes, false};
    return stream_to(sink, sink, message_bytes);
}

}  // namespace

double link_bulk(std::uint64_t bytes) {
    return static_cast<double>(bytes) / stream(bulk_message_bytes, bytes);
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
            "link-stream", node.target().to_string(), std::to_string(bulk_message_bytes)});
    }();
    return static_cast<double>(bytes) / sink.wait();
}

double link_small(std::uint64_t messages) {
    return static_cast<double>(messages) /
           stream(small_message_bytes, messages * small_message_bytes);
}

double own_thread_small(std::uint64_t messages) {
    Sink sink{window_for(small_message_bytes), messages * small_message_bytes, false};
    runtime::OwnThread module{sink};
    return static_cast<double>(messages) / stream_to(module, sink, small_message_bytes);
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
