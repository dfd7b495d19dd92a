// A module that may block: it writes each message to a slow place before it takes the next one,
// on a thread of its own, so that nothing else waits. Start it once; then again with the line that
// it printed, and type.
#include <parley/runtime/module_host.hpp>
#include <parley/runtime/own_thread.hpp>

#include <chrono>
#include <iostream>
#include <thread>

using namespace parley;
using namespace parley::transport;

class Indexer final : public PeerHandler {
public:
    TopicSpec topic() const override {
        return {.name = "index", .message_bytes_max = 1024, .window_bytes = 65536};
    }
    std::unique_ptr<TopicHandler> new_peer(Context& context) override {
        std::cout << context.id().short_string() << " is here" << std::endl;
        return std::make_unique<Peer>(context);
    }

private:
    struct Peer final : TopicHandler {
        explicit Peer(Context& c) : context(c) {}
        /// May take as long as it likes: the peer's messages wait within the topic's window.
        Result<void, Offence> handle(Code, Message message) override {
            std::this_thread::sleep_for(std::chrono::milliseconds{200});  // a slow disk
            std::cout << "indexed: " << text_of(message.bytes()) << std::endl;
            return {};
        }
        void on_closed(CloseReason reason) override {
            std::cout << context.id().short_string() << " left: " << name(reason) << std::endl;
        }
        Context& context;
    };
};

int main(int argc, char** argv) {
    Indexer indexer;
    runtime::OwnThread module{indexer};
    runtime::ModuleHost host{{&module}};
    host.start();
    std::cout << "others join with: indexer " << host.target().to_string() << std::endl;
    for (int i = 1; i < argc; ++i) {
        if (const auto target = Target::parse(argv[i])) host.dial(*target);
    }
    for (std::string line; std::getline(std::cin, line);) {
        host.post([&host, text = SharedBytes::copy(bytes_of(line))](Now) {
            host.network().broadcast("index", 1, text);
        });
    }
}
