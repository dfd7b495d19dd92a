#include <parley/chain/txpool/relay.hpp>

#include <parley/chain/txpool/messages.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/transport/test_network.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;
using transport::Code;
using transport::Message;
using transport::Offence;

namespace {

Enr record() {
    const auto key = NodeKey::from_secret(testing::secret_of(77));
    return *EnrBuilder{1}.sign(*key);
}

transport::Hello some_hello() {
    transport::Hello hello{record()};
    hello.chain_id = ChainRules{}.chain_id;
    return hello;
}

/// A link that notes what is sent.
class FakeContext final : public transport::Context {
public:
    const NodeId& id() const override { return id_; }
    const transport::Hello& hello() const override { return said; }
    const Endpoint& endpoint() const override { return remote; }
    transport::Direction direction() const override { return transport::Direction::inbound; }
    Now now() const override { return time; }
    transport::SendResult send(Code code, SharedBytes message) override {
        if (full) return transport::SendResult::full;
        sent.emplace_back(code, std::move(message));
        return transport::SendResult::queued;
    }
    std::size_t message_bytes_max() const override { return 1U << 20; }
    void mark_useful() override { ++useful_count; }
    void penalise(Offence offence) override { offences.push_back(offence); }
    void note_waste(Duration work) override { wasted += work; }
    void disconnect() override {}
    void part(const transport::Goodbye& goodbye) override { goodbyes.push_back(goodbye); }

    std::size_t count(Code code) const {
        std::size_t n = 0;
        for (const auto& [c, m] : sent) n += c == code ? 1 : 0;
        return n;
    }

    Now time;
    bool full = false;
    std::vector<std::pair<Code, SharedBytes>> sent;
    std::vector<Offence> offences;
    int useful_count = 0;
    std::vector<transport::Goodbye> goodbyes;
    Duration wasted{};
    transport::Hello said = some_hello();
    Endpoint remote;

private:
    NodeId id_;
};

struct Fixture {
    explicit Fixture(TxRelayConfig config = {}, PoolConfig pool_config = {},
                     const AccountState* state = nullptr, Store* store = nullptr)
        : pool(pool_config, state), relay(config, pool, Rng{1}) {
        if (store) relay.keep_own(*store);
        relay.attached(network);
    }

    struct Peer {
        std::unique_ptr<FakeContext> context;
        std::unique_ptr<transport::TopicHandler> handler;
    };
    Peer& connect(const Endpoint& from = {}) {
        auto context = std::make_unique<FakeContext>();
        context->remote = from;
        context->time = network.time;
        auto handler = relay.new_peer(*context);
        peers.push_back(std::make_unique<Peer>(std::move(context), std::move(handler)));
        return *peers.back();
    }
    auto give(Peer& peer, Code code, Bytes bytes) {
        return peer.handler->handle(
            code, Message{to_buffer(bytes), ledger, transport::LinkId{1}, 1, bytes.size()});
    }
    void run_jobs() {
        for (;;) {
            auto taken = jobs.take();
            if (taken.empty()) return;
            for (auto& job : taken) {
                job.run();
                jobs.finish(job, {});
            }
        }
    }

    TxPool pool;
    transport::test::TestNetwork network;
    JobQueue& jobs = network.queue;
    Hub& hub = network.events;
    std::shared_ptr<transport::CreditLedger> ledger = std::make_shared<transport::CreditLedger>();
    std::vector<std::unique_ptr<Peer>> peers;
    TxRelay relay;
};

Transaction tx_of(std::uint64_t nonce) {
    return testing::sign(testing::transfer(nonce), testing::secret_of(1));
}

}  // namespace

TEST_CASE("a peer's transaction is checked, pooled and passed on to the others, once") {
    Fixture f;
    auto& a = f.connect();
    auto& b = f.connect();
    auto& c = f.connect();
    const auto tx = tx_of(0);
    REQUIRE(f.give(a, tx_topic::payload, tx.raw));
    CHECK(f.pool.size() == 0);
    CHECK(b.context->sent.empty());  // nothing before the check
    CHECK(f.ledger->empty());        // the sender's credit waits with it
    f.run_jobs();
    CHECK(f.pool.contains(tx.hash));
    CHECK_FALSE(f.ledger->empty());
    CHECK(a.context->count(tx_topic::payload) == 0);
    CHECK(b.context->count(tx_topic::payload) == 1);
    CHECK(c.context->count(tx_topic::payload) == 1);
    CHECK(equal(b.context->sent[0].second, tx.raw));
    // The broadcast shares the pool's bytes.
    CHECK(b.context->sent[0].second.view().data() == c.context->sent[0].second.view().data());
    REQUIRE(f.give(b, tx_topic::payload, tx.raw));
    f.run_jobs();
    CHECK(b.context->count(tx_topic::prune) == 1);
    CHECK(f.relay.counters().duplicates == 1);
    CHECK(a.context->useful_count == 1);  // the one that was first
    CHECK(b.context->useful_count == 0);
    CHECK(f.relay.unchecked_bytes() == 0);
}

TEST_CASE("submitted transactions get an answer, good or bad") {
    Fixture f;
    auto& a = f.connect();
    std::vector<std::string> answers;
    const auto note = [&](Result<Hash256, SubmitError> result) {
        answers.push_back(result ? "ok" : result.error().message);
    };
    const auto tx = tx_of(0);
    f.relay.submit({}, tx.raw, note);
    f.run_jobs();
    f.relay.submit({}, tx.raw, note);
    f.relay.submit({}, SharedBytes::copy(bytes_of("x")), note);
    auto wrong_chain = testing::transfer(1);
    wrong_chain.chain_id = 99;
    f.relay.submit({}, testing::sign(wrong_chain, testing::secret_of(1)).raw, note);
    REQUIRE(answers.size() == 4);
    CHECK(answers[0] == "ok");
    CHECK(answers[1] == "already known");
    CHECK(answers[2] != "ok");
    CHECK(answers[3].find("99") != std::string::npos);
    CHECK(a.context->count(tx_topic::payload) == 1);
}

TEST_CASE("blob transactions are refused with a clear error, by forks that have them as well") {
    auto blob = testing::transfer(0);
    blob.type = TxType::blob;
    blob.blob_hashes = {Hash256{std::byte{1}}};
    const auto raw = testing::sign(blob, testing::secret_of(1)).raw;
    std::string answer;
    const auto note = [&](const Result<Hash256, SubmitError>& result) {
        answer = result ? "ok" : result.error().message;
    };
    Fixture early;
    early.relay.submit({}, raw, note);
    CHECK(answer == "unknown transaction type 0x03 before cancun");
    CHECK(early.give(early.connect(), tx_topic::payload, raw).error() == Offence::invalid_data);

    TxRelayConfig config;
    config.rules.fork = Fork::cancun;
    Fixture f{config};
    f.relay.submit({}, raw, note);
    f.run_jobs();
    CHECK(answer == "blob transactions are not taken: blobs are not carried here");
    auto& a = f.connect();
    CHECK(f.give(a, tx_topic::payload, raw));
    CHECK(a.context->offences.empty());
    CHECK(a.context->wasted > 0ns);
    CHECK(f.pool.size() == 0);
    CHECK(f.relay.unchecked_bytes() == 0);
}

TEST_CASE("bad transactions are offences, and are passed on to nobody") {
    Fixture f;
    auto& a = f.connect();
    auto& b = f.connect();
    CHECK(f.give(a, tx_topic::payload, bytes_of("\x01garbage")).error() == Offence::malformed);
    auto poor = testing::transfer(0);
    poor.gas_limit = 20'999;
    CHECK(f.give(a, tx_topic::payload, testing::sign(poor, testing::secret_of(1)).raw).error() ==
          Offence::invalid_data);
    // A signature that fits no key is found by the worker.
    auto forged = tx_of(3);
    bool found = false;
    for (unsigned i = 1; i < 200 && !found; ++i) {
        forged.signature[5] = static_cast<std::byte>(i);
        auto decoded = decode_transaction(SharedBytes::own(forged.encode()));
        found = decoded && check_stateless(*decoded, {}) && !recover_sender(*decoded);
    }
    REQUIRE(found);
    REQUIRE(f.give(a, tx_topic::payload, forged.encode()));
    CHECK(a.context->useful_count == 0);
    f.run_jobs();
    CHECK(a.context->offences == std::vector{Offence::invalid_data});
    CHECK(f.pool.size() == 0);
    CHECK(b.context->sent.empty());
    CHECK(f.relay.unchecked_bytes() == 0);
}

TEST_CASE(
    "of a peer that named no chain, what is of another chain ends the link and is no offence") {
    Fixture f;
    auto& a = f.connect();
    auto other_chain = testing::transfer(0);
    other_chain.chain_id = 99;
    const auto raw = testing::sign(other_chain, testing::secret_of(1)).raw;
    CHECK(f.give(a, tx_topic::payload, raw).error() == Offence::invalid_data);
    auto& unnamed = f.connect();
    unnamed.context->said.chain_id = 0;
    auto& renamed = f.connect();  // ours named none
    renamed.context->said.chain_id = 98;
    for (std::uint64_t i = 1; auto* peer : {&unnamed, &renamed}) {
        other_chain.nonce = i++;
        const auto next = testing::sign(other_chain, testing::secret_of(1)).raw;
        CHECK(f.give(*peer, tx_topic::payload, next));
        REQUIRE(peer->context->goodbyes.size() == 1);
        const auto& goodbye = peer->context->goodbyes[0];
        CHECK(goodbye.reason == transport::CloseReason::wrong_chain);
        CHECK(goodbye.sender_value == std::to_string(ChainRules{}.chain_id));
        CHECK(goodbye.receiver_value == "99");
        CHECK(peer->context->wasted > 0ns);
        CHECK(peer->context->offences.empty());
    }
    // Another of the same chain has it as well.
    auto& third = f.connect();
    third.context->said.chain_id = 0;
    CHECK(f.give(third, tx_topic::payload, testing::sign(other_chain, testing::secret_of(1)).raw));
    CHECK(third.context->wasted > 0ns);
    // What no chain takes is an offence all the same.
    auto poor = testing::transfer(0);
    poor.gas_limit = 20'999;
    CHECK(f.give(unnamed, tx_topic::payload, testing::sign(poor, testing::secret_of(1)).raw)
              .error() == Offence::invalid_data);
}

TEST_CASE("malformed hash lists and unknown codes are offences") {
    Fixture f;
    auto& a = f.connect();
    const std::vector<Hash256> many(tx_topic::hashes_max + 1);
    const Buffer short_hash{std::byte{0xc2}, std::byte{0x81}, std::byte{0x80}};
    for (const auto code : {tx_topic::announce, tx_topic::graft, tx_topic::missing}) {
        CHECK(f.give(a, code, bytes_of("zzz")).error() == Offence::malformed);
        CHECK(f.give(a, code, short_hash).error() == Offence::malformed);
        // A Graft may ask for nothing but what comes from now on.
        if (code == tx_topic::graft) {
            CHECK(f.give(a, code, bytes_of("\xc0")));
        } else {
            CHECK(f.give(a, code, bytes_of("\xc0")).error() == Offence::malformed);
        }
        CHECK(f.give(a, code, tx_topic::encode_hashes(many)).error() == Offence::malformed);
    }
    CHECK(f.give(a, tx_topic::prune, bytes_of("x")).error() == Offence::malformed);
    CHECK(f.give(a, 99, tx_topic::encode_hashes({Hash256{}})).error() == Offence::malformed);
    CHECK(tx_topic::decode_hashes(short_hash).error() ==
          rlp::RlpError{rlp::Errc::wrong_size, 32, 1});
    CHECK(tx_topic::decode_hashes(tx_topic::encode_hashes(many)).error() ==
          rlp::RlpError{rlp::Errc::too_long, 1024, 1025});
    CHECK(tx_topic::decode_hashes(bytes_of("\xc0")).error() ==
          rlp::RlpError{rlp::Errc::missing_item, 1, 0});
    CHECK(tx_topic::decode_hashes(bytes_of("\xc0"), 0)->empty());
    const Hash256 one{std::byte{1}};
    const Hash256 two{std::byte{2}};
    CHECK(tx_topic::decode_hashes(tx_topic::encode_hashes({one, two, one})).error() ==
          rlp::RlpError{rlp::Errc::repeated_item, 0, 0});
}

TEST_CASE("the vector of docs/formats/gossip.md") {
    const auto empty =
        *array_from_hex<32>("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    const auto message = tx_topic::encode_hashes({empty});
    CHECK(to_hex(message) ==
          "e1a0c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    CHECK(*tx_topic::decode_hashes(message) == std::vector{empty});
}

TEST_CASE("a graft is answered with items and with what is missing, within a rate") {
    TxRelayConfig config;
    config.fetches_per_second = 1;
    config.fetches_burst = 3;
    Fixture f{config};
    const auto tx = tx_of(0);
    f.relay.submit({}, tx.raw, [](auto) {});
    f.run_jobs();
    auto& a = f.connect();
    const Hash256 unknown{std::byte{9}};
    REQUIRE(f.give(a, tx_topic::graft, tx_topic::encode_hashes({tx.hash, unknown})));
    CHECK(a.context->count(tx_topic::payload) == 1);
    REQUIRE(a.context->count(tx_topic::missing) == 1);
    CHECK(*tx_topic::decode_hashes(a.context->sent.back().second) == std::vector{unknown});
    CHECK(f.give(a, tx_topic::graft, tx_topic::encode_hashes({tx.hash, unknown})).error() ==
          Offence::too_often);
}

TEST_CASE("a new peer hears of what is pooled; what a full lane refuses is announced later") {
    Fixture f;
    const auto first = tx_of(0);
    f.relay.submit({}, first.raw, [](auto) {});
    f.run_jobs();
    auto& a = f.connect();
    f.relay.on_timer({f.relay.next_wakeup(), {}});
    REQUIRE(a.context->count(tx_topic::announce) == 1);
    CHECK(*tx_topic::decode_hashes(a.context->sent.back().second) == std::vector{first.hash});
    a.context->full = true;
    const auto second = tx_of(1);
    f.relay.submit({}, second.raw, [](auto) {});
    f.run_jobs();
    CHECK(a.context->count(tx_topic::payload) == 0);
    a.context->full = false;
    f.relay.on_timer({Instant{10s}, {}});
    CHECK(a.context->count(tx_topic::announce) == 2);
}

TEST_CASE("a new peer hears of the whole pool in pages, what is mined first first") {
    TxRelayConfig config;
    config.backlog_page = 3;
    config.backlog_interval = 2s;
    Fixture f{config};
    auto put = [&](std::uint64_t seed, std::uint64_t nonce, std::uint64_t price) {
        const auto tx = testing::sign(testing::transfer(nonce, price), testing::secret_of(seed));
        f.relay.submit({}, tx.raw, [](auto) {});
        f.run_jobs();
        return tx.hash;
    };
    std::vector<Hash256> in_order;
    for (std::uint64_t i = 0; i < 8; ++i) in_order.push_back(put(i, 0, 9'000 - i));
    in_order.push_back(put(1, 7, 50'000));  // behind a gap
    auto& a = f.connect();
    const auto told_until = [&](Instant until) {
        while (f.relay.next_wakeup() <= until) {
            f.network.time = {f.relay.next_wakeup(), {}};
            a.context->time = f.network.time;
            f.relay.on_timer(f.network.time);
        }
        std::vector<Hash256> out;
        for (const auto& [code, message] : a.context->sent) {
            if (code != tx_topic::announce) continue;
            const auto hashes = *tx_topic::decode_hashes(message);
            out.insert(out.end(), hashes.begin(), hashes.end());
        }
        return out;
    };
    const auto first = [&](std::size_t n) {
        return std::vector(in_order.begin(), in_order.begin() + static_cast<std::ptrdiff_t>(n));
    };
    CHECK(told_until(Instant{1900ms}) == first(3));
    // What comes and goes meanwhile moves no page.
    f.pool.remove(in_order[0]);
    CHECK(told_until(Instant{3900ms}) == first(6));
    // A lane that is full has no more pages put on it.
    a.context->full = true;
    CHECK(told_until(Instant{7900ms}) == first(6));
    a.context->full = false;
    CHECK(told_until(Instant{20s}) == in_order);
    CHECK(f.relay.next_wakeup() > Instant{1min});
}

TEST_CASE("what moves up while a new peer is told of the pool is told as well") {
    TxRelayConfig config;
    config.backlog_page = 2;
    Fixture f{config};
    std::vector<Hash256> all;
    for (std::uint64_t i = 0; i < 5; ++i) {
        auto tx = testing::transfer(0, 9'000 - i);
        if (i == 4) {  // the last one at first, and the best at a base fee of 8,990
            tx.max_fee = to_uint256(90'000);
            tx.max_priority_fee = to_uint256(500);
        }
        tx = testing::sign(tx, testing::secret_of(i));
        all.push_back(tx.hash);
        f.relay.submit({}, tx.raw, [](auto) {});
    }
    f.run_jobs();
    auto& a = f.connect();
    f.relay.on_new_head({}, {.fork = Fork::london, .base_fee = to_uint256(8'990), .gas_limit = 1});
    for (Instant at{}; at < Instant{30s}; at += 100ms) {
        a.context->time = {at, {}};
        f.relay.on_timer({at, {}});
    }
    std::set<Hash256> told;
    for (const auto& [code, message] : a.context->sent) {
        const auto hashes = *tx_topic::decode_hashes(message);
        for (const auto& hash : hashes) CHECK(told.insert(hash).second);
    }
    CHECK(told == std::set(all.begin(), all.end()));
}

TEST_CASE("what the pool has for longer than the tree remembers is not fetched again") {
    TxRelayConfig config;
    config.tree.seen_items_max = 2;
    Fixture f{config};
    for (std::uint64_t i = 0; i < 4; ++i) f.relay.submit({}, tx_of(i).raw, [](auto) {});
    f.run_jobs();
    REQUIRE_FALSE(f.relay.tree().seen(tx_of(0).hash));
    auto& a = f.connect();
    REQUIRE(f.give(a, tx_topic::announce, tx_topic::encode_hashes({tx_of(0).hash, tx_of(9).hash})));
    CHECK(f.relay.tree().missing_items() == 1);
    CHECK(a.context->wasted < 10us);
    // And is told to others all the same.
    std::size_t told = 0;
    f.relay.on_timer({Instant{1s}, {}});
    for (const auto& [code, message] : a.context->sent) {
        if (code == tx_topic::announce) told += tx_topic::decode_hashes(message)->size();
    }
    CHECK(told == 4);
}

TEST_CASE("what leaves the pool is told on the hub, with the reason") {
    Fixture f;
    std::vector<std::pair<Hash256, DropReason>> dropped;
    const auto subscription = f.hub.subscribe<TxDropped>(
        [&](const TxDropped& event) { dropped.emplace_back(event.hash, event.reason); });
    for (std::uint64_t i = 0; i < 3; ++i) f.relay.submit({}, tx_of(i).raw, [](auto) {});
    f.run_jobs();
    const auto dearer = testing::sign(testing::transfer(1, 20'000'000'000), testing::secret_of(1));
    f.relay.submit({}, dearer.raw, [](auto) {});
    f.run_jobs();
    f.relay.on_refused(tx_of(2).hash);
    f.relay.on_refused(tx_of(2).hash);
    f.relay.on_timer({Instant{200h}, {}});
    f.hub.deliver();
    using Drop = std::pair<Hash256, DropReason>;
    REQUIRE(dropped.size() == 4);
    CHECK(dropped[0] == Drop{tx_of(1).hash, DropReason::replaced});
    CHECK(dropped[1] == Drop{tx_of(2).hash, DropReason::refused});
    CHECK(dropped[2].second == DropReason::expired);
    CHECK(f.pool.size() == 0);
    CHECK(name(DropReason::nonce_used) == "nonce used");
}

TEST_CASE("a head takes what was mined and brings back what was reverted, the own user's as such") {
    struct State final : AccountState {
        std::uint64_t nonce = 0;
        std::optional<Account> account(const Address&) const override {
            return Account{.nonce = nonce, .balance = to_uint256(1'000'000'000'000'000'000)};
        }
    } state;
    Fixture f{{}, {}, &state};
    std::vector<std::pair<Hash256, DropReason>> dropped;
    const auto subscription = f.hub.subscribe<TxDropped>(
        [&](const TxDropped& event) { dropped.emplace_back(event.hash, event.reason); });
    const auto own = tx_of(0);
    const auto foreign = tx_of(1);
    const auto sender = *recover_sender(own);
    f.relay.submit({}, own.raw, [](auto) {});
    auto& a = f.connect();
    REQUIRE(f.give(a, tx_topic::payload, foreign.raw));
    f.run_jobs();
    REQUIRE(f.pool.status().pending == 2);
    const auto other = testing::sign(testing::transfer(1, 99), testing::secret_of(1));
    NewHead head{.fork = Fork::london, .gas_limit = 30'000'000};
    head.mined = {{own, sender}, {other, sender}};
    state.nonce = 2;
    f.relay.on_new_head({}, head);
    f.hub.deliver();
    using Drop = std::pair<Hash256, DropReason>;
    CHECK(dropped ==
          std::vector<Drop>{{own.hash, DropReason::mined}, {foreign.hash, DropReason::nonce_used}});
    CHECK(f.pool.size() == 0);
    state.nonce = 0;
    head.reverted = std::exchange(head.mined, {});
    f.relay.on_new_head({}, head);
    REQUIRE(f.pool.status().pending == 2);
    CHECK(f.pool.find(own.hash)->local);
    CHECK_FALSE(f.pool.find(other.hash)->local);
}

TEST_CASE("what no block would take is refused with its reason, and no offence") {
    Fixture f;
    f.relay.use_objection([](const Transaction& tx, const Address&) -> std::optional<std::string> {
        if (tx.to) return std::nullopt;
        return "no receiver";
    });
    auto creation = testing::transfer(0);
    creation.to = std::nullopt;
    creation.gas_limit = 100'000;
    const auto raw = testing::sign(creation, testing::secret_of(1)).raw;
    std::string answer;
    f.relay.submit({}, raw,
                   [&](const auto& result) { answer = result ? "ok" : result.error().message; });
    f.run_jobs();
    CHECK(answer == "no receiver");
    auto& a = f.connect();
    auto other = creation;
    other.nonce = 1;
    REQUIRE(f.give(a, tx_topic::payload, testing::sign(other, testing::secret_of(1)).raw));
    f.run_jobs();
    CHECK(a.context->offences.empty());
    CHECK(a.context->wasted > 0ns);
    CHECK(f.pool.size() == 0);
    CHECK(f.relay.unchecked_bytes() == 0);
}

TEST_CASE("the own user's transactions are there after another start, and announced again") {
    MemoryStore store;
    const auto tx = tx_of(0);
    {
        Fixture f{{}, {}, nullptr, &store};
        f.relay.submit({}, tx.raw, [](auto) {});
        f.relay.submit({}, tx_of(1).raw, [](auto) {});
        f.run_jobs();
        f.relay.on_refused(tx_of(1).hash);
        f.run_jobs();
    }
    Fixture f{{}, {}, nullptr, &store};
    CHECK(f.relay.next_wakeup() == Instant{});
    f.relay.on_timer({});
    f.run_jobs();
    REQUIRE(f.pool.size() == 1);
    CHECK(f.pool.find(tx.hash)->local);
    auto& a = f.connect();
    const auto announced = [&](Instant from, Instant until) {
        a.context->sent.clear();
        for (Instant at = from; at < until; at += 1s) f.relay.on_timer({at, {}});
        return a.context->count(tx_topic::announce);
    };
    CHECK(announced(Instant{}, Instant{9min}) == 1);  // as to any new peer
    CHECK(announced(Instant{9min}, Instant{19min}) == 1);
    CHECK(announced(Instant{19min}, Instant{29min}) == 1);
    // What is refused now is not kept.
    Fixture late{{}, {}, nullptr, &store};
    late.relay.use_objection(
        [](const auto&, const auto&) { return std::optional{std::string{"no"}}; });
    late.relay.on_timer({});
    late.run_jobs();
    CHECK(late.pool.size() == 0);
    Fixture empty{{}, {}, nullptr, &store};
    CHECK(empty.relay.next_wakeup() == never);
}

TEST_CASE("what waits for its check is bounded, and what is dropped can come again") {
    TxRelayConfig config;
    config.checks = {.bytes_max = 1, .own_bytes_max = 1};
    Fixture f{config};
    auto& a = f.connect();
    const auto tx = tx_of(0);
    REQUIRE(f.give(a, tx_topic::payload, tx.raw));
    CHECK(f.jobs.take().empty());
    CHECK_FALSE(f.relay.tree().seen(tx.hash));
    // The own user's room is its own: one fits whatever its size, and the next is too many.
    std::vector<std::string> answers;
    for (std::uint64_t i = 0; i < 2; ++i) {
        f.relay.submit({}, tx_of(i).raw, [&](auto result) {
            answers.push_back(result ? "ok" : result.error().message);
        });
    }
    CHECK(answers == std::vector<std::string>{"too busy: try again later"});
    f.run_jobs();
    CHECK(answers.back() == "ok");
}

TEST_CASE(
    "the own user's come before what peers brought, and a peer's before the flood of another") {
    TxRelayConfig config;
    config.batch_max = 1;
    config.batches_max = 1;
    Fixture f{config};
    auto& flood = f.connect();
    auto& honest = f.connect();
    for (std::uint64_t i = 0; i < 20; ++i) REQUIRE(f.give(flood, tx_topic::payload, tx_of(i).raw));
    REQUIRE(f.give(honest, tx_topic::payload, tx_of(100).raw));
    f.relay.submit({}, tx_of(101).raw, [](auto) {});
    const auto check_one = [&] {
        auto taken = f.jobs.take();
        REQUIRE(taken.size() == 1);
        taken[0].run();
        f.jobs.finish(taken[0], {});
    };
    check_one();  // the flood's first was under way
    check_one();
    CHECK(f.pool.contains(tx_of(101).hash));
    check_one();
    CHECK(f.pool.contains(tx_of(100).hash));
    CHECK(f.pool.size() == 3);
    f.run_jobs();
    CHECK(f.relay.unchecked_bytes() == 0);
}

TEST_CASE("what a full pool refuses is neither checked nor fetched, until there is room") {
    const auto cost = [] {
        TxPool pool;
        pool.insert(tx_of(0), Address{}, {}, {});
        return pool.size_bytes();
    }();
    Fixture f{{}, {.bytes_max = 8 * cost}};
    auto& a = f.connect();
    for (std::uint64_t i = 0; i < 8; ++i) f.relay.submit({}, tx_of(i).raw, [](auto) {});
    f.run_jobs();
    REQUIRE(f.pool.size() == 8);
    const auto tx = tx_of(50);
    REQUIRE(f.give(a, tx_topic::payload, tx.raw));
    CHECK(f.jobs.take().empty());  // refused by price: no signature was looked at
    CHECK(f.relay.tree().seen(tx.hash));
    f.pool.remove(tx_of(0).hash);
    f.pool.remove(tx_of(1).hash);
    REQUIRE(f.give(a, tx_topic::payload, tx.raw));
    f.run_jobs();
    CHECK(f.pool.contains(tx.hash));
    CHECK(a.context->offences.empty());
}

TEST_CASE("who sends again what is known to be invalid is charged") {
    Fixture f;
    auto& a = f.connect();
    auto& b = f.connect();
    auto poor = testing::transfer(0);
    poor.gas_limit = 20'999;
    const auto raw = testing::sign(poor, testing::secret_of(1)).raw;
    CHECK(f.give(a, tx_topic::payload, raw).error() == Offence::invalid_data);
    CHECK(f.give(a, tx_topic::payload, raw).error() == Offence::useless);
    CHECK(f.give(b, tx_topic::payload, raw).error() == Offence::useless);
}

TEST_CASE("what a peer asks for is bounded in bytes; the rest is announced to it later") {
    TxRelayConfig config;
    config.uploads = {.bytes_per_second = 1, .bytes_burst = 250 + 5 * 33};
    Fixture f{config};
    std::vector<Hash256> hashes;
    for (std::uint64_t i = 0; i < 5; ++i) {
        const auto tx = tx_of(i);
        REQUIRE(tx.raw.size() > 100);
        hashes.push_back(tx.hash);
        f.relay.submit({}, tx.raw, [](auto) {});
    }
    f.run_jobs();
    auto& a = f.connect();
    REQUIRE(f.give(a, tx_topic::graft, tx_topic::encode_hashes(hashes)));
    CHECK(a.context->count(tx_topic::payload) == 2);
    CHECK(a.context->count(tx_topic::missing) == 0);
    f.relay.on_timer({Instant{10s}, {}});
    REQUIRE(a.context->sent.back().first == tx_topic::announce);
    CHECK(tx_topic::decode_hashes(a.context->sent.back().second)->size() == 3);
}

TEST_CASE("a new link brings nothing new: what may be asked for is the address's and its group's") {
    TxRelayConfig config;
    config.backlog_page = 0;
    config.uploads = {.bytes_per_second = 1, .bytes_burst = 250, .group_factor = 2};
    Fixture f{config};
    std::vector<Hash256> hashes;
    for (std::uint64_t i = 0; i < 5; ++i) {
        const auto tx = tx_of(i);
        hashes.push_back(tx.hash);
        f.relay.submit({}, tx.raw, [](auto) {});
    }
    f.run_jobs();
    const auto sent_to = [&](const std::string& address) {
        auto& peer = f.connect(*Endpoint::parse(address + ":30303"));
        REQUIRE(f.give(peer, tx_topic::graft, tx_topic::encode_hashes(hashes)));
        peer.handler->on_closed(transport::CloseReason::requested);
        return peer.context->count(tx_topic::payload);
    };
    CHECK(sent_to("50.1.2.3") == 2);
    CHECK(sent_to("50.1.2.3") == 0);
    CHECK(sent_to("50.1.2.4") == 2);
    CHECK(sent_to("50.1.2.5") == 0);  // the /24 has twice as much as an address
    CHECK(sent_to("50.1.3.3") == 2);
    // Neighbours at home are no group.
    for (int link = 0; link < 3; ++link) CHECK(sent_to("127.0.0.1") == 2);
    f.network.time = {Instant{1000s}, {}};
    CHECK(sent_to("50.1.2.3") == 2);
}

TEST_CASE("the backlog that a new link draws is paid by its address") {
    TxRelayConfig config;
    config.uploads = {.bytes_per_second = 1, .bytes_burst = 3 * 33};
    Fixture f{config};
    for (std::uint64_t i = 0; i < 3; ++i) f.relay.submit({}, tx_of(i).raw, [](auto) {});
    f.run_jobs();
    const auto told = [&](const std::string& address) {
        auto& peer = f.connect(*Endpoint::parse(address + ":30303"));
        f.relay.on_timer({Instant{1s}, {}});
        return std::pair{peer.context->count(tx_topic::announce), peer.context->wasted > 1us};
    };
    CHECK(told("50.1.2.3") == std::pair{std::size_t{1}, true});
    CHECK(told("50.1.2.3") == std::pair{std::size_t{0}, false});
    CHECK(told("50.1.3.3") == std::pair{std::size_t{1}, true});
}

TEST_CASE("what is of no use is noted as waste, what is news is not") {
    Fixture f;
    auto& a = f.connect();
    auto& b = f.connect();
    const auto wasted = [&](Fixture::Peer& peer) {
        return std::exchange(peer.context->wasted, Duration{});
    };
    const auto tx = tx_of(0);
    REQUIRE(f.give(a, tx_topic::payload, tx.raw));
    f.run_jobs();
    CHECK(wasted(a) == 0ns);
    REQUIRE(f.give(a, tx_topic::payload, tx.raw));
    const auto small_copy = wasted(a);
    CHECK(small_copy >= 1us);
    auto large = testing::transfer(1);
    large.gas_limit = 2'000'000;
    large.data = SharedBytes::own(Buffer(100'000));
    const auto signed_large = testing::sign(large, testing::secret_of(1));
    REQUIRE(f.give(a, tx_topic::payload, signed_large.raw));
    REQUIRE(f.give(b, tx_topic::payload, signed_large.raw));  // while it is checked
    CHECK(wasted(b) >= 100 * small_copy);
    f.run_jobs();

    std::vector<Hash256> hashes;
    for (std::uint64_t i = 100; i < 200; ++i) hashes.push_back(tx_of(i).hash);
    const auto list = tx_topic::encode_hashes(hashes);
    wasted(a);
    REQUIRE(f.give(a, tx_topic::announce, list));
    REQUIRE(f.give(b, tx_topic::announce, list));
    CHECK(wasted(a) + wasted(b) == 0ns);
    REQUIRE(f.give(a, tx_topic::announce, list));
    CHECK(wasted(a) == 100 * 200ns);
    REQUIRE(f.give(a, tx_topic::missing, list));  // nobody asked
    CHECK(wasted(a) == 100 * 200ns);
    REQUIRE(f.give(a, tx_topic::graft, list));  // nothing is here
    CHECK(wasted(a) == 100 * 200ns);
    REQUIRE(f.give(a, tx_topic::prune, {}));
    CHECK(wasted(a) > 0ns);
    CHECK(a.context->offences.empty());
}

TEST_CASE("checks gather in batches, and come back safely after the relay is gone") {
    auto f = std::make_unique<Fixture>();
    auto& a = f->connect();
    for (std::uint64_t i = 0; i < 10; ++i) REQUIRE(f->give(a, tx_topic::payload, tx_of(i).raw));
    auto jobs = f->jobs.take();
    CHECK(jobs.size() == 2);  // the first two start at once, the others wait together
    JobQueue other{8};
    f.reset();
    for (auto& job : jobs) {
        job.run();
        job.done({});
    }
}
