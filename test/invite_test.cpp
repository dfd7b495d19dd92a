// Invitations as a user has them: made by one node, taken by another, which then joins.
#include "cli.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::testing;
namespace json = boost::json;

namespace {

/// Signed by secret 1 for anyone, expired long ago.
constexpr std::string_view expired =
    "parley-invite:-OcBBwigAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADAgIQ7msoA-Fa4VD"
    "AyNzliZTY2N2VmOWRjYmJhYzU1YTA2Mjk1Y2U4NzBiMDcwMjliZmNkYjJkY2UyOGQ5NTlmMjgxNWIxNm"
    "Y4MTc5OEAyMDMuMC4xMTMuNzozMDc3MKECeb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5i4QI"
    "a9bPoUoSJgUX99gavg35tjIzxeO-"
    "CL5TfbVn2g1T0Df3vsqdXFWoBvLLzIuOWqITYmdke0PWkFuFmYz_jbotY";

struct Inviting : Cli {
    std::string file(const std::string& name, const std::string& text) const {
        auto path = dir.file(name);
        write_file(path, text);
        return path;
    }
    std::string invite(const std::string& name, std::vector<std::string> more) {
        std::vector<std::string> args{"invite", "create", folder(name)};
        args.insert(args.end(), more.begin(), more.end());
        const auto made = run(args);
        CHECK_MESSAGE(made.exit_code == 0, made.err);
        return made.out;
    }
    std::string error(const std::vector<std::string>& args) {
        const auto result = run(args);
        CHECK(result.exit_code == 1);
        return result.err;
    }
    /// What init says of that invitation; it must leave nothing behind.
    std::string init_error(const std::string& invitation, std::vector<std::string> more = {}) {
        std::vector<std::string> args{"init", folder("bad"), "--invitation", invitation};
        args.insert(args.end(), more.begin(), more.end());
        const auto what = error(args);
        CHECK_FALSE(std::filesystem::exists(folder("bad") + "/parley.toml"));
        return what;
    }
};

}  // namespace

TEST_CASE("who takes an invitation is in the network") {
    Inviting cli;
    const std::string genesis(64, '7');
    const auto alice_id = cli.init("alice", {"--network-id", "42", "--genesis", genesis});
    auto alice = cli.start("alice");
    cli.status("alice", *alice);

    const auto made_key = cli.run({"key", "new", cli.folder("bob")});
    CHECK(made_key.exit_code == 0);
    const auto bob_id = made_key.out.substr(0, 66);
    CHECK(mode_of(cli.folder("bob") + "/node.key") == 0600);
    CHECK(cli.error({"key", "new", cli.folder("bob")}) ==
          "parley: " + cli.folder("bob") + "/node.key is there already and is left as it is\n");
    const auto line = cli.invite("alice", {"--for", bob_id});
    CHECK(line.starts_with("parley-invite:"));
    const auto invitation = cli.file("bob.invitation", line);
    const auto shown = json::parse(cli.run({"invite", "show", invitation, "--json"}).out);
    CHECK(shown.at("inviter") == json::value(alice_id));
    CHECK(shown.at("invitee") == json::value(bob_id));
    CHECK(shown.at("network") ==
          json::value(
              {{"id", 42}, {"chainId", 1}, {"genesis", "0x" + genesis}, {"forks", json::array{}}}));
    CHECK(cli.run({"invite", "show", invitation}).out.starts_with("From      " + alice_id));

    // Bob's folder has his key alone.
    const auto taken = cli.run({"init", cli.folder("bob"), "--keep-key", "--invitation", invitation,
                                "--private", "--listen", "127.0.0.1:0", "--http", "off"});
    CHECK_MESSAGE(taken.exit_code == 0, taken.err);
    CHECK(taken.out.find("Invited by " + alice_id + ".\n") != std::string::npos);
    const auto settings = read_file(cli.folder("bob") + "/parley.toml");
    for (const std::string& setting :
         {std::string{"id = 42"}, std::string{"chain_id = 1"}, "genesis = \"0x" + genesis + "\"",
          "boot = " + json::serialize(shown.at("nodes"))}) {
        CAPTURE(setting);
        CHECK(settings.find("\n" + setting + "\n") != std::string::npos);
    }
    auto bob = cli.start("bob");
    CHECK(cli.links_when("bob", *bob, 1).at("id") == json::value(bob_id));
    end(*bob);
    end(*alice);
}

TEST_CASE("invitations that do not fit are refused with why") {
    Inviting cli;
    const auto id = cli.init("alice");
    const auto node = id + "@127.0.0.1:1";
    const auto for_alice =
        cli.file("for_alice", cli.invite("alice", {"--for", id, "--node", node}));
    const auto line = cli.invite("alice", {"--for", "anyone", "--node", node});
    const auto changed = [&](const std::string& text) { return cli.file("changed", text); };
    const auto path = cli.dir.file("changed");

    CHECK(cli.init_error(for_alice) ==
          fmt::format("parley: {}: invitation is for another node, {}; "
                      "--keep-key takes the key that is in the "
                      "folder\n",
                      for_alice, id));
    CHECK(cli.run({"key", "new", cli.folder("bad")}).exit_code == 0);
    CHECK(cli.init_error(for_alice, {"--keep-key"}) ==
          fmt::format("parley: {}: invitation is for another node, {}\n", for_alice, id));
    std::filesystem::remove_all(cli.folder("bad"));
    CHECK(cli.init_error(changed(std::string{expired}))
              .starts_with("parley: " + path +
                           ": invitation expired at 2001-09-09 01:46:40 UTC, it is 20"));
    CHECK(cli.error({"invite", "show", path}).find("invitation expired at") != std::string::npos);
    auto other = line;
    other[40] = other[40] == 'A' ? 'B' : 'A';
    CHECK(cli.init_error(changed(other)).starts_with("parley: " + path + ": invitation"));
    CHECK(cli.init_error(changed(line.substr(0, 14 + 88))) ==
          "parley: " + path + ": invitation is truncated\n");
    CHECK(cli.init_error(changed(line + "more\n")) ==
          "parley: " + path +
              ": invitation is not one line of \"parley-invite:\" and URL-safe base64\n");
    CHECK(cli.init_error(changed(line.substr(0, 14) + std::string(6000, 'A'))) ==
          "parley: " + path + ": invitation has 4500 bytes, at most 4096 are allowed\n");
    CHECK(cli.init_error(cli.dir.file("none")) ==
          "parley: cannot open " + cli.dir.file("none") + ": No such file or directory\n");
    changed(line);
    CHECK(
        cli.run({"init", cli.folder("bad"), "--invitation", path, "--network-id", "3"}).exit_code ==
        2);
    CHECK(cli.error({"init", cli.folder("bad"), "--keep-key"})
              .starts_with("parley: cannot open " + cli.folder("bad") + "/node.key"));
}

TEST_CASE("invitations that cannot be made") {
    Inviting cli;
    cli.init("alice");
    const auto make = [&](std::vector<std::string> more) {
        std::vector<std::string> args{"invite", "create", cli.folder("alice")};
        args.insert(args.end(), more.begin(), more.end());
        return cli.error(args);
    };
    CHECK(make({"--for", "bob"}) ==
          "parley: --for: expected 66 hex digits or anyone, got \"bob\"\n");
    for (const auto* bad : {"7", "d", "0d", "-1d", "3651d", "7w", "99999999999d", "1.5h"}) {
        CHECK(make({"--for", "anyone", "--expires", bad}) ==
              fmt::format("parley: --expires: expected 1m to 3650d, such as 30m, 12h or 7d, got "
                          "\"{}\"\n",
                          bad));
    }
    CHECK(make({"--for", "anyone"}) ==
          "parley: this node's own address is unknown: run it, or name a node with --node\n");
    CHECK(make({"--for", "anyone", "--node", "x"}) ==
          "parley: --node: no @ between an ID and an address, got \"x\"\n");
    CHECK(cli.run({"invite", "create", cli.folder("alice")}).exit_code == 2);
    for (const auto* command : {"create", "show"}) {
        CHECK(cli.run({"invite", command, "--help"}).out.find("\nEXAMPLES\n") != std::string::npos);
    }
}
