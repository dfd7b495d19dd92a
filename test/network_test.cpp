// `parley network`: a network of validators from nothing in two commands.
#include "cli.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
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

TEST_CASE("network: what cannot be made or run is refused, and nothing is touched") {
    Cli net;
    write_file(net.dir.file("note"), "mine");
    CHECK(net.run({"network", "new", net.dir.file("")}).err.find("is left as it is") !=
          std::string::npos);
    CHECK(net.run({"network", "new", net.folder("a"), "--address", "192.0.2.1"}).err ==
          "parley: --address: expected a loopback address, got \"192.0.2.1\"\n");
    CHECK(net.run({"network", "new", net.folder("a"), "--port", "65535"}).err ==
          "parley: --port: expected room for 7 ports from it on, got 65535\n");
    CHECK(net.run({"network", "new", net.folder("a"), "--http-port", "30805"}).err ==
          "parley: --http-port: expected at least 7 ports from --port, got 5\n");
    CHECK(net.run({"network", "up", net.folder("a")}).err ==
          fmt::format("parley: {0} holds no network; `parley network new {0}` makes one\n",
                      net.folder("a")));
    CHECK_FALSE(std::filesystem::exists(net.folder("a")));
}
