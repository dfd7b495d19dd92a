// Light nodes among full ones, over their modules: they follow the chain, read proven accounts and
// send transactions.
#include <parley/chain/light/light_node.hpp>

#include <parley/chain/ledger/test_chain.hpp>
#include <parley/chain/light/light_server.hpp>
#include <parley/chain/light/test_headers.hpp>
#include <parley/chain/sync/test_context.hpp>
#include <parley/transport/test_network.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::light;
using namespace parley::chain::testing;
using light::testing::TestHeaders;
using light::testing::validator;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t validators = 4;

GenesisBlock qbft_genesis() {
    auto out = genesis_of(8);
    qbft::ExtraData extra;
    for (std::uint64_t seed = 1; seed <= validators; ++seed) {
        extra.validators.push_back(validator(seed));
    }
    std::ranges::sort(extra.validators);
    out.header.extra_data = extra.encode();
    return out;
}

/// A full node that serves light ones, on a chain that the test seals.
struct FullNode {
    std::shared_ptr<const qbft::Qbft> engine = std::make_shared<const qbft::Qbft>(
        qbft::QbftConfig{.forks = merged_schedule(), .period_s = 2});
    TestChain chain;
    transport::test::TestNetwork network;
    std::vector<Hash256> submitted;
    std::string refusal;
    std::unique_ptr<LightServer> server;

    FullNode() {
        chain.engine = std::make_shared<qbft::Qbft>(*engine);
        auto opened = Ledger::open({.execution = chain.execution,
                                    .engine = chain.engine,
                                    .store = chain.store,
                                    .log_file = chain.log_file,
                                    .jobs = *chain.jobs},
                                   qbft_genesis());
        REQUIRE(opened);
        chain.ledger = std::move(*opened);
        server = std::make_unique<LightServer>(
            LightServerConfig{},
            LightServer::Chain{.ledger = [this]() -> Ledger& { return *chain.ledger; },
                               .is_whole = [] { return true; },
                               .submit =
                                   [this](Now now, const Endpoint&, SharedBytes raw, auto done) {
                                       submitted.push_back(decode_transaction(raw)->hash);
                                       if (refusal.empty()) return done(now, {});
                                       done(now, std::unexpected{refusal});
                                   }});
        server->attached(network);
    }
    void grow(std::vector<Transaction> txs = {}, std::uint8_t salt = 0) {
        const auto& parent = chain.ledger->head();
        std::vector<Candidate> candidates;
        for (auto& tx : txs) {
            const auto sender = *recover_sender(tx);
            candidates.push_back({std::move(tx), sender});
        }
        BlockPlan plan;
        plan.timestamp = parent.header.timestamp + 2;
        plan.beneficiary = validator(1);
        const auto& state = chain.ledger->state();
        auto made = make_block(*chain.execution, *engine, parent, plan, candidates,
                               {state, state, state.root()});
        REQUIRE(made);
        auto block = std::move(made->block);
        auto& header = block.header;
        auto extra = engine->extra_after(parent, {}, 0);
        extra.vanity[0] = std::byte{salt};
        TestHeaders::seal(header, extra, {1, 2, 3, 4});
        REQUIRE(chain.import(block));
        server->on_head();
    }
    void grow_by(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto nonce = chain.account(0).nonce;
            grow({payment(0, nonce, 7, 1'000)});
        }
    }
    ChainHeader genesis() const {
        const auto hash = chain.ledger->genesis_hash();
        return chain.ledger->blocks().find(hash).value()->header;
    }
    Hash256 head() const { return chain.ledger->head().hash; }
    UnixTime time() const { return UnixTime{seconds{chain.ledger->head().header.timestamp}}; }
};

struct Light {
    explicit Light(const FullNode& full, Store* store = nullptr, LightNodeConfig config = {})
        : node(std::make_unique<LightNode>(
              config,
              LightChain{full.engine, full.genesis(), store != nullptr ? *store : own_store},
              Rng{3})) {
        network.time.unix_time = full.time();
        node->attached(network);
    }
    MemoryStore own_store;
    transport::test::TestNetwork network;
    std::unique_ptr<LightNode> node;
};

/// Links between light and full nodes, whose messages the test carries.
struct Links {
    struct End {
        std::unique_ptr<NotingContext> context = std::make_unique<NotingContext>();
        std::unique_ptr<transport::TopicHandler> handler = {};
    };
    struct Link {
        Light* light;
        FullNode* full;
        End of_light;
        End of_full;
        bool is_up = true;
    };
    std::vector<Link> all;
    std::shared_ptr<transport::CreditLedger> credit = std::make_shared<transport::CreditLedger>();
    std::function<void(const Link&, transport::Code, Buffer&)> spoil = {};  // answers

    void connect(Light& light, FullNode& full) {
        auto& link = all.emplace_back(Link{&light, &full, {}, {}});
        link.of_full.handler = full.server->new_peer(*link.of_full.context);
        link.of_light.handler = light.node->new_peer(*link.of_light.context);
    }
    bool carry(End& from, End& to, Now now,
               const std::function<void(transport::Code, Buffer&)>& f) {
        bool any = false;
        to.context->time = now;
        for (auto& [code, bytes] : std::exchange(from.context->sent, {})) {
            any = true;
            auto raw = to_buffer(bytes);
            if (f) f(code, raw);
            const auto size = raw.size();
            const auto handled = to.handler->handle(
                code, transport::Message{std::move(raw), credit, transport::LinkId{1}, 1, size});
            if (!handled) to.context->offences.push_back(handled.error());
        }
        return any;
    }
    void run() {
        for (int i = 0; i < 1000; ++i) {
            bool any = false;
            for (auto& link : all) {
                if (!link.is_up) continue;
                const auto now = link.light->network.time;
                any = carry(link.of_light, link.of_full, now, {}) || any;
                run_all(*link.full->chain.jobs, now);
                any = carry(link.of_full, link.of_light, now,
                            [&](auto code, auto& raw) {
                                if (spoil) spoil(link, code, raw);
                            }) ||
                      any;
                run_all(link.light->network.queue, now);
            }
            if (!any) return;
        }
        FAIL("it goes on for ever");
    }
    /// A full node's link ends.
    void cut(const FullNode& full) {
        for (auto& link : all) {
            if (link.full != &full || !link.is_up) continue;
            link.is_up = false;
            link.of_light.handler->on_closed(CloseReason::requested);
            link.of_full.handler->on_closed(CloseReason::requested);
        }
    }
    using CloseReason = transport::CloseReason;
};

std::string balance(Light& light, Links& links, std::uint64_t seed) {
    std::string text = "nothing yet";
    const auto now = light.network.time;
    light.node->account(now, light.node->head(), address_of(seed), {}, [&](Now, auto proven) {
        text = proven ? to_decimal(proven->account->balance) : proven.error();
    });
    links.run();
    return text;
}

}  // namespace

TEST_CASE("a light node follows the chain, and reads what the full node has") {
    FullNode full;
    full.grow_by(300);
    Light light{full};
    Links links;
    links.connect(light, full);
    links.run();
    CHECK(light.node->head().hash == full.head());
    CHECK(light.node->missing() == 0);
    CHECK(balance(light, links, 7) == to_decimal(full.chain.account(7).balance));
    std::size_t heads = 0;
    light.node->on_head([&](Now, const LightNode::Known&) { ++heads; });
    full.grow_by(1);
    light.network.time.unix_time = full.time();
    links.run();
    CHECK(heads == 1);
    CHECK(balance(light, links, 7) == to_decimal(full.chain.account(7).balance));
    CHECK(links.all[0].of_light.context->offences.empty());
    CHECK(links.all[0].of_full.context->offences.empty());
    CHECK(full.server->counters().questions > 0);
}

TEST_CASE("it goes on from its store after a restart") {
    FullNode full;
    full.grow_by(50);
    MemoryStore store;
    {
        Light light{full, &store};
        Links links;
        links.connect(light, full);
        links.run();
        CHECK(light.node->head().hash == full.head());
    }
    Light light{full, &store};
    CHECK(light.node->head().hash == full.head());
    CHECK(light.node->at(25)->hash == *full.chain.ledger->blocks().main(25).value());
}

TEST_CASE("most full nodes lie about an account, and none is believed") {
    FullNode honest;
    honest.grow_by(5);
    FullNode liars[4];
    for (auto& liar : liars) liar.grow_by(5);
    Light light{honest};
    Links links;
    for (auto& liar : liars) links.connect(light, liar);
    links.connect(light, honest);
    links.run();
    REQUIRE(light.node->head().hash == honest.head());
    links.spoil = [&](const Links::Link& link, transport::Code code, Buffer& raw) {
        if (link.full != &honest && code == code::proofs) raw.back() ^= std::byte{1};
    };
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const auto right = to_decimal(honest.chain.account(seed).balance);
        for (int i = 0; i < 3; ++i) CHECK(balance(light, links, seed) == right);
    }
}

TEST_CASE("it sends transactions, and finds them in their blocks") {
    FullNode full;
    full.grow_by(1);
    Light light{full};
    Links links;
    links.connect(light, full);
    links.run();
    const auto tx = payment(3, 0, 4, 77);
    std::string text;
    const auto submit = [&] {
        light.node->submit(light.network.time, tx.raw,
                           [&](Now, const auto& taken) { text = taken ? "taken" : taken.error(); });
        links.run();
        return text;
    };
    CHECK(submit() == "taken");
    CHECK(full.submitted == std::vector{tx.hash});
    full.refusal = "nonce too low";
    CHECK(submit() == "nonce too low");
    full.grow({tx});
    light.network.time.unix_time = full.time();
    links.run();
    light.node->inclusion(light.network.time, tx.hash, [&](Now, const auto& found) {
        REQUIRE(found);
        REQUIRE(*found);
        CHECK((*found)->number == 2);
        CHECK((*found)->receipt.succeeded);
        text = "found";
    });
    links.run();
    CHECK(text == "found");
}

TEST_CASE("two sealed blocks of one height stop all light nodes that hear of it") {
    FullNode one;
    one.grow_by(5);
    FullNode other;
    other.grow_by(4);
    other.grow({}, 1);
    Light first{one};
    Light second{one};
    Links links;
    links.connect(first, one);
    links.connect(second, one);
    links.run();
    REQUIRE(first.node->head().hash == one.head());
    links.connect(first, other);
    links.run();
    REQUIRE(first.node->conflict());
    CHECK(first.node->conflict()->theirs.number == 5);
    one.grow_by(1);
    links.run();
    CHECK(first.node->head().header.number == 5);
}

TEST_CASE("who asks too much at a time is charged, and what is none is malformed") {
    FullNode full;
    full.grow_by(2);
    NotingContext context;
    const auto peer = full.server->new_peer(context);
    const auto credit = std::make_shared<transport::CreditLedger>();
    const auto handle = [&](transport::Code code, SharedBytes bytes) {
        const auto size = bytes.size();
        return peer->handle(
            code, transport::Message{to_buffer(bytes), credit, transport::LinkId{1}, 1, size});
    };
    CHECK(handle(code::get_headers, SharedBytes::copy(bytes_of("x"))).error() ==
          transport::Offence::malformed);
    CHECK(handle(99, {}).error() == transport::Offence::malformed);
    CHECK(handle(code::headers, sync_topic::encode(Items{})).error() ==
          transport::Offence::malformed);
    for (std::size_t i = 0; i < questions_under_way_max; ++i) {
        CHECK(handle(code::get_headers, encode(GetHeaders{i, 2, 1})));
    }
    CHECK(handle(code::get_headers, encode(GetHeaders{9, 2, 1})).error() ==
          transport::Offence::too_often);
    for (int i = 0; i < 100; ++i) run_all(*full.chain.jobs, {});
    CHECK(context.count(code::headers) == questions_under_way_max);
    CHECK(handle(code::get_headers, encode(GetHeaders{9, 2, 1})));
}

TEST_CASE("while the disk is full a light node follows, and keeps its headers later") {
    struct FullStore final : Store {
        MemoryStore rows;
        bool is_full = true;
        Result<std::optional<Buffer>, StoreError> get(std::string_view name, Bytes key) override {
            return rows.get(name, key);
        }
        Result<void, StoreError> scan_from(std::string_view name, Bytes first,
                                           const Visitor& visit) override {
            return rows.scan_from(name, first, visit);
        }
        Result<void, StoreError> write(const StoreBatch& batch) override {
            if (is_full) return fail(StoreErrc::full);
            return rows.write(batch);
        }
    };
    FullNode full;
    full.grow_by(20);
    FullStore store;
    Light light{full, &store};
    Links links;
    links.connect(light, full);
    links.run();
    CHECK(light.node->head().hash == full.head());
    CHECK_FALSE(store.rows.get(table::meta, bytes_of("state")).value());
    store.is_full = false;
    auto& time = light.network.time;
    REQUIRE(light.node->next_wakeup() > time.instant);
    REQUIRE(light.node->next_wakeup() != never);
    time.instant = light.node->next_wakeup();
    light.node->on_timer(time);
    run_all(light.network.queue, time);
    CHECK(store.rows.get(table::meta, bytes_of("state")).value());
    const auto kept = Headers::open(store, qbft::ExtraForm::goquorum, full.genesis());
    REQUIRE(kept);
    CHECK(kept->head().hash == full.head());
}
