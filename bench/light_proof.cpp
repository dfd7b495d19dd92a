#include "light.hpp"
#include "proof_node.hpp"
#include "rtt.hpp"
#include <parley/chain/light/light_node.hpp>
#include <parley/node/node.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/module_host.hpp>

#include <algorithm>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace parley::bench {
namespace {

using namespace parley::chain;

/// Fewer than a server lets pass at once.
constexpr std::size_t proofs = 90;

/// A light node beside a node with 1,000,000 accounts.
class Questioner {
public:
    explicit Questioner(const ProofNode& full)
        : engine_(std::make_shared<const qbft::Qbft>(qbft::QbftConfig{})),
          genesis_{full.genesis, engine_->hash_of(full.genesis)},
          light_({}, {engine_, {genesis_.header, genesis_.hash}, headers_},
                 Rng{runtime::random_seed()}),
          host_({&light_}, {.listen = {},
                            .network_id = node::NodeConfig{}.network.id,
                            .genesis = genesis_.hash,
                            .chain_id = node::ChainConfig{}.id,
                            .roles = transport::role::light}) {
        host_.start();
        host_.dial(full.target);
        while (on_node([&](Now, auto done) {
                   done.set_value(static_cast<double>(light_.peers()));
               }) == 0) {
            std::this_thread::yield();
        }
    }
    /// Seconds from the question to the proven answer.
    double ask(const Address& account) {
        return on_node([&](Now now, auto done) {
            const double start = seconds_now();
            light_.account(now, genesis_, account, {},
                           [start, done = std::move(done)](Now, const auto& proven) mutable {
                               const bool is_there = proven && proven->account;
                               done.set_value(is_there ? seconds_now() - start : -1);
                           });
        });
    }

private:
    double on_node(auto call) {
        std::promise<double> done;
        auto out = done.get_future();
        host_.post(
            [&call, done = std::move(done)](Now now) mutable { call(now, std::move(done)); });
        return out.get();
    }

    std::shared_ptr<const qbft::Qbft> engine_;
    light::LightNode::Known genesis_;
    MemoryStore headers_;
    light::LightNode light_;
    runtime::ModuleHost host_;
};

}  // namespace

double light_proof() {
    static const ProofNode full;
    Questioner questioner{full};
    Rng rng{runtime::random_seed()};
    std::vector<double> times;
    for (std::size_t i = 0; i < proofs; ++i) {
        times.push_back(questioner.ask(proof_account(rng.below(proof_accounts))));
        if (times.back() < 0) throw std::runtime_error{"no proof"};
    }
    std::ranges::nth_element(times, times.begin() + proofs / 2);
    return 1e6 * times[proofs / 2];
}

double light_proof_limit() {
    return link_rtt(1) + 2'000;
}

}  // namespace parley::bench
