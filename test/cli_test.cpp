// The `parley` program as a user has it: real processes, real sockets, ports that the system
// chooses.
#include "cli.hpp"
#include <parley/chain/types/test_transactions.hpp>
#include <parley/runtime/io/listen.hpp>
#include <parley/runtime/store/lmdb_store.hpp>
#include <parley/runtime/test_dir.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

using namespace parley;
using namespace parley::testing;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

std::string raw_transfer(std::uint64_t nonce) {
    const auto tx =
        chain::testing::sign(chain::testing::transfer(nonce), chain::testing::secret_of(1));
    return "0x" + to_hex(tx.raw);
}

}  // namespace

TEST_CASE("init makes a folder once") {
    Cli cli;
    const auto folder = cli.folder("new/alice");
    const auto made = cli.run({"init", folder, "--listen", "127.0.0.1:30770"});
    CHECK(made.exit_code == 0);
    CHECK(made.err.empty());
    CHECK(made.out.find("Next: parley run " + folder) != std::string::npos);
    CHECK(made.out.find("@127.0.0.1:30770") != std::string::npos);
    CHECK(mode_of(folder + "/node.key") == 0600);
    const auto key = read_file(folder + "/node.key");
    CHECK(key.size() == 65);
    const auto settings = read_file(folder + "/parley.toml");
    CHECK(settings.find("\n# ") != std::string::npos);
    CHECK(settings.find("listen = [\"127.0.0.1:30770\"]") != std::string::npos);
    CHECK(settings.find("http = \"127.0.0.1:8570\"") != std::string::npos);

    const auto again = cli.run({"init", folder});
    CHECK(again.exit_code == 1);
    CHECK(again.err == "parley: " + folder + "/node.key is there already and is left as it is\n");
    CHECK(read_file(folder + "/node.key") == key);

    std::filesystem::remove(folder + "/node.key");
    CHECK(cli.run({"init", folder}).err ==
          "parley: " + folder + "/parley.toml is there already and is left as it is\n");
    CHECK(read_file(folder + "/parley.toml") == settings);
}

TEST_CASE("init takes what a network needs") {
    Cli cli;
    const auto id = cli.init("boot");
    const auto other = cli.init("other");
    cli.init("node", {"--boot", id + "@127.0.0.1:1", "--boot", other + "@127.0.0.1:2", "--trusted",
                      id, "--network-id", "9", "--outbound-max", "3", "--inbound-max", "4",
                      "--log-level", "debug", "--advertise", "127.0.0.1:7"});
    const auto settings = read_file(cli.folder("node") + "/parley.toml");
    for (const std::string& line :
         {"boot = [\"" + id + "@127.0.0.1:1\", \"" + other + "@127.0.0.1:2\"]",
          "trusted = [\"" + id + "\"]", std::string{"id = 9"}, std::string{"outbound_max = 3"},
          std::string{"inbound_max = 4"}, std::string{"level = \"debug\""},
          std::string{"advertise = [\"127.0.0.1:7\"]"}, std::string{"allow_private = true"}}) {
        CAPTURE(line);
        CHECK(settings.find("\n" + line + "\n") != std::string::npos);
    }
    struct Case {
        std::vector<std::string> options;
        std::string error;
    };
    const Case cases[] = {
        {{"--listen", "here"}, "--listen: expected address:port, got \"here\""},
        {{"--boot", "x"},
         "--boot: expected ID@address:port, ID@host.example:port or enr:..., got \"x\""},
        {{"--static", "x"},
         "--static: expected ID@address:port, ID@host.example:port or enr:..., got \"x\""},
        {{"--trusted", "02"}, "--trusted: expected 66 hex digits, got \"02\""},
        {{"--advertise", "x"}, "--advertise: expected address:port, got \"x\""},
        {{"--advertise", "0.0.0.0:0"},
         "p2p.advertise: expected \"address:port\" at which others can reach it (not 0.0.0.0, a "
         "multicast, broadcast or documentation address, nor port 0) (not \"0.0.0.0:0\"), got [ "
         "'0.0.0.0:0' ]"},
        {{"--advertise", "8.1.2.3:7", "--advertise", "8.1.2.4:7"},
         "p2p.advertise: 8.1.2.4:7 is a second IPv4 endpoint, and a node's record has room for "
         "one"},
        {{"--genesis", "0x12"}, "--genesis: expected 32 bytes in hex, got \"0x12\""},
        {{"--http", "8.8.8.8:80"},
         "--http: expected a loopback address and port, or off, got \"8.8.8.8:80\""},
    };
    for (const auto& [options, error] : cases) {
        std::vector<std::string> args{"init", cli.folder("bad")};
        args.insert(args.end(), options.begin(), options.end());
        const auto result = cli.run(args);
        CHECK(result.exit_code == 1);
        CHECK(result.err == "parley: " + error + "\n");
        CHECK_FALSE(std::filesystem::exists(cli.folder("bad")));
    }
    CHECK(cli.run({"init", cli.folder("bad"), "--outbound-max", "x"}).exit_code == 2);
}

TEST_CASE("version, help and wrong command lines") {
    Cli cli;
    CHECK(cli.run({"version"}).out.starts_with("parley 0."));
    const auto version = json::parse(cli.run({"version", "--json"}).out);
    CHECK(std::string_view{version.at("version").as_string()}.starts_with("0."));
    CHECK(version.at("protocol") == json::array{1, 1});
    CHECK(cli.run({"--version"}).exit_code == 0);
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{}, {"init"}, {"run"}, {"status"}, {"peers"}, {"tx", "send"}}) {
        auto args = command;
        args.push_back("--help");
        const auto help = cli.run(args);
        CAPTURE(help.out);
        CHECK(help.exit_code == 0);
        for (const auto* section :
             {"\nUSAGE\n", "\nOPTIONS\n", "\nEXAMPLES\n", "\nFILES\n", "\nEXIT STATUS\n"}) {
            CHECK(help.out.find(section) != std::string::npos);
        }
    }
    CHECK(cli.run({}).exit_code == 2);
    CHECK(cli.run({"fly"}).exit_code == 2);
    CHECK(cli.run({"run"}).exit_code == 2);
    CHECK(cli.run({"status", "x", "--wings"}).exit_code == 2);
}

TEST_CASE("two nodes find each other, carry transactions, end in time and come back") {
    Cli cli;
    const auto alice_id = cli.init("alice");
    auto alice = cli.start("alice");
    const auto first = cli.status("alice", *alice);
    CHECK(first.at("id") == json::value(alice_id));
    CHECK(cli.run({"peers", cli.folder("alice")}).out == "no peers\n");
    CHECK(cli.run({"peers", cli.folder("alice"), "--json"}).out == "[]\n");
    auto target = cli.run({"status", cli.folder("alice"), "--target"}).out;
    target.pop_back();
    CHECK(target.starts_with(alice_id + "@127.0.0.1:"));

    const auto bob_id = cli.init("bob", {"--boot", target});
    auto bob = cli.start("bob");
    const auto linked = [](const json::value& status) {
        return at(status, "/links/inbound") + at(status, "/links/outbound") == 1 &&
               at(status, "/knownAddresses") == 1;
    };
    cli.status_when("bob", *bob, linked);
    cli.status_when("alice", *alice, linked);
    const auto table = cli.run({"peers", cli.folder("alice")}).out;
    CHECK(table.starts_with("ID            NAME  LINK  "));
    CHECK(table.find("\n" + bob_id.substr(0, 12) + "        in  ") != std::string::npos);
    CHECK(table.ends_with("\ntotal         1       0        0       0      0      1\n"));
    CHECK(cli.run({"peers", cli.folder("alice"), "--long"}).out.find(bob_id) != std::string::npos);
    const auto text = cli.run({"status", cli.folder("bob")}).out;
    CHECK(text.find("Links         0 inbound of 40, 1 outbound of 8\n") != std::string::npos);

    const auto rpc = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"rpc", cli.folder("alice")});
        return cli.run(words);
    };
    CHECK(rpc({"net_peerCount"}).out == "\"0x1\"\n");
    CHECK(json::parse(rpc({"admin_peers"}).out).as_array().size() == 1);
    CHECK(rpc({"admin_ban", bob_id, "no duration"}).err.starts_with("parley: params[1]"));
    CHECK(rpc({"eth_getTransactionCount", "0x" + std::string(40, '1'), "pending"}).out ==
          "\"0x0\"\n");
    CHECK(rpc({"eth_nope"}).err == "parley: the method eth_nope does not exist\n");

    const auto sent = cli.run({"tx", "send", cli.folder("alice"), raw_transfer(0)});
    CHECK(sent.exit_code == 0);
    CHECK(sent.out.size() == 67);
    const auto more = cli.run({"tx", "send", cli.folder("bob"), "-"},
                              raw_transfer(1) + "\n\n" + raw_transfer(2) + "\n0x05\n");
    CHECK(more.exit_code == 1);
    CHECK(more.out.size() == 2 * 67);
    CHECK(more.err.find("parley: transaction 3: refused: ") == 0);
    CHECK(more.err.find("parley: 1 of 3 transactions were refused\n") != std::string::npos);
    const auto have_three = [](const json::value& s) { return at(s, "/pool/count") == 3; };
    cli.status_when("alice", *alice, have_three);
    cli.status_when("bob", *bob, have_three);

    end(*bob);
    end(*alice);
    CHECK_FALSE(std::filesystem::exists(cli.folder("alice") + "/parley.sock"));
    // Nobody told her of him but her own store.
    alice = cli.start("alice");
    const auto again = cli.status("alice", *alice);
    CHECK(again.at("id") == json::value(alice_id));
    CHECK(at(again, "/knownAddresses") == 1);
    end(*alice);
}

TEST_CASE("--watch shows a node again every second until SIGINT, over its restarts") {
    Cli cli;
    cli.init("alice");
    auto alice = cli.start("alice");
    cli.status("alice", *alice);
    const auto watch = [&](std::vector<std::string> args) {
        args.insert(args.begin(), binary);
        args.emplace_back("--watch");
        return std::make_unique<Program>(args, cli.dir.file("watch.out"),
                                         cli.dir.file("watch.err"));
    };
    const auto shown = [&](Program& program, std::string_view text, std::size_t times) {
        const auto end = std::chrono::steady_clock::now() + patience;
        while (std::chrono::steady_clock::now() < end) {
            const auto out = read_file(cli.dir.file("watch.out"));
            std::size_t found = 0;
            for (auto at = out.find(text); at != std::string::npos; at = out.find(text, at + 1)) {
                ++found;
            }
            if (found >= times) return out;
            REQUIRE_FALSE(program.wait(20ms));
        }
        FAIL("out of time");
        return std::string{};
    };
    auto peers = watch({"peers", cli.folder("alice"), "--json"});
    CHECK(shown(*peers, "[]\n", 2).starts_with("[]\n[]\n"));
    peers->signal(SIGINT);
    CHECK(peers->wait(patience) == 0);
    auto status = watch({"status", cli.folder("alice")});
    const auto out = shown(*status, "\nLINKS ", 2);
    CHECK(out.find('\x1b') == std::string::npos);  // no terminal
    end(*alice);
    const auto gone = std::chrono::steady_clock::now() + patience;
    while (!read_file(cli.dir.file("watch.err")).starts_with("parley: no node runs in ")) {
        REQUIRE(std::chrono::steady_clock::now() < gone);
        REQUIRE_FALSE(status->wait(20ms));
    }
    const auto before = read_file(cli.dir.file("watch.out")).size();
    alice = cli.start("alice");  // and it goes on with a node that comes back
    const auto back = std::chrono::steady_clock::now() + patience;
    while (read_file(cli.dir.file("watch.out")).size() == before) {
        REQUIRE(std::chrono::steady_clock::now() < back);
        REQUIRE_FALSE(status->wait(20ms));
    }
    status->signal(SIGINT);
    CHECK(status->wait(patience) == 0);
    end(*alice);
}

TEST_CASE("SIGINT ends a node as SIGTERM does; a killed one leaves nothing in the way") {
    Cli cli;
    cli.init("alice");
    auto alice = cli.start("alice");
    cli.status("alice", *alice);
    alice->signal(SIGKILL);
    CHECK(alice->wait(patience) == 128 + SIGKILL);
    CHECK(std::filesystem::exists(cli.folder("alice") + "/parley.sock"));
    alice = cli.start("alice");
    cli.status("alice", *alice);
    alice->signal(SIGINT);
    CHECK(alice->wait(patience) == 0);
}

TEST_CASE("a node that does not run cannot be asked") {
    Cli cli;
    const auto folder = cli.folder("alice");
    CHECK(cli.run({"status", folder}).err ==
          fmt::format("parley: there is no folder {0}; `parley init {0}` makes one\n", folder));
    cli.init("alice");
    for (const std::vector<std::string>& args : {std::vector<std::string>{"status", folder},
                                                 {"peers", folder},
                                                 {"tx", "send", folder, "0x"},
                                                 {"rpc", folder, "net_peerCount"}}) {
        const auto result = cli.run(args);
        CHECK(result.exit_code == 1);
        CHECK(result.err.starts_with("parley: no node runs in " + folder));
    }
    CHECK(cli.run({"tx", "send", folder, "-"}).err ==
          "parley: standard input holds no transaction\n");
}

TEST_CASE("folders that cannot be run are explained") {
    Cli cli;
    const auto folder = cli.folder("alice");
    CHECK(cli.cannot_run("alice") ==
          fmt::format("parley: there is no folder {0}; `parley init {0}` makes one\n", folder));
    std::filesystem::create_directory(folder);
    CHECK(cli.cannot_run("alice") ==
          fmt::format("parley: {0} is no node's folder: it has no parley.toml; `parley init {0}` "
                      "makes one\n",
                      folder));
    cli.init("alice");
    const auto settings = read_file(folder + "/parley.toml");

    const auto wrong_settings = [&](const std::string& text) {
        write_file(folder + "/parley.toml", text);
        const auto result = cli.run({"run", folder});
        CHECK(result.exit_code == 2);
        return result.err;
    };
    CHECK(wrong_settings("[p2p]\n\noutbound_max = -1\n") ==
          "parley: " + folder + "/parley.toml:3: p2p.outbound_max: expected 0 to 1000, got -1\n");
    CHECK(wrong_settings("[p2p]\nlisten = [\n").starts_with("parley: " + folder + "/parley.toml:"));
    write_file(folder + "/parley.toml", settings);

    ::chmod((folder + "/node.key").c_str(), 0644);
    CHECK(cli.cannot_run("alice") ==
          fmt::format("parley: {0}/node.key can be read by others (mode 0644): whoever has read it "
                      "can pose as this node; `chmod 600 {0}/node.key`\n",
                      folder));
    ::chmod((folder + "/node.key").c_str(), 0600);
    write_file(folder + "/node.key", "secret\n");
    CHECK(cli.cannot_run("alice") ==
          "parley: " + folder + "/node.key holds no key: expected 64 hex digits or a keystore\n");
    write_file(folder + "/node.key", std::string(64, '0') + "\n");
    CHECK(cli.cannot_run("alice") ==
          "parley: " + folder + "/node.key holds no key: expected 64 hex digits or a keystore\n");
    std::filesystem::remove(folder + "/node.key");
    CHECK(cli.cannot_run("alice") ==
          "parley: cannot open " + folder + "/node.key: No such file or directory\n");
}

TEST_CASE("stores that cannot be used are explained, and left as they are") {
    Cli cli;
    cli.init("alice");
    const auto store = cli.folder("alice") + "/store";
    std::filesystem::remove(store);
    CHECK(cli.cannot_run("alice") == "parley: cannot open " + store +
                                         ": the store is missing; with --new-store the node begins "
                                         "with an empty one\n");
    const std::string garbage(20'000, 'x');
    write_file(store, garbage);
    CHECK(cli.cannot_run("alice") ==
          fmt::format("parley: cannot open {}: the store is corrupt, or no store at all; move it "
                      "away and begin with an empty one: parley run {} --new-store\n",
                      store, cli.folder("alice")));
    CHECK(read_file(store) == garbage);
    std::filesystem::remove(store);
    {
        const auto newer = runtime::LmdbStore::open(store, runtime::LmdbStore::Create::yes,
                                                    {.map_bytes_max = 1U << 24, .version = 2});
        REQUIRE(newer);
    }
    CHECK(cli.cannot_run("alice") == "parley: cannot open " + store +
                                         ": the store is of a newer version: expected at most 1, "
                                         "got 2\n");
    std::filesystem::remove(store);
    auto alice = cli.start("alice", {"--new-store"});
    cli.status("alice", *alice);
    end(*alice);
}

TEST_CASE("ports and folders in use are named") {
    Cli cli;
    const auto taken = runtime::listen_tcp(*Endpoint::parse("127.0.0.1:0"), 1);
    REQUIRE(taken);
    const auto port = runtime::local_endpoint(taken->get()).to_string();
    cli.init("p2p", {"--listen", port});
    CHECK(cli.cannot_run("p2p") ==
          "parley: cannot listen on " + port + ": Address already in use\n");
    CHECK(cli.run({"init", cli.folder("http"), "--listen", "127.0.0.1:0", "--http", port})
              .exit_code == 0);
    CHECK(cli.cannot_run("http") ==
          "parley: cannot listen on " + port + ": Address already in use\n");

    cli.init("alice");
    auto alice = cli.start("alice");
    cli.status("alice", *alice);
    CHECK(cli.cannot_run("alice") == "parley: another node runs in " + cli.folder("alice") + "\n");
    end(*alice);
}

TEST_CASE("sim: what cannot be run is said before anything runs; Ctrl-C ends with a report") {
    Cli cli;
    const auto refused = [&](std::vector<std::string> args, const std::string& why) {
        args.insert(args.begin(), "sim");
        const auto out = cli.run(args);
        CHECK(out.exit_code != 0);
        CHECK(out.out.empty());
        CHECK_MESSAGE(out.err.find(why) != std::string::npos, out.err);
    };
    refused({"--scenario", "storms"}, "no such scenario: storms");
    refused({"--nodes", "1"}, "--nodes: Value 1 not in range 2 to 20000");
    refused({"--faults", "rain"}, "no such faults: rain");
    refused({"--attack", "rain"}, "no such attack: rain");
    refused({"--report", cli.dir.file("none/page.html")}, "cannot write the report to ");

    const auto ran =
        cli.run({"sim", "--scenario", "partition", "--nodes", "5", "--minutes", "0.1", "--json"});
    const auto report = json::parse(ran.out);
    CHECK(report.at("failures").as_array().empty());
    CHECK(report.at("trace").as_string().size() == 16);
    CHECK(report.at("summary").as_object().contains("bans in force"));

    const auto out = cli.dir.file("sim.out");
    const auto page = cli.dir.file("page.html");
    Program sim{{binary, "sim", "--nodes", "10", "--minutes", "100000", "--report", page},
                out,
                cli.dir.file("sim.err")};
    const auto end = std::chrono::steady_clock::now() + patience;
    while (read_file(out).find("10 nodes") == std::string::npos) {
        REQUIRE(std::chrono::steady_clock::now() < end);
        std::this_thread::yield();
    }
    sim.signal(SIGINT);
    CHECK(sim.wait(patience) == 0);
    CHECK(read_file(out).find("interrupted; so far:") != std::string::npos);
    CHECK(read_file(page).find("</html>") != std::string::npos);
}

TEST_CASE("a command that does not exist is named, with the one that may have been meant") {
    Cli cli;
    const auto wrong = cli.run({"stat"});
    CHECK(wrong.exit_code == 2);
    CHECK(wrong.err == "parley: no such command: stat; did you mean status?\n");
    CHECK(cli.run({"transmogrify"}).err ==
          "parley: no such command: transmogrify; parley --help lists them\n");
    const auto help = cli.run({"help", "status"});
    CHECK(help.exit_code == 0);
    CHECK(help.out == cli.run({"status", "--help"}).out);
    CHECK(cli.run({"help"}).out == cli.run({"--help"}).out);
}
