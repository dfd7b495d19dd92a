// A node with a thousand links: the real Switch, and all of them in gossip.
#include <parley/chain/txpool/messages.hpp>
#include <parley/chain/txpool/relay.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/transport/switch/test_switch.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <map>
#include <set>
#include <vector>

using namespace parley;
using namespace parley::chain;
using transport::LinkId;

namespace {

constexpr std::size_t links_wanted = 1000;
constexpr transport::LaneId tx_lane = 1;

transport::SwitchConfig roomy() {
    transport::SwitchConfig config;
    config.slots.inbound_max = links_wanted;
    config.receive_bytes_max = 4ULL << 30;
    return config;
}

class Crowd {
public:
    Crowd() {
        for (std::size_t i = 0; i < links_wanted; ++i) {
            const auto key = *NodeKey::from_secret(testing::secret_of(1000 + i));
            const LinkId link = rig.accept();
            rig.prove(link, key);
            links.push_back(link);
        }
        take();
    }
    void bring(LinkId link, const Transaction& tx) {
        rig.deliver(link, tx_lane, tx_topic::payload, text_of(tx.raw.view()));
    }
    Transaction make(std::uint64_t nonce) const {
        return testing::sign(testing::transfer(nonce), testing::secret_of(1));
    }
    void check() {
        for (auto jobs = rig.jobs.take(); !jobs.empty(); jobs = rig.jobs.take()) {
            for (auto& job : jobs) {
                job.run();
                rig.jobs.finish(job, rig.now());
            }
        }
    }
    void run_for(Duration time) {
        const Duration end = rig.time + time;
        for (;;) {
            rig.time =
                std::min(end, std::max(rig.time, rig.node->next_wakeup().time_since_epoch()));
            if (rig.time == end) return;
            rig.node->on_timer(rig.now());
        }
    }
    /// The links to which the node sent such a message since the last call, with the number.
    std::map<LinkId, int> sent(const Transaction& tx, transport::Code code) {
        take();
        std::map<LinkId, int> out;
        for (const auto& [link, send] : sends) {
            if (send.code != code) continue;
            const bool of_tx = code == tx_topic::payload
                                   ? equal(send.message, tx.raw)
                                   : *tx_topic::decode_hashes(send.message) == std::vector{tx.hash};
            if (of_tx) ++out[link];
        }
        sends.clear();
        return out;
    }
    void take() {
        rig.take();
        for (auto& effect : rig.effects) {
            auto* command = std::get_if<transport::CommandLink>(&effect);
            if (!command) continue;
            if (auto* send = std::get_if<transport::Send>(&command->command)) {
                sends.emplace_back(command->link, std::move(*send));
            }
        }
        rig.effects.clear();
    }

    TxPool pool;
    TxRelay relay{{}, pool, Rng{1}};
    NodeKey own = *NodeKey::from_secret(testing::secret_of(1));
    transport::test::Rig rig{own, {&relay}, roomy()};
    std::vector<LinkId> links;
    std::vector<std::pair<LinkId, transport::Send>> sends;
};

}  // namespace

TEST_CASE("a node with a thousand links has all of them in gossip") {
    Crowd crowd;
    REQUIRE(crowd.rig.node->peers().size() == links_wanted);
    REQUIRE(crowd.relay.tree().eager_peers() == links_wanted);

    // What the last one brings goes whole to all others, once.
    const auto first = crowd.make(0);
    crowd.bring(crowd.links.back(), first);
    crowd.check();
    auto whole = crowd.sent(first, tx_topic::payload);
    CHECK(whole.size() == links_wanted - 1);
    CHECK_FALSE(whole.contains(crowd.links.back()));

    // All of them had it already: their links leave the tree, and are in gossip still.
    for (std::size_t i = 0; i + 1 < links_wanted; ++i) crowd.bring(crowd.links[i], first);
    CHECK(crowd.relay.tree().lazy_peers() == links_wanted - 1);
    const auto second = crowd.make(1);
    crowd.relay.submit(crowd.rig.now(), second.raw, [](auto) {});
    crowd.check();
    CHECK(crowd.sent(second, tx_topic::payload).size() == 1);
    crowd.run_for(2s);
    const auto told = crowd.sent(second, tx_topic::announce);
    CHECK(told.size() == links_wanted - 1);
    for (const auto& [link, times] : told) CHECK(times == 1);

    // Half of them leave; the others go on.
    for (std::size_t i = 0; i < links_wanted; i += 2) crowd.rig.closed(crowd.links[i]);
    const auto third = crowd.make(2);
    crowd.bring(crowd.links[501], third);
    crowd.check();
    whole = crowd.sent(third, tx_topic::payload);
    crowd.run_for(2s);
    auto reached = crowd.sent(third, tx_topic::announce);
    reached.merge(whole);
    CHECK(reached.size() == links_wanted / 2 - 1);
}
