// `parley peers` and its commands, on running nodes.
#include "cli.hpp"
#include <parley/runtime/test_node.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace parley;
using namespace parley::testing;
namespace json = boost::json;

namespace {

std::string target_of(Cli& cli, const std::string& name, Program& node) {
    const auto status = cli.status(name, node);
    return std::string{status.at("id").as_string()} + "@" +
           std::string{status.at("endpoint").as_string()};
}

}  // namespace

TEST_CASE("nodes are spoken of by names, and the folder may be left out") {
    Cli cli;
    const auto alice_id = cli.init("alice", {"--name", "Alice of the test"});
    auto alice = cli.start("alice");
    const auto bob_id = cli.init("bob", {"--static", target_of(cli, "alice", *alice)});
    auto bob = cli.start("bob");
    cli.links_when("alice", *alice, 1);
    const auto short_id = [](const std::string& id) { return id.substr(0, 12); };
    const auto has = [](const std::string& text, const std::string& part) {
        return text.find(part) != std::string::npos;
    };
    // What alice calls herself is shown in quotes, what bob's owner calls her is not.
    CHECK(
        has(cli.run({"peers", cli.folder("bob")}).out, short_id(alice_id) + "  \"Alice of~  out"));
    write_file(cli.folder("bob") + "/names.toml", "boss = \"" + alice_id + "\"\n");
    CHECK(
        has(cli.run({"peers", cli.folder("bob")}).out, short_id(alice_id) + "  boss  out static"));
    CHECK(has(read_file(cli.log_of("bob")), "peer up link=1 id=" + short_id(alice_id)));
    // Where a node says its whole ID, for others to have, the short one finds it too.
    CHECK(has(read_file(cli.log_of("alice")), " id=" + alice_id + " network="));
    CHECK(has(read_file(cli.log_of("bob")), "name=\"Alice of the test\""));
    // The book is written within a second.
    const auto written = std::chrono::steady_clock::now() + patience;
    std::string book;
    while (!has(book, "linked") && std::chrono::steady_clock::now() < written) {
        book = cli.run({"book", "list", cli.folder("bob")}).out;
    }
    CHECK(has(book, "  linked  "));
    CHECK(has(cli.run({"book", "find", cli.folder("bob"), "boss"}).out, "ID         " + alice_id));

    // Without a folder, that of PARLEY_DIR is meant.
    const auto run = [&](const std::string& words) {
        return cli.run_shell("PARLEY_DIR=" + cli.folder("bob") + " exec " + binary + " " + words);
    };
    CHECK(has(run("peers").out, "boss"));
    CHECK(has(run("peers " + cli.folder("alice")).out, short_id(bob_id)));
    CHECK(run("peers trust 'Alice of the test'").out ==
          short_id(alice_id) + " is trusted from its next link on\n");
    CHECK(run("peers untrust boss").out == short_id(alice_id) + " is not trusted any more\n");
    write_file(cli.folder("bob") + "/names.toml", "\nboss = 5\n");
    CHECK(has(run("peers").err, "/names.toml:2: boss: expected a node's ID"));
    write_file(cli.folder("bob") + "/names.toml", "boss = \"" + alice_id + "\"\n");
    CHECK(run("peers remove " + short_id(alice_id)).out == short_id(alice_id) + " is removed\n");
    CHECK(run("peers add boss").out.starts_with(alice_id + "@127.0.0.1:"));
    CHECK(run("peers ban nobody").err ==
          "parley: \"nobody\" is no node's ID or name and no IP address\n");
    CHECK(has(run("doctor").out, "static peer"));
    CHECK(run("status " + cli.folder("carol")).exit_code == 2);
    end(*bob);
    end(*alice);
}

TEST_CASE("doctor names what a boot node and this node differ in") {
    Cli cli;
    cli.init("alice");
    auto alice = cli.start("alice");
    // What a node says of a boot node with which it differs in that.
    const auto names = [&](const std::string& name, const std::string& reason,
                           const std::string& advice) {
        CAPTURE(reason);
        auto node = cli.start(name);
        const auto end_of_wait = std::chrono::steady_clock::now() + patience;
        std::string said;
        while (!said.contains(reason) && std::chrono::steady_clock::now() < end_of_wait) {
            said = cli.run({"doctor", cli.folder(name)}).out;
        }
        CHECK(said.contains("fail  boot node"));
        CHECK_MESSAGE(said.contains(reason), said);
        CHECK_MESSAGE(said.contains(advice), said);
        end(*node);
    };
    const auto target = target_of(cli, "alice", *alice);
    const std::string networks = "the two are of different networks: check the settings of both";
    cli.init("genesis", {"--boot", target, "--genesis", std::string(64, '1')});
    names("genesis", "wrong_genesis", networks);

    cli.init("chain", {"--boot", target});
    const auto file = cli.folder("chain") + "/parley.toml";
    auto settings = read_file(file);
    const std::string chain = "chain_id = 1\n";
    REQUIRE(settings.contains(chain));
    write_file(file, settings.replace(settings.find(chain), chain.size(), "chain_id = 2\n"));
    names("chain", "wrong_chain", networks);
    end(*alice);

    runtime::test::TestNode::Options options;
    options.links.versions = {2, 2};
    runtime::test::TestNode later{{}, options};
    cli.init("version", {"--boot", later.target().to_string()});
    names("version", "no_common_version", "upgrade the older one of the two");
}

TEST_CASE(
    "peers are banned, with an end and a reason, over a restart; and added, removed, trusted") {
    Cli cli;
    cli.init("alice");
    auto alice = cli.start("alice");
    const auto target = target_of(cli, "alice", *alice);
    cli.init("bob", {"--listen", "127.0.0.1:0", "--static", target});
    auto bob = cli.start("bob");
    cli.links_when("alice", *alice, 1);
    const auto bob_id =
        std::string{json::parse(cli.run({"peers", cli.folder("alice"), "--json"}).out)
                        .at(0)
                        .at("id")
                        .as_string()};
    const auto bob_short = bob_id.substr(0, 12);
    const auto peers = [&](std::vector<std::string> args) {
        args.insert(args.begin(), "peers");
        args.insert(args.begin() + 2, cli.folder("alice"));
        return cli.run(args);
    };
    CHECK(peers({"bans"}).out == "no bans\n");
    const auto banned = peers({"ban", bob_id.substr(0, 8), "127.0.0.1", "10.1.2.3", "--for", "2h",
                               "--reason", "rude = loud"});
    CHECK(banned.exit_code == 0);
    CHECK(banned.out.starts_with(bob_short + " is banned until 2"));
    cli.links_when("alice", *alice, 0);
    CHECK(read_file(cli.log_of("alice")).find("banned by the owner who=" + bob_short + " ") !=
          std::string::npos);
    const auto table = peers({"bans"}).out;
    CHECK(table.starts_with("WHO "));
    CHECK(table.find("\n" + bob_short + "  ") != std::string::npos);
    CHECK(table.find("  owner  rude = loud\n") != std::string::npos);

    CHECK(peers({"unban", "127.0.0.1", "9.9.9.9"}).out ==
          "127.0.0.1 is banned no more\n9.9.9.9 was not banned\n");
    end(*alice);
    alice = cli.start("alice");
    cli.status("alice", *alice);
    const auto bans = json::parse(peers({"bans", "--json"}).out).as_array();
    REQUIRE(bans.size() == 2);
    CHECK(bans[0].at("who") == "10.1.2.3");
    CHECK(bans[1].at("who") == json::value(bob_id));
    CHECK(bans[1].at("left").to_number<int>() > 7'000);
    CHECK(bans[1].at("reason") == "rude = loud");
    CHECK(peers({"unban", bob_id.substr(0, 8), "10.1.2.3"}).exit_code == 0);
    CHECK(peers({"bans", "--json"}).out == "[]\n");

    const auto bob_target = target_of(cli, "bob", *bob);
    // She would have dialed him while he was banned; nothing of that keeps her waiting now.
    CHECK(peers({"add", bob_target}).out == bob_target + " is dialed from now on\n");
    cli.links_when("alice", *alice, 1);
    CHECK(peers({"remove", bob_id.substr(0, 8)}).out == bob_short + " is removed\n");
    cli.links_when("alice", *alice, 0);
    CHECK(peers({"trust", bob_id}).exit_code == 0);
    CHECK(peers({"untrust", bob_id}).out == bob_short + " is not trusted any more\n");

    CHECK(peers({"ban", "0000"}).err == "parley: no ID here begins with 0000: give the whole ID\n");
    CHECK(peers({"ban", "1.2.3.4", "--for", "2"}).err ==
          "parley: --for: expected a duration such as 30m, 2h or 7d, got \"2\"\n");
    CHECK(peers({"ban", "1.2.3.4", "--reason", "a\nb"}).err ==
          "parley: --reason: expected at most 128 bytes on one line\n");
    CHECK(peers({"ban"}).exit_code == 2);
    CHECK(cli.run({"peers"}).exit_code == 2);
    end(*bob);
    end(*alice);
}
