#include "dht/crawl_report.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace parley;
using namespace parley::app;

namespace {

Enr record_of(const std::function<void(EnrBuilder&)>& edit) {
    SeededEntropy entropy{1};
    EnrBuilder builder{1};
    edit(builder);
    return builder.sign(NodeKey::generate(entropy)).value();
}

}  // namespace

TEST_CASE("a node's client is what its record says, or what protocol it is made for") {
    const Buffer list = *from_hex("c0");
    CHECK(client_name(record_of([](auto& b) { b.client({"parley", "0.1.0"}); })) == "parley 0.1.0");
    CHECK(client_name(record_of([](auto& b) { b.client({"parley", ""}); })) == "parley");
    CHECK(client_name(record_of([](auto& b) { b.parley({}); })) == "parley ?");
    CHECK(client_name(record_of([&](auto& b) { b.entry("eth", list).entry("eth2", list); })) ==
          "eth2 ?");
    CHECK(client_name(record_of([&](auto& b) { b.entry("eth", list); })) == "eth ?");
    CHECK(client_name(record_of([](auto&) {})) == "unknown");
    // What would move a cursor is no name.
    CHECK(client_name(record_of([](auto& b) { b.client({"\x1b[2J", "1"}).parley({}); })) ==
          "parley ?");
}

TEST_CASE("the summary of a crawl: nodes, clients, networks, latency") {
    CrawlReport report;
    report.seconds = 2.5;
    report.requests = 1234;
    for (int i = 0; i < 100; ++i) {
        CrawlRow row{.client = i < 60 ? "parley 0.1.0" : "geth 1.14.0",
                     .state = i < 90 ? CrawlState::answered : CrawlState::silent};
        if (i < 60) row.network = 7;
        if (i < 90) row.round_trip_ms = i + 1;
        report.nodes.push_back(std::move(row));
    }
    CHECK(summary(report) ==
          "100 nodes in 2.50 s, 1,234 requests: 90 answered, 10 silent\n"
          "\n"
          "CLIENT        NODES  ANSWERED\n"
          "parley 0.1.0     60        60\n"
          "geth 1.14.0      40        30\n"
          "\n"
          "NETWORK          NODES  ANSWERED\n"
          "7                   60        60\n"
          "other protocols     40        30\n"
          "\n"
          "latency: p50 45.0 ms, p90 81.0 ms, p99 90.0 ms\n");
    const auto json = to_json(report);
    CHECK(json.at("complete") == true);
    CHECK(json.at("answered") == 90);
    CHECK(json.at("latencyMs").at("p90") == 81.0);
    CHECK(json.at("clients").at(1).at("client") == "geth 1.14.0");

    report.end = CrawlReport::End::interrupted;
    report.nodes.resize(1);
    report.nodes[0].state = CrawlState::undecided;
    report.nodes[0].round_trip_ms.reset();
    CHECK(summary(report).starts_with(
        "interrupted; so far:\n1 node in 2.50 s, 1,234 requests: 1 undecided\n"));
    CHECK(to_json(report).at("complete") == false);
    CHECK_FALSE(to_json(report).contains("latencyMs"));
}

TEST_CASE("of very many clients the largest are named") {
    CrawlReport report;
    for (int i = 0; i < 30; ++i) {
        for (int n = 0; n <= i; ++n) {
            report.nodes.push_back({.client = "client " + std::to_string(i)});
        }
    }
    const auto text = summary(report);
    CHECK(text.find("client 15") != std::string::npos);
    CHECK(text.find("client 14") == std::string::npos);
    CHECK(text.find("15 others    120 ") != std::string::npos);
}
