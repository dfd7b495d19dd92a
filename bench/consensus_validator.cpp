#include "consensus.hpp"
#include "temp_folder.hpp"
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/sync/chain_events.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/node/node.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/host.hpp>
#include <parley/runtime/store/file_log.hpp>
#include <parley/runtime/store/lmdb_store.hpp>
#include <parley/sim/world/chain_hosts.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace parley::bench {
namespace {

using namespace parley::chain;
using runtime::FileLog;
using runtime::LmdbStore;

constexpr std::uint64_t accounts_each = 500;
constexpr std::uint64_t gas_limit = 200'000'000;
constexpr Duration submit_each = std::chrono::milliseconds{20};

Genesis make_bench_genesis() {
    qbft::ExtraData extra;
    for (std::size_t i = 0; i < bench_validators; ++i) {
        extra.validators.push_back(address_of_secret(sim::signer_secret(i)));
    }
    std::ranges::sort(extra.validators);
    Genesis out;
    out.chain_id = node::ChainConfig{}.id;
    out.gas_limit = gas_limit;
    out.forks = {.london_block = 0,
                 .terminal_total_difficulty = Uint256{},
                 .shanghai_time = 0,
                 .cancun_time = 0};
    out.extra_data = extra.encode();
    const auto funds = checked_multiply(to_uint256(1'000'000'000'000'000'000), 1'000'000);
    for (std::uint64_t i = 0; i < bench_validators * accounts_each; ++i) {
        out.alloc[address_of_secret(testing::secret_of(i))].balance = *funds;
    }
    return out;
}

/// Submits transfers of its own accounts at a steady rate.
class Load final : public transport::PeerHandler {
public:
    Load(std::size_t index, double rate) : first_(index * accounts_each), rate_(rate) {}

    void use(TxRelay& relay) { relay_ = &relay; }
    transport::TopicSpec topic() const override { return {.name = "load"}; }
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context&) override {
        struct Silent final : transport::TopicHandler {
            Result<void, transport::Offence> handle(transport::Code, transport::Message) override {
                return {};
            }
        };
        return std::make_unique<Silent>();
    }
    Instant next_wakeup() const override { return relay_ && rate_ > 0 ? next_ : never; }
    void on_timer(Now now) override {
        if (next_ == Instant{}) next_ = last_ = now.instant;
        if (now.instant < next_) return;
        owed_ += rate_ * std::chrono::duration<double>(now.instant - last_).count();
        last_ = now.instant;
        next_ = now.instant + submit_each;
        for (; owed_ >= 1; owed_ -= 1) submit(now);
    }
    void begin() { next_ = {}; }

private:
    void submit(Now now) {
        const auto account = submitted_ % accounts_each;
        auto tx = testing::transfer(submitted_ / accounts_each);
        tx.chain_id = node::ChainConfig{}.id;
        ++submitted_;
        relay_->submit(now, testing::sign(tx, testing::secret_of(first_ + account)).raw,
                       [](auto) {});
    }

    std::uint64_t first_;
    double rate_;
    TxRelay* relay_ = nullptr;
    Instant next_ = never;
    Instant last_{};
    double owed_ = 0;
    std::uint64_t submitted_ = 0;
};

}  // namespace

/// Arguments: its index, transfers a second, and the validators that it dials. Prints where it
/// listens; of each block that it proposed how long the agreement on it took, in microseconds; and
/// each block's number of transfers if it is the first one.
int consensus_validator(const std::vector<std::string>& arguments) {
    const auto index = static_cast<std::size_t>(std::stoul(arguments.at(0)));
    const TempFolder folder;
    const auto log_of = [&](const char* name) { return FileLog::open(folder.file(name)).value(); };
    runtime::OsEntropy entropy;
    MemoryStore book;
    node::NodeConfig config;
    config.p2p.listen = {{*IpAddress::parse("127.0.0.1"), 0}};
    config.p2p.allow_private = true;
    config.chain.gas_limit = gas_limit;
    for (std::size_t i = 2; i < arguments.size(); ++i) {
        config.p2p.boot.push_back(*Target::parse(arguments[i]));
    }
    node::ChainData chain;
    chain.genesis = make_bench_genesis();
    chain.genesis_block = make_genesis_block(chain.genesis);
    chain.engine = *node::make_engine("qbft", chain.genesis);
    chain.store = LmdbStore::open(folder.file("store"), LmdbStore::Create::yes).value();
    chain.log_file = log_of("blocks");
    chain.votes_first = log_of("votes1");
    chain.votes_second = log_of("votes2");
    chain.signer_secret = sim::signer_secret(index);

    Load load{index, std::stod(arguments.at(1))};
    runtime::HostConfig of_host;
    of_host.listen = config.p2p.listen;
    of_host.link = config.link();
    runtime::Host host{of_host, entropy, no_log()};
    const auto bound = host.listen();
    if (!bound) return 1;
    const auto made =
        node::Node::create(config, NodeKey::generate(entropy), book, no_log(),
                           Rng{runtime::random_seed()}, runtime::now(), {&load}, nullptr, chain);
    if (!made) return 1;
    auto& node = **made;
    node.add_listener(runtime::now(), bound->front(), std::nullopt);
    load.use(node.relay());
    const auto on_head = node.hub().subscribe<HeadMoved>([&](const HeadMoved& moved) {
        if (moved.head.header.number == 3) load.begin();
        const auto took = node.chain().validator()->agreement()->last_agreement();
        const auto& block =
            node.chain().blocks()->ledger().blocks().recent(moved.head.hash)->logged;
        if (moved.head.header.beneficiary == address_of_secret(sim::signer_secret(index)) && took) {
            fmt::print("final {}\n",
                       std::chrono::duration_cast<std::chrono::microseconds>(*took).count());
        }
        if (index == 0) fmt::print("block {}\n", block.block.body.transactions.size());
        std::fflush(stdout);
    });
    fmt::print("{}\n", Target{node.id(), bound->front()}.to_string());
    std::fflush(stdout);
    host.run(node);
    return 0;
}

}  // namespace parley::bench
