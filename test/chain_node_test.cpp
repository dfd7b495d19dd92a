// A chain with blocks, as its operator sees it: genesis, a signer, a follower, kills, and blocks in
// files.
#include "cli.hpp"
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/node/chain_config.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::testing;

namespace {

const auto payer = chain::testing::secret_of(5);

struct ChainCli : Cli {
    std::string genesis = dir.file("genesis.json");

    /// alice signs; the payer has money.
    ChainCli() {
        ok({"key", "new", folder("alice")});
        write_file(genesis, ok({"genesis", "--signer-key", folder("alice") + "/node.key", "--fund",
                                chain::address_of_secret(payer).to_string() + ":1000ether"}));
    }
    void init_chain(const std::string& name, std::vector<std::string> more) {
        std::vector<std::string> args{"init",     folder(name),  "--private",
                                      "--listen", "127.0.0.1:0", "--http",
                                      "off",      "--chain",     genesis};
        args.insert(args.end(), more.begin(), more.end());
        const auto made = run(args);
        REQUIRE_MESSAGE(made.exit_code == 0, made.err);
    }
    void init_alice() {
        init_chain("alice", {"--keep-key", "--signer-key", "node.key"});
        set("alice", "block_interval = 2", "block_interval = 1");
    }
    void set(const std::string& name, const std::string& from, const std::string& to) const {
        const auto path = folder(name) + "/parley.toml";
        auto text = read_file(path);
        const auto line = text.find("\n" + from + "\n");
        REQUIRE_MESSAGE(line != std::string::npos, text);
        write_file(path, text.replace(line + 1, from.size(), to));
    }
    std::string send(const std::string& name, std::uint64_t nonce) {
        auto tx = chain::testing::transfer(nonce);
        tx.chain_id = node::ChainConfig{}.id;
        const auto made = chain::testing::sign(tx, payer);
        ok({"tx", "send", folder(name), "0x" + to_hex(made.raw)});
        return "0x" + to_hex(made.hash);
    }
};

}  // namespace

TEST_CASE(
    "chain: what one node signs another one follows, over kills, into files and out of them") {
    ChainCli net;
    net.init_alice();
    auto alice = net.start("alice");
    net.head_when("alice", *alice, 1);
    const auto first = net.target("alice");
    net.init_chain("bob", {"--static", first});
    auto bob = net.start("bob");
    net.head_when("bob", *bob, 2);

    const auto hash = net.send("bob", 0);
    const auto mined = net.status_when("bob", *bob, [&](const auto&) {
        return !net.ask("bob", {"eth_getTransactionReceipt", hash}).is_null();
    });
    const auto before = at(mined, "/head/number");

    for (auto* node : {&alice, &bob}) {
        (*node)->signal(SIGKILL);
        (*node)->wait(patience);
    }
    alice = net.start("alice");
    const auto after = net.head_when("alice", *alice, before + 1);
    // The system chose another port.
    net.set("bob", "static_peers = [\"" + first + "\"]",
            "static_peers = [\"" + net.target("alice") + "\"]");
    bob = net.start("bob");
    net.head_when("bob", *bob, at(after, "/head/number"));
    CHECK_FALSE(net.ask("alice", {"eth_getTransactionReceipt", hash}).is_null());
    end(*bob);
    end(*alice);

    const auto file = net.dir.file("blocks.rlp");
    net.ok({"chain", "export", net.folder("alice"), file});
    net.init_chain("carol", {});
    const auto imported = net.ok({"chain", "import", net.folder("carol"), file, "--json"});
    CHECK(at(boost::json::parse(imported), "/transactions") == 1);
    CHECK(at(boost::json::parse(imported), "/number") >= before + 1);
    const auto again = net.ok({"chain", "import", net.folder("carol"), file, "--json"});
    CHECK(at(boost::json::parse(again), "/imported") == 0);
    net.ok({"chain", "export", net.folder("carol"), net.dir.file("again.rlp")});
    CHECK(read_file(file) == read_file(net.dir.file("again.rlp")));
}

TEST_CASE("chain: what does not go together is refused at the start, with what to do") {
    ChainCli net;
    net.init_alice();
    const auto toml = net.folder("alice") + "/parley.toml";
    const auto copy = net.folder("alice") + "/genesis.json";
    const auto settings = read_file(toml);
    const auto refused = [&](const std::string& from, const std::string& to) {
        net.set("alice", from, to);
        auto error = net.cannot_run("alice");
        write_file(toml, settings);
        return error;
    };
    CHECK(refused("chain_id = 7700", "chain_id = 5") ==
          fmt::format("parley: {}: network.chain_id is 5, and {} has 7700\n", toml, copy));
    CHECK(refused("engine = \"solo\"", "engine = \"unsealed\"")
              .find("anyone can rewrite the chain") != std::string::npos);
    CHECK(refused("genesis = \"genesis.json\"", "genesis = \"\"") ==
          fmt::format("parley: {}: chain.signer_key is of no use without chain.genesis\n", toml));
    CHECK(refused("forks = []", "forks = [7]") ==
          fmt::format("parley: {}: network.forks is [7], and the chain's is []\n", toml));
    std::filesystem::copy_file(net.folder("alice") + "/node.key", net.dir.file("kept"));
    net.ok({"key", "new", net.folder("other")});
    CHECK(refused("signer_key = \"node.key\"",
                  fmt::format("signer_key = \"{}/node.key\"", net.folder("other")))
              .find("and the genesis names the signer 0x") != std::string::npos);
    const auto text = read_file(copy);
    write_file(copy, "{}");
    CHECK(net.cannot_run("alice").find(copy + ": line 1") != std::string::npos);
    write_file(copy, text);
    // Another chain in the folder of the old one.
    auto alice = net.start("alice");
    net.head_when("alice", *alice, 1);
    end(*alice);
    auto other = text;
    const auto limit = other.find("\"gasLimit\": \"0x1c9c380\"");
    REQUIRE_MESSAGE(limit != std::string::npos, text);
    write_file(copy, other.replace(limit, 23, "\"gasLimit\": \"0x1c9c381\""));
    CHECK(net.cannot_run("alice").find("genesis") != std::string::npos);
}

TEST_CASE("chain: a file of blocks that is none names the place") {
    ChainCli net;
    net.init_chain("carol", {});
    const auto file = net.dir.file("bad");
    const auto error = [&](const std::string& bytes) {
        write_file(file, bytes);
        const auto result = net.run({"chain", "import", net.folder("carol"), file});
        CHECK(result.exit_code == 1);
        return result.err;
    };
    CHECK(error("x") == fmt::format("parley: {}: at byte 0: expected a list, got 0x78\n", file));
    CHECK(error("\x1f\x8b") ==
          fmt::format("parley: {}: at byte 0: expected a block, got gzip: unpack the file first\n",
                      file));
    CHECK(error("\xf8\xffx") ==
          fmt::format("parley: {}: at byte 0: the file ends in a block\n", file));
    CHECK(error("\xff\xff\xff\xff\xff\xff\xff\xff\xff")
              .find("expected a block of at most 8388608 bytes") != std::string::npos);
    CHECK(net.run({"chain", "export", net.folder("carol"), file, "--last", "3"}).err ==
          "parley: expected blocks up to 0, the head, got 1 to 3\n");
    CHECK(net.run({"genesis", "--signer", "x"}).err ==
          "parley: --signer: expected an address, 40 hex digits, got \"x\"\n");
    CHECK(net.run({"genesis", "--signer", "0x" + std::string(40, '1'), "--fund", "0x12:5"})
              .err.find("expected ADDRESS:AMOUNT") != std::string::npos);
}
