// A chat among nodes, as one module. Start it once; then again with the line that it printed.
#include <parley/runtime/module_host.hpp>
#include <parley/runtime/own_thread.hpp>

#include <iostream>

using namespace parley;
using namespace parley::transport;

constexpr Code line_code = 1;

class Chat final : public PeerHandler {
public:
    TopicSpec topic() const override {
        return {.name = "chat", .message_bytes_max = 1024, .window_bytes = 65536};
    }
    std::unique_ptr<TopicHandler> new_peer(Context& context) override {
        return std::make_unique<Peer>(context);
    }

private:
    struct Peer final : TopicHandler {
        explicit Peer(Context& c) : context(c), name(c.id().short_string()) {
            std::cout << name << " is here" << std::endl;
        }
        Result<void, Offence> handle(Code code, Message message) override {
            if (code != line_code) return std::unexpected{Offence::malformed};
            std::cout << name << ": " << text_of(message.bytes()) << std::endl;
            return {};
        }
        void on_closed(CloseReason reason) override {
            std::cout << name << " left: " << transport::name(reason) << std::endl;
        }
        Context& context;
        std::string name;
    };
};

int main(int argc, char** argv) {
    Chat chat;
    runtime::OwnThread module{chat};  // off the node's thread: to print may block
    runtime::ModuleHost host{{&module}};
    host.start();
    std::cout << "others join with: chat " << host.target().to_string() << std::endl;
    for (int i = 1; i < argc; ++i) {
        if (const auto target = Target::parse(argv[i])) host.dial(*target);
    }
    for (std::string line; std::getline(std::cin, line);) {
        host.post([&host, text = SharedBytes::copy(bytes_of(line))](Now) {
            host.network().broadcast("chat", line_code, text);
        });
    }
}
