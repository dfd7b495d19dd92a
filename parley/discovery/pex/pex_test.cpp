#include <parley/discovery/pex/pex.hpp>

#include <parley/discovery/test_discovery.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::discovery;
using namespace parley::discovery::test;
using transport::Code;
using transport::Direction;
using transport::Offence;
using transport::SendResult;

namespace {

/// A link to node `n` as the module sees it, with a clock for all of a test.
class FakeContext final : public transport::Context {
public:
    FakeContext(std::uint32_t n, const Endpoint& endpoint, const Now& clock)
        : id_(test::id(n)),
          hello_(hello_of(record(n, endpoint))),
          endpoint_(endpoint),
          clock_(clock) {}

    const NodeId& id() const override { return id_; }
    const transport::Hello& hello() const override { return hello_; }
    const Endpoint& endpoint() const override { return endpoint_; }
    Direction direction() const override { return Direction::inbound; }
    Now now() const override { return clock_; }
    SendResult send(Code code, SharedBytes message) override {
        if (full) return SendResult::full;
        sent.emplace_back(code, to_buffer(message));
        return SendResult::queued;
    }
    std::size_t message_bytes_max() const override { return bytes_max; }
    void mark_useful() override {}
    void penalise(Offence offence) override { offences.push_back(offence); }
    void disconnect() override {}

    std::vector<std::pair<Code, Buffer>> sent;
    std::vector<Offence> offences;
    bool full = false;
    std::size_t bytes_max = 16 * 1024;

private:
    NodeId id_;
    transport::Hello hello_;
    Endpoint endpoint_;
    const Now& clock_;
};

struct Fixture {
    explicit Fixture(BookConfig book_config = {}, PexConfig config = {})
        : book(make_book(book_config)),
          pex(config, book, hub, no_log(), Rng{5}),
          grew(hub.subscribe<BookGrew>([this](const BookGrew& e) { grown += e.entries; })) {}

    /// Nodes that the book knows to be alive.
    void know(std::uint32_t from, std::uint32_t to) {
        for (std::uint32_t n = from; n <= to; ++n) {
            const std::uint32_t source = 1000 + n / 100;
            book.add_record(now, record(n), heard_from(source));
            book.on_turned_away(now, id(n), transport::CloseReason::too_many_peers);
        }
    }
    void advance_to(Duration since_start) {
        now = at(since_start);
        if (pex.next_wakeup() <= now.instant) pex.on_timer(now);
    }
    static transport::Message message(Bytes bytes) { return transport::Message{to_buffer(bytes)}; }

    Now now = at(0s);
    Hub hub;
    AddressBook book;
    Pex pex;
    Hub::Subscription grew;
    std::size_t grown = 0;
};

/// One asking and answering peer, public unless told otherwise.
struct PeerOf {
    PeerOf(Fixture& f, std::uint32_t n, const Endpoint& endpoint)
        : context(n, endpoint, f.now), handler(f.pex.new_peer(context)) {}
    PeerOf(Fixture& f, std::uint32_t n) : PeerOf(f, n, public_endpoint(n)) {}

    std::vector<GetPeers> asks() const {
        std::vector<GetPeers> out;
        for (const auto& [code, bytes] : context.sent) {
            if (code == pex_get_peers) out.push_back(*decode_get_peers(bytes));
        }
        return out;
    }
    Result<void, Offence> say(const std::vector<Enr>& records, std::uint64_t request) {
        std::vector<Bytes> raw;
        for (const Enr& r : records) raw.push_back(r.raw());
        return handler->handle(pex_peers, Fixture::message(encode_peers(request, raw)));
    }
    /// Asks and returns what was answered.
    std::vector<NodeId> ask(std::uint16_t count = 32) {
        context.sent.clear();
        REQUIRE(handler->handle(pex_get_peers, Fixture::message(encode(GetPeers{77, count}))));
        REQUIRE(context.sent.size() == 1);
        REQUIRE(context.sent[0].first == pex_peers);
        const auto peers = *decode_peers(context.sent[0].second);
        CHECK(peers.request == 77);
        std::vector<NodeId> ids;
        for (const Bytes raw : peers.records) ids.push_back(Enr::decode(raw)->id());
        return ids;
    }

    FakeContext context;
    std::unique_ptr<transport::TopicHandler> handler;
};

}  // namespace

TEST_CASE("a link is asked at once, soon again, then ever more seldom") {
    PexConfig config;
    config.hungry_below = 0;
    Fixture f{{}, config};
    PeerOf peer{f, 1};
    std::vector<Duration> asked_at;
    for (Duration t = 0s; t < 12min; t += 100ms) {
        f.advance_to(t);
        const auto asks = peer.asks();
        if (asks.size() == asked_at.size()) continue;
        asked_at.push_back(t);
        CHECK(peer.say({}, asks.back().request));
    }
    REQUIRE(asked_at.size() >= 8);
    CHECK(asked_at[0] == 0s);
    CHECK(asked_at[1] >= 2s);
    CHECK(asked_at[1] <= 3100ms);
    for (std::size_t i = 2; i < asked_at.size(); ++i) {
        const Duration gap = asked_at[i] - asked_at[i - 1];
        const Duration expected = std::min<Duration>(2500ms * (1 << (i - 1)), 4min);
        CHECK(gap >= expected * 8 / 10);
        CHECK(gap <= expected * 12 / 10 + 200ms);
    }
    CHECK(peer.context.offences.empty());
}

TEST_CASE("peers do not draw from one stream: who sees one's numbers knows no other's") {
    Fixture f;
    PeerOf one{f, 1};
    PeerOf two{f, 2};
    f.advance_to(0s);
    CHECK(one.asks().at(0).request != two.asks().at(0).request);
}

TEST_CASE("a hungry book asks every some seconds") {
    Fixture f;
    PeerOf peer{f, 1};
    for (Duration t = 0s; t < 2min; t += 100ms) {
        f.advance_to(t);
        const auto asks = peer.asks();
        if (!asks.empty()) (void)peer.say({}, asks.back().request);
    }
    CHECK(peer.asks().size() >= 11);
    CHECK(peer.asks().size() <= 17);
}

TEST_CASE("what is advertised goes into the book, with who advertised it") {
    Fixture f;
    PeerOf peer{f, 1};
    f.advance_to(0s);
    const std::uint64_t request = peer.asks().at(0).request;
    CHECK(peer.say({record(2), record(3), record(0), record(1)}, request));
    f.hub.deliver();
    CHECK(f.grown == 3);
    CHECK(f.book.size() == 3);  // not ourselves
    CHECK(f.book.find(id(2))->source.kind == SourceKind::pex);
    CHECK(peer.context.offences.empty());
    SUBCASE("again: nothing new") {
        f.advance_to(4s);
        CHECK(peer.say({record(2), record(3)}, peer.asks().at(1).request));
        CHECK(f.pex.counters().records_new == 3);
    }
    SUBCASE("a newer record counts") {
        f.advance_to(4s);
        CHECK(peer.say({record(2, public_endpoint(9), 2)}, peer.asks().at(1).request));
        CHECK(f.book.find(id(2))->endpoint() == public_endpoint(9));
    }
}

TEST_CASE("lists that were not asked for, late, or too long") {
    Fixture f;
    PeerOf peer{f, 1};
    CHECK(peer.say({}, 5).error() == Offence::unasked);
    f.advance_to(0s);
    const std::uint64_t first = peer.asks().at(0).request;
    CHECK(peer.say({}, first + 1).error() == Offence::unasked);
    SUBCASE("the same answer twice") {
        CHECK(peer.say({record(2)}, first));
        CHECK(peer.say({record(3)}, first).error() == Offence::unasked);
        CHECK(f.book.size() == 1);
    }
    SUBCASE("no answer is an offence, a late one is still taken, once") {
        f.advance_to(19s);
        CHECK(peer.context.offences.empty());
        f.advance_to(20s);
        CHECK(peer.context.offences == std::vector{Offence::useless});
        CHECK(peer.asks().size() == 2);
        CHECK(peer.say({record(2)}, first));
        CHECK(peer.say({record(3)}, first).error() == Offence::unasked);
        CHECK(peer.say({record(4)}, peer.asks().at(1).request));
        CHECK(f.book.size() == 2);
    }
    SUBCASE("more than asked") {
        PexConfig config;
        config.records_per_request = 2;
        Fixture few{{}, config};
        PeerOf other{few, 1};
        few.advance_to(0s);
        CHECK(other.say({record(2), record(3), record(4)}, other.asks().at(0).request).error() ==
              Offence::malformed);
        CHECK(few.book.size() == 0);
    }
}

TEST_CASE("bad lists are offences, each of its kind") {
    Fixture f;
    PeerOf peer{f, 1};
    f.advance_to(0s);
    const std::uint64_t request = peer.asks().at(0).request;
    const auto handle = [&](Code code, const Buffer& bytes) {
        return peer.handler->handle(code, Fixture::message(bytes)).error();
    };
    CHECK(handle(3, {}) == Offence::protocol);
    CHECK(handle(pex_peers, *from_hex("c3")) == Offence::malformed);
    CHECK(handle(pex_get_peers, *from_hex("c2012100")) == Offence::malformed);
    SUBCASE("a record whose signature does not fit") {
        Buffer bad = to_buffer(record(3).raw());
        bad[10] ^= std::byte{1};
        const Enr good = record(2);
        const std::vector<Bytes> records{good.raw(), bad};
        CHECK(handle(pex_peers, encode_peers(request, records)) == Offence::invalid_data);
        CHECK(f.book.find(id(2)));
        CHECK(f.book.size() == 1);
    }
    SUBCASE("records of another network are of no use, but cost little") {
        const Enr strange = record(2, public_endpoint(2), 1, network + 1);
        CHECK(peer.say({strange, record(3), strange}, request));
        CHECK(peer.context.offences == std::vector{Offence::useless});
        CHECK(f.book.size() == 1);
    }
}

TEST_CASE("who asks too often is advertised nothing") {
    Fixture f;
    f.know(10, 15);
    PeerOf peer{f, 1};
    for (int i = 0; i < 4; ++i) CHECK(peer.ask().size() == 6);
    const Buffer again = encode(GetPeers{1, 1});
    CHECK(peer.handler->handle(pex_get_peers, Fixture::message(again)).error() ==
          Offence::too_often);
    f.now = at(1100ms);
    CHECK(peer.ask().size() == 6);
}

TEST_CASE("asking again learns nothing new, until the cache is over") {
    Fixture f;
    f.know(10, 209);
    PeerOf peer{f, 1};
    PeerOf other{f, 2};
    const auto first = peer.ask();
    CHECK(first.size() == 32);
    CHECK(std::set<NodeId>(first.begin(), first.end()).size() == 32);
    f.now = at(60s);
    CHECK(peer.ask() == first);
    CHECK(other.ask() == first);
    CHECK(peer.ask(5) == std::vector<NodeId>(first.begin(), first.begin() + 5));
    f.now = at(5min);
    CHECK(peer.ask() != first);
}

TEST_CASE("a short answer grows with the book, up to its size") {
    Fixture f;
    PeerOf peer{f, 1};
    CHECK(peer.ask().empty());
    f.know(10, 12);
    f.now = at(1s);
    const auto three = peer.ask();
    CHECK(three.size() == 3);
    f.know(13, 60);
    f.now = at(2s);
    const auto more = peer.ask();
    CHECK(more.size() == 32);
    CHECK(std::equal(three.begin(), three.end(), more.begin()));
}

TEST_CASE("only living nodes are advertised, never the asker, never who is secret") {
    Fixture f;
    f.know(10, 14);
    f.book.add_record(f.now, record(20), heard_from(3));  // never heard of by ourselves
    f.book.set_secret(id(11), true);
    for (int i = 0; i < 3; ++i) f.book.on_dial_failed(f.now, id(12));
    PeerOf peer{f, 13};
    const auto advertised = peer.ask();
    CHECK(std::set<NodeId>(advertised.begin(), advertised.end()) ==
          std::set<NodeId>{id(10), id(14)});
    f.book.set_secret(id(10), true);  // also when it is in the cache
    CHECK(peer.ask() == std::vector{id(14)});
    // The newest record, not the one that was cached.
    f.book.add_record(f.now, record(14, 9), heard_from(3));
    f.now = at(3s);
    (void)peer.ask();
    const auto peers = *decode_peers(peer.context.sent[0].second);
    CHECK(Enr::decode(peers.records.at(0))->sequence() == 9);
    f.now = at(25h);
    CHECK(peer.ask().empty());
}

TEST_CASE("private addresses stay in private networks") {
    BookConfig config;
    config.allow_private = true;
    Fixture f{config};
    const auto know = [&](std::uint32_t n, std::string_view endpoint) {
        const Endpoint where = *Endpoint::parse(endpoint);
        REQUIRE(f.book.add_record(f.now, record(n, where), by_user) == AddResult::added);
        f.book.on_connected(f.now, id(n), Direction::outbound, where);
    };
    know(10, "20.1.1.1:1");
    know(11, "192.168.0.7:1");
    know(12, "127.0.0.1:1");
    PeerOf outside{f, 1};
    PeerOf site{f, 2, *Endpoint::parse("192.168.0.9:5")};
    PeerOf machine{f, 3, *Endpoint::parse("127.0.0.1:5")};
    const auto sorted = [](std::vector<NodeId> ids) {
        return std::set<NodeId>(ids.begin(), ids.end());
    };
    CHECK(sorted(outside.ask()) == std::set{id(10)});
    CHECK(sorted(site.ask()) == std::set{id(10), id(11)});
    CHECK(sorted(machine.ask()) == std::set{id(10), id(11), id(12)});
    // Nor are they believed from outside.
    f.advance_to(0s);
    CHECK(outside.say({record(20, loopback_endpoint(1)), record(21)},
                      outside.asks().empty() ? 0 : outside.asks().at(0).request));
    CHECK_FALSE(f.book.find(id(20)));
    CHECK(f.book.find(id(21)));
    CHECK(outside.context.offences.empty());
}

TEST_CASE("a record with two families is judged by the one that more can reach") {
    const auto both = [](std::uint32_t n, std::string_view four, std::string_view six) {
        ParleyEntry entry;
        entry.network_id = network;
        return *EnrBuilder{1}
                    .ip(*IpAddress::parse(four))
                    .ip(*IpAddress::parse(six))
                    .tcp(1)
                    .parley(entry)
                    .sign(key(n));
    };
    Fixture f;
    PeerOf outside{f, 1};
    f.advance_to(0s);
    // Private at home in IPv4, and public in IPv6; the other way; and in no way public.
    CHECK(outside.say({both(20, "192.168.0.7", "2600::20"), both(21, "20.9.1.1", "fd00::1"),
                       both(22, "192.168.0.7", "fd00::1")},
                      outside.asks().at(0).request));
    REQUIRE(f.book.find(id(20)));
    CHECK(f.book.find(id(20))->endpoint() == *Endpoint::parse("[2600::20]:1"));
    REQUIRE(f.book.find(id(21)));
    CHECK(f.book.find(id(21))->endpoint() == *Endpoint::parse("20.9.1.1:1"));
    CHECK_FALSE(f.book.find(id(22)));
    for (const auto n : {20U, 21U}) {
        f.book.on_connected(f.now, id(n), Direction::outbound, f.book.find(id(n))->endpoint());
    }
    PeerOf asker{f, 3};
    const auto told = asker.ask();
    CHECK(std::set<NodeId>(told.begin(), told.end()) == std::set{id(20), id(21)});
}

TEST_CASE("answers fit the peer's limit and wait for room on the lane") {
    Fixture f;
    f.know(10, 60);
    PeerOf peer{f, 1};
    peer.context.bytes_max = 1000;
    const auto few = peer.ask();
    CHECK(few.size() >= 4);
    CHECK(peer.context.sent[0].second.size() <= 1000);

    PeerOf slow{f, 2};
    slow.context.full = true;
    CHECK(slow.handler->handle(pex_get_peers, Fixture::message(encode(GetPeers{5, 3}))));
    f.advance_to(0s);  // its own ask finds no room either
    CHECK(slow.context.sent.empty());
    slow.context.full = false;
    slow.handler->on_writable();
    REQUIRE(slow.context.sent.size() == 1);
    CHECK(decode_peers(slow.context.sent[0].second)->request == 5);
    slow.handler->on_writable();
    CHECK(slow.context.sent.size() == 1);
    f.advance_to(4s);
    CHECK(slow.asks().size() == 1);
}

TEST_CASE("a closed link is neither asked nor waited for") {
    Fixture f;
    PeerOf peer{f, 1};
    f.advance_to(0s);
    CHECK(f.pex.next_wakeup() != never);
    peer.handler->on_closed(transport::CloseReason::requested);
    CHECK(f.pex.next_wakeup() == never);
    peer.handler.reset();
    f.advance_to(1min);
    CHECK(peer.asks().size() == 1);
}

namespace {

std::vector<NodeId> alternatives(Fixture& f, std::uint32_t caller, const Enr& record) {
    std::vector<NodeId> ids;
    for (const Enr& other : f.pex.alternatives(f.now, public_endpoint(caller).address, record, 8)) {
        ids.push_back(other.id());
    }
    return ids;
}
std::vector<NodeId> alternatives(Fixture& f, std::uint32_t caller) {
    return alternatives(f, caller, record(caller));
}

}  // namespace

TEST_CASE("alternatives: a group learns nothing by asking again, others are advertised of others") {
    Fixture f;
    f.know(10, 99);
    // Not from its record's address, hence not advertised itself.
    const auto first = alternatives(f, 2, record(1));
    CHECK(first.size() == 8);
    CHECK(alternatives(f, 2, record(1)) == first);
    std::set<NodeId> all(first.begin(), first.end());
    for (std::uint32_t caller = 3; caller < 9; ++caller) {
        for (const auto& id : alternatives(f, caller, record(1))) all.insert(id);
    }
    CHECK(all.size() > 30);
    f.now = at(10min);
    CHECK(alternatives(f, 2, record(1)) != first);
}

TEST_CASE("alternatives: callers turned away hear of one another, for a while") {
    Fixture f;
    f.know(10, 12);
    CHECK(alternatives(f, 1).size() == 3);
    auto advertised = alternatives(f, 2);
    CHECK(advertised.size() == 4);
    CHECK(advertised.front() == id(1));
    // At most half, the last ones first, and no caller gets itself.
    for (std::uint32_t caller = 3; caller < 9; ++caller) alternatives(f, caller);
    advertised = alternatives(f, 8);
    CHECK(std::vector(advertised.begin(), advertised.begin() + 4) ==
          std::vector{id(7), id(6), id(5), id(4)});
    f.now = at(2min);
    CHECK(alternatives(f, 9).size() == 3);
}

TEST_CASE(
    "alternatives: a caller that is secret is advertised to nobody, though it was turned away") {
    Fixture f;
    f.book.set_secret(id(1), true);
    alternatives(f, 1);
    CHECK(alternatives(f, 2).empty());
    CHECK(alternatives(f, 3) == std::vector{id(2)});
}

TEST_CASE("alternatives: many in one network do not crowd others out") {
    Fixture f;
    f.know(10, 18);
    const auto crowded = [](std::uint32_t n) {
        const auto host = std::to_string(n % 250 + 1);
        return record(n, *Endpoint::parse("99.9." + std::to_string(n / 250) + "." + host + ":1"));
    };
    for (std::uint32_t n = 1000; n < 1100; ++n) {
        f.book.add_record(f.now, crowded(n), heard_from(n));
        f.book.on_turned_away(f.now, id(n), transport::CloseReason::too_many_peers);
        f.pex.alternatives(f.now, crowded(n).tcp_endpoint()->address, crowded(n), 8);
    }
    const auto advertised = alternatives(f, 1);
    CHECK(advertised.size() == 8);
    CHECK(std::ranges::count_if(advertised, [](const NodeId& who) {
              for (std::uint32_t n = 10; n < 18; ++n) {
                  if (who == id(n)) return true;
              }
              return false;
          }) >= 5);
}

TEST_CASE("alternatives: the callers that are remembered are bounded") {
    PexConfig config;
    config.turned_away_max = 2;
    Fixture f{{}, config};
    for (std::uint32_t caller = 1; caller < 9; ++caller) alternatives(f, caller);
    CHECK(alternatives(f, 20) == std::vector{id(8), id(7)});
}
