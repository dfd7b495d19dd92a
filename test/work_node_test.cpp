// A chain by work, as its operators see it: an outside miner, a node that mines by itself, one that
// follows.
#include "cli.hpp"
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/node/chain_config.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::testing;

namespace {

const auto funded = chain::testing::secret_of(5);

std::string account_of(std::uint64_t seed) {
    return chain::address_of_secret(chain::testing::secret_of(seed)).to_string();
}

struct WorkCli : Cli {
    std::string genesis = dir.file("genesis.json");
    std::map<std::string, std::unique_ptr<Program>> nodes;

    WorkCli() {
        write_file(genesis, ok({"genesis", "--work", "--difficulty", "500", "--period", "1",
                                "--reward", "2ether", "--fund", account_of(5) + ":1000ether"}));
    }
    void make(const std::string& name, const std::vector<std::string>& more = {}) {
        std::vector<std::string> words{"init",        folder(name),  "--private",
                                       "--listen",    "127.0.0.1:0", "--http",
                                       "127.0.0.1:0", "--chain",     genesis};
        words.insert(words.end(), more.begin(), more.end());
        ok(words);
    }
    void run_node(const std::string& name) {
        nodes[name] = start(name);
        status(name, *nodes[name]);
    }
    /// ADDRESS:PORT of its JSON-RPC.
    std::string http_of(const std::string& name) {
        return status(name, *nodes.at(name)).at("http").as_string().c_str();
    }
    boost::json::value head_when(const std::string& name, std::int64_t number) {
        return Cli::head_when(name, *nodes.at(name), number);
    }
    boost::json::value block(const std::string& name, std::uint64_t number) {
        return ask(name, {"eth_getBlockByNumber", fmt::format("{:#x}", number), "false"});
    }
};

}  // namespace

TEST_CASE("work: what an outside miner finds a second node follows, with what waits in the pool") {
    WorkCli net;
    net.make("ann", {"--miner", account_of(1), "--mining-threads", "0"});
    net.run_node("ann");
    net.make("ben", {"--static", net.target("ann")});
    net.run_node("ben");
    net.links_when("ben", *net.nodes["ben"], 1);
    CHECK(net.ask("ann", {"eth_mining"}) == true);
    CHECK(net.ask("ben", {"eth_mining"}) == false);

    const auto mined =
        net.ok({"mine", "http://" + net.http_of("ann"), "--threads", "1", "--blocks", "2"});
    CHECK(mined.starts_with("Mining with 1 thread; Ctrl-C ends it.\nBlock 1 found: 0x"));
    CHECK(mined.find("\nBlock 2 found: 0x") != std::string::npos);
    CHECK(mined.find("\n2 blocks found, ") != std::string::npos);
    net.head_when("ben", 2);
    CHECK(net.block("ben", 2).at("hash") == net.block("ann", 2).at("hash"));
    CHECK(net.ask("ben", {"eth_getBalance", account_of(1), "latest"}) ==
          boost::json::value("0x3782dace9d900000"));  // 4 ether

    auto tx = chain::testing::transfer(0);
    tx.chain_id = node::ChainConfig{}.id;
    const auto made = chain::testing::sign(tx, funded);
    const auto hash = "0x" + to_hex(made.hash);
    net.ok({"tx", "send", net.folder("ben"), "0x" + to_hex(made.raw)});
    net.status_when("ann", *net.nodes["ann"],
                    [](const auto& status) { return at(status, "/pool/count") == 1; });
    // By its folder now; the work may be of before the transaction came.
    net.status_when("ben", *net.nodes["ben"], [&](const auto&) {
        net.ok({"mine", net.folder("ann"), "--threads", "1", "--blocks", "1"});
        return !net.ask("ben", {"eth_getTransactionReceipt", hash}).is_null();
    });
    end(*net.nodes["ann"]);
    end(*net.nodes["ben"]);
}

TEST_CASE("work: nodes that mine by themselves make one chain, over a kill") {
    WorkCli net;
    net.make("ann", {"--miner", account_of(1)});
    net.run_node("ann");
    net.make("ben", {"--miner", account_of(2), "--static", net.target("ann")});
    net.run_node("ben");
    net.links_when("ben", *net.nodes["ben"], 1);
    net.head_when("ben", 3);
    net.nodes["ben"]->signal(SIGKILL);
    net.nodes["ben"]->wait(patience);
    const auto before = at(net.status("ann", *net.nodes["ann"]), "/head/number");
    net.head_when("ann", before + 2);
    net.run_node("ben");
    net.links_when("ben", *net.nodes["ben"], 1);
    net.head_when("ben", before + 4);
    const auto number = static_cast<std::uint64_t>(before);
    net.status_when("ben", *net.nodes["ben"], [&](const auto&) {
        return net.block("ann", number).at("hash") == net.block("ben", number).at("hash");
    });
    CHECK(net.ask("ann", {"eth_hashrate"}).as_string().starts_with("0x"));
    end(*net.nodes["ann"]);
    end(*net.nodes["ben"]);
}

TEST_CASE("work: what cannot be is refused, with what is wrong") {
    WorkCli net;
    const auto error = [&](std::vector<std::string> words) {
        const auto result = net.run(std::move(words));
        CHECK(result.exit_code == 1);
        return result.err;
    };
    CHECK(error({"genesis", "--work", "--reward", "much"}) ==
          "parley: --reward: expected an amount such as 2ether, got \"much\"\n");
    CHECK(error({"genesis", "--work", "--period", "60", "--half-life", "30"}) ==
          "parley: --half-life: expected at least the 60 of --period, got 30\n");
    CHECK(net.run({"genesis", "--work", "--signer", account_of(1)}).exit_code == 2);
    CHECK(error({"init", net.folder("eva"), "--chain", net.genesis, "--miner", "0x12"}) ==
          "parley: --miner: expected an address, 40 hex digits, got \"0x12\"\n");
    CHECK(error({"init", net.folder("eva"), "--chain", net.genesis, "--engine", "unsealed",
                 "--miner", account_of(1)}) ==
          "parley: --miner is of no use with the engine unsealed\n");
    CHECK(error({"mine", net.dir.file("nobody")}) ==
          fmt::format("parley: {}: expected a node's folder, or ADDRESS:PORT of its JSON-RPC over "
                      "HTTP\n",
                      net.dir.file("nobody")));
    net.make("fay");
    net.run_node("fay");
    CHECK(error({"mine", net.folder("fay")}) ==
          "parley: this node makes no work: the setting chain.miner names no account\n");
    end(*net.nodes["fay"]);
    CHECK(error({"mine", net.folder("fay")})
              .starts_with("parley: cannot connect to " + net.folder("fay") + "/parley.sock"));
}
