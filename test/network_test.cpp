// `parley network`: a network of validators from nothing in two commands.
#include "cli.hpp"
#include <parley/identity/endpoint.hpp>
#include <parley/runtime/http/test_http.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::testing;

namespace {

/// An address of this process alone, so that the ports of its nodes are free.
std::string own_address() {
    const auto pid = ::getpid();
    return fmt::format("127.{}.{}.{}", 100 + pid / 65'025 % 100, pid / 255 % 255, 1 + pid % 254);
}

}  // namespace

TEST_CASE("network: validators and followers from nothing in two commands") {
    Cli net;
    const auto folder = net.folder("trial");
    const auto made = net.ok({"network", "new", folder, "--validators", "3", "--nodes", "1",
                              "--accounts", "2", "--address", own_address()});
    CHECK(made.find("3 validators and 1 other nodes are in " + folder) != std::string::npos);
    CHECK(made.find("Next: parley network up " + folder) != std::string::npos);
    const auto accounts = boost::json::parse(read_file(folder + "/accounts.json"));
    CHECK(accounts.as_array().size() == 2);
    CHECK(std::filesystem::status(folder + "/accounts.json").permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));

    Program up{{binary, "network", "up", folder}, net.dir.file("up.out"), net.dir.file("up.err")};
    const auto has_shown = [&](std::string_view text) {
        return read_file(net.dir.file("up.out")).find(text) != std::string::npos;
    };
    const auto status = net.status_when("trial/node-1", up, [&](const auto& value) {
        return value.as_object().contains("head") && at(value, "/head/number") >= 2 &&
               has_shown(" waits for ");
    });
    CHECK(at(status, "/links/outbound") >= 1);
    const std::string address{accounts.at(0).at("address").as_string()};
    CHECK(net.ok({"rpc", net.folder("trial/validator-2"), "eth_getBalance", address, "latest"}) ==
          "\"0xd3c21bcecceda1000000\"\n");
    up.signal(SIGINT);
    REQUIRE(up.wait(patience));
    CHECK(up.wait(patience) == 0);
    CHECK(has_shown("NODE         HEAD  LINKS  POOL  JSON-RPC\n"));
    CHECK(has_shown("\nvalidator-3  "));
    CHECK(has_shown(" waits for "));
    CHECK(has_shown("\nPrometheus and Grafana: " + folder +
                    "/watch; services for systemd: " + folder + "/systemd\n"));
    // All of them ended.
    CHECK(net.run({"status", folder + "/node-1"}).err.find("no node runs in ") !=
          std::string::npos);

    // The script does the same, by itself.
    Program script{{"/bin/sh", "-c", "PARLEY=" + binary + " exec " + folder + "/start"},
                   net.dir.file("start.out"),
                   net.dir.file("start.err")};
    net.status("trial/validator-1", script);
    script.signal(SIGTERM);
    REQUIRE(script.wait(patience));
    CHECK(net.run({"status", folder + "/validator-1"}).exit_code == 1);
    CHECK(read_file(net.dir.file("start.err")).empty());
}

TEST_CASE("network: Prometheus finds every node, and Grafana Prometheus and the board") {
    Cli net;
    const auto address = own_address();
    const auto folder = net.folder("trial");
    net.ok({"network", "new", folder, "--validators", "1", "--nodes", "1", "--address", address});
    const auto prometheus = read_file(folder + "/prometheus.yml");
    const std::array nodes{"validator-1", "node-1"};
    Program up{{binary, "network", "up", folder}, net.dir.file("up.out"), net.dir.file("up.err")};
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const auto endpoint = fmt::format("{}:{}", address, 9600 + i);
        CAPTURE(endpoint);
        CHECK(prometheus.find(
                  fmt::format("      - targets: [\"{}\"]\n        labels: {{instance: {}}}\n",
                              endpoint, nodes.at(i))) != std::string::npos);
        net.status_when(fmt::format("trial/{}", nodes.at(i)), up,
                        [](const auto& status) { return status.as_object().contains("head"); });
        CHECK(runtime::http_get(*Endpoint::parse(endpoint), "/metrics")
                  .find("\nparley_head_number ") != std::string::npos);
    }
    up.signal(SIGINT);
    CHECK(up.wait(patience) == 0);

    const auto grafana = folder + "/grafana";
    CHECK(read_file(grafana + "/dashboards/parley.json") ==
          read_file(std::string{PARLEY_SOURCE_DIR} + "/docs/grafana/parley.json"));
    const auto source = read_file(grafana + "/provisioning/datasources/prometheus.yaml");
    CHECK(source.find(fmt::format("    url: http://{}:9590\n", address)) != std::string::npos);
    CHECK(read_file(grafana + "/provisioning/dashboards/parley.yaml")
              .find("path: ${PARLEY_NETWORK}/grafana/dashboards\n") != std::string::npos);
    const auto compose = read_file(folder + "/compose.yaml");
    for (const auto* line : {"      - \"PARLEY_NETWORK=/network\"\n",
                             "./grafana:/network/grafana:ro", "    profiles: [watch]\n"}) {
        CHECK(compose.find(line) != std::string::npos);
    }
}

TEST_CASE("network: the script that watches runs both programs where the files are") {
    Cli net;
    const auto folder = net.folder("my trial");
    net.ok({"network", "new", folder, "--validators", "1", "--nodes", "0"});
    // In the place of Prometheus and Grafana.
    const auto fake = net.dir.file("fake");
    write_file(fake,
               "#!/bin/sh\necho \"$1 in $PWD: $PARLEY_NETWORK $GF_SERVER_HTTP_PORT "
               "$GF_PATHS_PROVISIONING\"\n");
    std::filesystem::permissions(fake, std::filesystem::perms::owner_all);
    const auto watched =
        net.run_shell(fmt::format("PROMETHEUS={0} GRAFANA={0} exec '{1}/watch'", fake, folder));
    CHECK(watched.exit_code == 0);
    CHECK(watched.out == "http://127.0.0.1:9591\n");
    CHECK(read_file(folder + "/prometheus.log") ==
          "--config.file=prometheus.yml in " + folder + ":   \n");
    CHECK(read_file(folder + "/grafana.log") ==
          fmt::format("server in {0}: {0} 9591 {0}/grafana/provisioning\n", folder));
    const auto none = net.run_shell("PROMETHEUS=/nowhere exec '" + folder + "/watch'");
    CHECK(none.exit_code == 1);
    CHECK(none.err == "watch: there is no /nowhere\n");
}

TEST_CASE("network: systemd and Prometheus take the files, where they are installed") {
    Cli net;
    const auto folder = net.folder("trial");
    net.ok({"network", "new", folder});
    for (const auto& [program, check] :
         {std::pair{"systemd-analyze",
                    "systemd-analyze verify --man=no systemd/parley-trial@.service "
                    "systemd/parley-trial.target"},
          std::pair{"promtool", "promtool check config prometheus.yml"},
          std::pair{"yq", "yq . compose.yaml grafana/provisioning/*/*.yaml"}}) {
        const auto checked = net.run_shell(
            fmt::format("cd {}; command -v {} || exit 0; {}", folder, program, check));
        CHECK_MESSAGE(checked.exit_code == 0, checked.err);
        CHECK(checked.err.find("parley-trial") == std::string::npos);  // what systemd warns of
    }
}

TEST_CASE("network: what cannot be made or run is refused, and nothing is touched") {
    Cli net;
    write_file(net.dir.file("note"), "mine");
    CHECK(net.run({"network", "new", net.dir.file("")}).err.find("is left as it is") !=
          std::string::npos);
    CHECK(net.run({"network", "new", net.folder("a"), "--address", "192.0.2.1"}).err ==
          "parley: --address: expected a loopback address, got \"192.0.2.1\"\n");
    CHECK(net.run({"network", "new", net.folder("a"), "--port", "65535"}).err ==
          "parley: --port: expected room for 7 ports from it on, got 65535\n");
    CHECK(
        net.run({"network", "new", net.folder("a"), "--http-port", "30806"}).err ==
        "parley: --http-port: expected ports that are not the 7 from 30800 of --port, got 30806\n");
    CHECK(net.run({"network", "new", net.folder("a"), "--watch-port", "8599"}).err ==
          "parley: --watch-port: expected ports that are not the 7 from 8600 of --http-port, got "
          "8599\n");
    CHECK(net.run({"network", "up", net.folder("a")}).err ==
          fmt::format("parley: {0} holds no network; `parley network new {0}` makes one\n",
                      net.folder("a")));
    CHECK_FALSE(std::filesystem::exists(net.folder("a")));
}
