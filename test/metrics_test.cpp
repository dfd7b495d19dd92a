// Metrics of running nodes, as Prometheus asks for them.
#include "cli.hpp"
#include <parley/runtime/http/test_http.hpp>
#include <parley/runtime/io/listen.hpp>

using namespace parley;
using namespace parley::testing;

namespace {

void set_listen(const Cli& cli, const std::string& name, const std::string& endpoint) {
    const auto path = cli.folder(name) + "/parley.toml";
    auto text = read_file(path);
    const std::string table = "[metrics]";
    const auto at = text.find("\nlisten = \"\"", text.find(table));
    REQUIRE(at != std::string::npos);
    text.replace(at, std::string{"\nlisten = \"\""}.size(), "\nlisten = \"" + endpoint + "\"");
    write_file(path, text);
}

Endpoint metrics_of(const Cli& cli, const std::string& name) {
    const auto log = read_file(cli.log_of(name));
    const std::string before = "url=http://";
    const auto from = log.find(before);
    REQUIRE_MESSAGE(from != std::string::npos, log);
    const auto start = from + before.size();
    const auto endpoint = Endpoint::parse(log.substr(start, log.find("/metrics", start) - start));
    REQUIRE_MESSAGE(endpoint, log);
    return *endpoint;
}

}  // namespace

TEST_CASE("two nodes are scraped while they are linked") {
    Cli cli;
    const auto alice_id = cli.init("alice");
    set_listen(cli, "alice", "127.0.0.1:0");
    auto alice = cli.start("alice");
    const auto status = cli.status("alice", *alice);
    cli.init("bob", {"--boot", alice_id + "@" + std::string{status.at("endpoint").as_string()}});
    auto bob = cli.start("bob");
    cli.status_when("alice", *alice, [](const auto& s) { return at(s, "/links/inbound") == 1; });
    const auto text = runtime::http_get(metrics_of(cli, "alice"), "/metrics");
    CHECK(text.starts_with("HTTP/1.1 200"));
    for (const auto* line :
         {"\n# TYPE parley_links gauge\n",
          "\nparley_links{direction=\"inbound\",class=\"ordinary\"} 1\n",
          "\nparley_handshakes_total{direction=\"inbound\",result=\"up\"} 1\n",
          "\nparley_accepts_total 1\n", "\nparley_book_entries{state=\"connected\"} 1\n"}) {
        CHECK_MESSAGE(text.find(line) != std::string::npos, line << text);
    }
    // Nobody waits forever on an idle machine: some delays were seen, and counted.
    CHECK(text.find("\nparley_event_loop_delay_seconds_count 0\n") == std::string::npos);
    CHECK(text.find("\nparley_event_loop_delay_seconds_count ") != std::string::npos);
    end(*bob);
    end(*alice);
}

TEST_CASE("a port for metrics that is in use is named") {
    Cli cli;
    const auto taken = runtime::listen_tcp(*Endpoint::parse("127.0.0.1:0"), 1);
    REQUIRE(taken);
    const auto endpoint = runtime::local_endpoint(taken->get()).to_string();
    cli.init("alice");
    set_listen(cli, "alice", endpoint);
    CHECK(cli.cannot_run("alice") ==
          "parley: metrics.listen: cannot listen on " + endpoint + ": Address already in use\n");
}
