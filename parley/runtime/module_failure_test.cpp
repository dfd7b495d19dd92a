// A module that throws, on a real node: it goes on, or its host returns.
#include <parley/p2p/bare_node.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/host.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>

using namespace parley;
using namespace parley::runtime;
using namespace parley::transport;

namespace {

/// Wants to be woken at once, and throws.
class Broken final : public PeerHandler {
public:
    TopicSpec topic() const override { return {.name = "broken"}; }
    std::unique_ptr<TopicHandler> new_peer(Context&) override { return nullptr; }
    Instant next_wakeup() const override { return Instant::min(); }
    void on_timer(Now) override { throw std::runtime_error{"broken"}; }
};

/// Stops the host when it is woken: after Broken, which comes first.
class Stopper final : public PeerHandler {
public:
    explicit Stopper(Host& host) : host_(host) {}
    TopicSpec topic() const override { return {.name = "stopper"}; }
    std::unique_ptr<TopicHandler> new_peer(Context&) override { return nullptr; }
    Instant next_wakeup() const override { return woken_ ? never : Instant::min(); }
    void on_timer(Now) override {
        woken_ = true;
        host_.stop();
    }
    bool woken() const { return woken_; }

private:
    Host& host_;
    bool woken_ = false;
};

Hello hello_of(const NodeKey& key) {
    return Hello{EnrBuilder{1}.sign(key).value()};
}

}  // namespace

TEST_CASE("module failure: the host ends by itself where the config says so") {
    OsEntropy entropy;
    const NodeKey key = NodeKey::generate(entropy);
    Broken module;
    SwitchConfig config;
    config.on_module_exception = OnModuleException::end;
    Host host{{}, entropy, no_log()};
    p2p::BareNode core{config, key, hello_of(key), {&module}, no_log(), Rng{1}};
    host.run(core);  // returns
    CHECK(core.links().failed_module() == "broken");
}

TEST_CASE("module failure: otherwise the node goes on with its other modules") {
    OsEntropy entropy;
    const NodeKey key = NodeKey::generate(entropy);
    Host host{{}, entropy, no_log()};
    Broken broken;
    Stopper stopper{host};
    p2p::BareNode core{{}, key, hello_of(key), {&broken, &stopper}, no_log(), Rng{1}};
    host.run(core);
    CHECK(stopper.woken());
    CHECK(core.links().failed_module() == "broken");
    CHECK_FALSE(core.links().wants_to_end());
}
