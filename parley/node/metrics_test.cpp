#include <parley/p2p/metrics.hpp>

#include <parley/chain/types/test_transactions.hpp>
#include <parley/discovery/discv5/test_speaker.hpp>
#include <parley/node/rpc/test_driven_node.hpp>
#include <parley/node/rpc/test_rpc.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>

using namespace parley;
using namespace parley::node;
namespace json = boost::json;

namespace {

/// The text format, read strictly.
struct Scrape {
    std::map<std::string, std::string> types;  ///< by metric
    std::map<std::string, double> values;      ///< by series, with labels
    std::set<std::string> helps;

    explicit Scrape(const std::string& text) {
        static const std::regex sample{
            R"(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (\S+))"};
        std::istringstream lines{text};
        std::string line;
        std::string family;
        while (std::getline(lines, line)) {
            std::istringstream words{line};
            std::string hash, kind, name, rest;
            words >> hash >> kind >> name;
            std::getline(words >> std::ws, rest);
            if (line.starts_with("# HELP ")) {
                CHECK_MESSAGE(rest.ends_with('.'), line);
                CHECK(helps.insert(name).second);
                continue;
            }
            if (line.starts_with("# TYPE ")) {
                CHECK(types.emplace(name, rest).second);
                family = name;
                continue;
            }
            std::smatch part;
            REQUIRE_MESSAGE(std::regex_match(line, part, sample), line);
            CHECK_MESSAGE(part.str(1).starts_with(family), line);
            CHECK(values.emplace(part.str(1) + part.str(2), std::stod(part.str(4))).second);
        }
    }
    double at(const std::string& series) const {
        const auto found = values.find(series);
        REQUIRE_MESSAGE(found != values.end(), series);
        return found->second;
    }
};

Scrape scrape(RpcNode& node, const p2p::DriverFigures& driver = {}) {
    p2p::Metrics metrics;
    collect_metrics(metrics, *node.node, node.now, driver);
    node.node->chain().collect_metrics(metrics);
    return Scrape{metrics.text()};
}

/// Of the DHT, at 127.0.0.1:9001, for a node at 127.0.0.1:9000.
struct OtherNode {
    explicit OtherNode(RpcNode& its_peer) : node(its_peer) {}

    void talk_for(Duration time) {
        for (const auto end = node.now.instant + time; node.now.instant < end;) {
            node.now.instant += 100ms;
            node.node->on_timer(node.now);
            service.on_timer(node.now);
            while (pass_on()) {
            }
        }
    }

    RpcNode& node;
    Endpoint endpoint = *Endpoint::parse("127.0.0.1:9001");
    SeededEntropy entropy{7};
    NodeKey key = discovery::discv5::testing::key_of(7);
    discovery::discv5::Service service{
        {}, key, discovery::discv5::testing::record_of(key, endpoint), entropy, Rng{7}};
    bool silent = false;

private:
    /// False if nothing was on the way.
    bool pass_on() {
        DatagramBatch there;
        node.node->take_datagrams(there);
        for (std::size_t i = 0; i < there.size(); ++i) {
            if (!silent) service.on_datagram(node.now, node.config.p2p.listen.front(), there[i]);
        }
        DatagramBatch back;
        const auto& out = service.outbox();
        for (std::size_t i = 0; i < out.size(); ++i) back.add(endpoint, out[i]);
        service.outbox().clear();
        if (!silent) node.node->on_datagrams(node.now, back);
        return !there.empty() || !back.empty();
    }
};

void collect_texts(const json::value& value, std::string_view key, std::vector<std::string>& out) {
    if (const auto* array = value.if_array()) {
        for (const auto& element : *array) collect_texts(element, key, out);
    }
    const auto* object = value.if_object();
    if (object == nullptr) return;
    for (const auto& [name, member] : *object) {
        if (name == key && member.is_string()) out.emplace_back(member.get_string());
        collect_texts(member, key, out);
    }
}

std::string read_file(const std::string& path) {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

TEST_CASE("metrics: each has a help text and a type, and is named by its kind") {
    RpcNode node{listening()};
    const auto seen = scrape(node);
    CHECK(seen.types.size() >= 20);
    for (const auto& [name, type] : seen.types) {
        CAPTURE(name);
        CHECK(seen.helps.contains(name));
        CHECK((name.starts_with("parley_") || name.starts_with("process_")));
        CHECK((type == "counter") == name.ends_with("_total"));
    }
    CHECK(seen.helps.size() == seen.types.size());
}

TEST_CASE("metrics: what the node knows is what they say") {
    RpcNode node;
    node.send(chain::testing::sign(
        [] {
            auto tx = chain::testing::transfer(0);
            tx.chain_id = 7700;
            return tx;
        }(),
        chain::testing::secret_of(1)));
    node.node->ban(node.now, {exact_group(*IpAddress::parse("10.0.0.1")),
                              node.now.unix_time + std::chrono::hours{1}, "test"});
    CHECK_FALSE(node.node->links().on_accept(node.now, *Endpoint::parse("10.0.0.1:5")));
    const auto caller = node.node->links().on_accept(node.now, *Endpoint::parse("10.0.0.2:5"));
    REQUIRE(caller);
    auto seen = scrape(node);
    CHECK(seen.at(R"(parley_links{direction="inbound",class="ordinary"})") == 0);
    CHECK(seen.at(R"(parley_slots_in_use{kind="handshake_in"})") == 1);
    CHECK(seen.at(R"(parley_slots_limit{kind="inbound"})") == 40);
    CHECK(seen.at(R"(parley_accepts_refused_total{reason="banned"})") == 1);
    CHECK(seen.at("parley_accepts_total") == 1);
    CHECK(seen.at(R"(parley_bans{kind="address"})") == 1);
    CHECK(seen.at("parley_pool_transactions") == 1);
    CHECK(seen.at("parley_pool_bytes") == static_cast<double>(node.node->pool().size_bytes()));
    CHECK(seen.at("parley_transactions_added_total") == 1);
    CHECK(seen.at(R"(parley_lane_queued_bytes{topic="tx"})") == 0);
    CHECK(seen.at(R"(parley_handshakes_total{direction="inbound",result="up"})") == 0);
    node.node->links().on_event(
        node.now, *caller,
        transport::Closed{transport::CloseReason::handshake_timeout, "", std::nullopt, 0, 0});
    seen = scrape(node);
    CHECK(seen.at(R"(parley_handshakes_total{direction="inbound",result="handshake_timeout"})") ==
          1);
    CHECK(seen.at(R"(parley_slots_in_use{kind="handshake_in"})") == 0);
}

TEST_CASE("metrics: the DHT's say what another node saw of it; without it there are none") {
    RpcNode outside;
    for (const auto& [name, type] : scrape(outside).types) {
        CHECK_FALSE(name.starts_with("parley_dht_"));
    }

    RpcNode node{listening()};
    OtherNode other{node};
    node.result("discv5_addEnr", "[\"" + other.service.record().to_text() + "\"]",
                rpc::Origin::unix_socket);
    auto seen = scrape(node);
    CHECK(seen.at(R"(parley_dht_nodes{state="heard"})") == 1);
    CHECK(seen.at(R"(parley_dht_nodes{state="checked"})") == 0);
    for (int i = 0; i < 3; ++i) {
        const auto us = *discovery::discv5::Contact::of(node.node->record());
        other.service.ping(node.now, us, [](Now, const auto& answer) { CHECK(answer); });
    }
    other.talk_for(5s);
    seen = scrape(node);
    const auto& theirs = other.service.counters();
    const auto answered = seen.at(R"(parley_dht_requests_total{result="answered"})");
    CHECK(answered == static_cast<double>(theirs.answered));
    CHECK(answered > 0);
    CHECK(theirs.answers > 0);
    CHECK(seen.at("parley_dht_requests_answered_total") == static_cast<double>(theirs.answers));
    CHECK(seen.at("parley_dht_packets_sent_total") == static_cast<double>(theirs.packets_in));
    CHECK(seen.at("parley_dht_packets_received_total") == static_cast<double>(theirs.packets_out));
    CHECK(seen.at("parley_dht_handshakes_total") == static_cast<double>(theirs.handshakes));
    CHECK(seen.at("parley_dht_sessions") == 1);
    CHECK(seen.at("parley_dht_lookups") == 0);
    CHECK(seen.at(R"(parley_dht_nodes{state="heard"})") == 0);
    CHECK(seen.at(R"(parley_dht_nodes{state="checked"})") == 1);
    CHECK(seen.at(R"(parley_dht_nodes{state="waiting"})") == 0);
    CHECK(seen.at(R"(parley_dht_requests_total{result="timed_out"})") == 0);
    CHECK(seen.at(R"(parley_dht_packets_dropped_total{reason="unreadable"})") == 0);

    // It falls silent while it is asked, and somebody sends what nobody can read.
    std::optional<std::string> reply;
    node.rpc->handle(
        node.now,
        R"({"jsonrpc":"2.0","id":1,"method":"discv5_recursiveFindNodes","params":["0x)" +
            std::string(64, '0') + R"("]})",
        rpc::Origin::http, [&](std::string text) { reply = std::move(text); });
    CHECK(scrape(node).at("parley_dht_lookups") == 1);
    other.silent = true;
    other.talk_for(5s);
    CHECK(reply);
    DatagramBatch noise;
    noise.add(other.endpoint, Buffer(100, std::byte{1}));
    node.node->on_datagrams(node.now, noise);
    seen = scrape(node);
    CHECK(seen.at(R"(parley_dht_requests_total{result="timed_out"})") >= 1);
    CHECK(seen.at(R"(parley_dht_packets_dropped_total{reason="unreadable"})") == 1);
    CHECK(seen.at(R"(parley_dht_packets_dropped_total{reason="over_limit"})") == 0);

    DatagramBatch flood;
    discovery::discv5::testing::Speaker stranger{9, *Endpoint::parse("127.0.0.1:9009")};
    for (int i = 0; i < 410; ++i) {
        flood.add(stranger.endpoint, stranger.random_packet(node.node->id()));
    }
    node.now.instant += 10s;  // what this address is allowed is whole again
    node.node->on_datagrams(node.now, flood);
    CHECK(scrape(node).at(R"(parley_dht_packets_dropped_total{reason="over_limit"})") == 10);
}

TEST_CASE("metrics: the histogram is cumulative, and its bounds are included") {
    p2p::DriverFigures driver{.process_started = UnixTime{1'700'000'000'500ms}};
    for (const Duration delay : {Duration{0}, Duration{100us}, Duration{101us}, Duration{10s}}) {
        driver.loop_delay.observe(delay);
    }
    RpcNode node;
    const auto seen = scrape(node, driver);
    CHECK(seen.at(R"(parley_event_loop_delay_seconds_bucket{le="0.0001"})") == 2);
    CHECK(seen.at(R"(parley_event_loop_delay_seconds_bucket{le="0.00025"})") == 3);
    CHECK(seen.at(R"(parley_event_loop_delay_seconds_bucket{le="5"})") == 3);
    CHECK(seen.at(R"(parley_event_loop_delay_seconds_bucket{le="+Inf"})") == 4);
    CHECK(seen.at("parley_event_loop_delay_seconds_count") == 4);
    CHECK(seen.at("parley_event_loop_delay_seconds_sum") == doctest::Approx(10.000201));
    CHECK(seen.at("process_start_time_seconds") == doctest::Approx(1'700'000'000.5).epsilon(1e-12));
}

TEST_CASE("metrics: the dashboard asks for no other, and the page lists them all") {
    RpcNode node{listening()};
    const auto seen = scrape(node);
    node::testing::DrivenNode with_blocks;
    with_blocks.open({}, node::testing::solo_chain(1));
    p2p::Metrics of_chain;
    with_blocks.node->chain().collect_metrics(of_chain);
    std::set<std::string> exposed;
    for (const auto& types : {seen.types, Scrape{of_chain.text()}.types}) {
        for (const auto& [name, type] : types) {
            exposed.insert(name);
            if (type != "histogram") continue;
            for (const auto* part : {"_bucket", "_sum", "_count"}) exposed.insert(name + part);
        }
    }
    const std::string docs = std::string{PARLEY_SOURCE_DIR} + "/docs/";
    const auto dashboard = json::parse(read_file(docs + "grafana/parley.json"));
    std::vector<std::string> queries;
    collect_texts(dashboard, "expr", queries);
    collect_texts(dashboard, "query", queries);
    CHECK(queries.size() > 20);
    static const std::regex metric{R"(\b(parley|process)_[a-z0-9_]+)"};
    std::set<std::string> asked;
    for (const auto& query : queries) {
        for (std::sregex_iterator at{query.begin(), query.end(), metric}, end; at != end; ++at) {
            CHECK_MESSAGE(exposed.contains(at->str()), query);
            asked.insert(at->str());
        }
    }
    CHECK(asked.size() >= 20);
    std::vector<std::string> sources;
    collect_texts(dashboard, "uid", sources);
    for (const auto& uid : sources) {
        CHECK_MESSAGE((uid == "${datasource}" || uid == "parley-node"), uid);
    }
    const auto page = read_file(docs + "METRICS.md");
    for (const auto& [name, type] : seen.types) {
        const auto last_word = name.starts_with("parley_transactions_")
                                   ? name.substr(std::string{"parley_transactions"}.size())
                                   : name;
        CHECK_MESSAGE(page.find(last_word + "`") != std::string::npos, name);
    }
}
