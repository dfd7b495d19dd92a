// Light nodes, as their operators see them: beside a validator and a node that follows, over a
// restart, and what cannot be.
#include "cli.hpp"
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/node/chain_config.hpp>
#include <parley/node/node.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::testing;

namespace {

const auto rich = chain::testing::secret_of(5);
const auto poor = chain::address_of_secret(chain::testing::secret_of(6)).to_string();

struct LightCli : Cli {
    std::string genesis = dir.file("genesis.json");
    std::map<std::string, std::unique_ptr<Program>> nodes;

    LightCli() {
        ok({"key", "new", folder("key")});
        write_file(genesis, ok({"genesis", "--validator-key", folder("key") + "/node.key", "--fund",
                                account() + ":1000ether"}));
    }
    static std::string account() { return chain::address_of_secret(rich).to_string(); }
    void make(const std::string& name, const std::vector<std::string>& more = {}) {
        std::vector<std::string> words{"init",     folder(name),  "--private",
                                       "--listen", "127.0.0.1:0", "--http",
                                       "off",      "--chain",     genesis};
        words.insert(words.end(), more.begin(), more.end());
        ok(words);
    }
    void make_validator(const std::string& name) {
        std::filesystem::create_directory(folder(name));
        std::filesystem::copy_file(folder("key") + "/node.key", folder(name) + "/validator.key");
        make(name, {"--signer-key", "validator.key"});
    }
    boost::json::value head_when(const std::string& name, std::int64_t number) {
        return Cli::head_when(name, *nodes.at(name), number);
    }
    /// The answer, once it is not null.
    boost::json::value ask_when(const std::string& name, std::vector<std::string> words) {
        boost::json::value out;
        status_when(name, *nodes.at(name), [&](const auto&) {
            out = ask(name, words);
            return !out.is_null();
        });
        return out;
    }
};

}  // namespace

TEST_CASE("light: proven balances, a transaction sent and found, over a restart") {
    LightCli net;
    net.make_validator("ann");
    net.nodes["ann"] = net.start("ann");
    net.head_when("ann", 0);
    net.make("ben", {"--static", net.target("ann")});
    net.nodes["ben"] = net.start("ben");
    net.head_when("ben", 1);
    net.make("eve", {"--light", "--static", net.target("ann"), "--static", net.target("ben")});
    net.nodes["eve"] = net.start("eve");
    net.head_when("eve", 2);
    net.status_when("eve", *net.nodes["eve"],
                    [](const auto& status) { return at(status, "/light/fullNodes") == 2; });
    const auto served = net.status("ben", *net.nodes["ben"]);
    CHECK(at(served, "/links/byClass/light") == 1);
    CHECK(at(served, "/lightNodes/served") == 1);

    CHECK(net.ask("eve", {"eth_getBalance", net.account(), "latest"}) == "0x3635c9adc5dea00000");
    CHECK(net.ask("eve", {"eth_getBalance", poor, "latest"}) == "0x0");
    CHECK(net.ask("eve", {"eth_chainId"}) == net.ask("ann", {"eth_chainId"}));
    auto tx = chain::testing::transfer(0);
    tx.chain_id = node::ChainConfig{}.id;
    tx.to = chain::Address::parse(poor);
    const auto made = chain::testing::sign(tx, rich);
    const auto hash = "0x" + to_hex(made.hash);
    CHECK(net.ask("eve", {"eth_getTransactionReceipt", hash}).is_null());
    CHECK(net.ask("eve", {"eth_sendRawTransaction", "0x" + to_hex(made.raw)}) ==
          boost::json::value(hash));
    const auto receipt = net.ask_when("eve", {"eth_getTransactionReceipt", hash});
    CHECK(receipt == net.ask("ann", {"eth_getTransactionReceipt", hash}));
    CHECK(net.ask("eve", {"eth_getTransactionByHash", hash}) ==
          net.ask("ann", {"eth_getTransactionByHash", hash}));
    CHECK(net.ask("eve", {"eth_getBalance", poor, "latest"}) ==
          net.ask("ann", {"eth_getBalance", poor, "latest"}));
    CHECK(net.ask("eve", {"eth_getTransactionCount", net.account()}) == "0x1");
    const auto first = net.ask("eve", {"eth_getHeaderByNumber", "0x1"});
    CHECK(first.at("hash") == net.ask("ann", {"eth_getBlockByNumber", "0x1", "false"}).at("hash"));

    // Whole blocks, as a full node shows them.
    const auto number = boost::json::value_to<std::string>(receipt.at("blockNumber"));
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"eth_getBlockByNumber", number, "true"},
             {"eth_getBlockByNumber", "0x0", "false"},
             {"eth_getBlockReceipts", number},
             {"eth_getTransactionByBlockNumberAndIndex", number, "0x0"},
             {"debug_getRawHeader", number},
             {"eth_getProof", net.account(), R"(["0x0","0x1"])", number}}) {
        CHECK(net.ask("eve", words) == net.ask("ann", words));
    }

    // The example: a light client in 40 lines.
    const auto trusted = net.ask("ann", {"debug_getRawHeader", "0x0"});
    const auto chain_id = std::to_string(node::ChainConfig{}.id);
    const auto out = net.dir.file("balance.out");
    Program example{{std::string{PARLEY_BINARY_DIR} + "/bin/balance",
                     std::to_string(node::NodeConfig{}.network.id), chain_id,
                     boost::json::value_to<std::string>(trusted), net.target("ben"), poor},
                    out,
                    net.dir.file("balance.err")};
    CHECK(example.wait(patience) == 0);
    CHECK(read_file(out).starts_with(to_decimal(tx.value) + " wei after block "));

    // What it cannot prove it refuses by name.
    const auto refused = net.run({"rpc", net.folder("eve"), "eth_getLogs", "{}"});
    CHECK(refused.exit_code == 1);
    CHECK(refused.err.find("eth_getLogs: a light node cannot prove it; ask a full node") !=
          std::string::npos);

    net.nodes["eve"]->signal(SIGKILL);
    net.nodes["eve"]->wait(patience);
    end(*net.nodes["ben"]);
    net.nodes["eve"] = net.start("eve");
    const auto head = at(net.status("ann", *net.nodes["ann"]), "/head/number");
    net.head_when("eve", head + 1);
    net.status_when("eve", *net.nodes["eve"],
                    [](const auto& status) { return at(status, "/light/headersMissing") == 0; });
    CHECK(net.ask("eve", {"eth_getHeaderByNumber", "0x1"}) == first);
    for (const auto* name : {"ann", "eve"}) end(*net.nodes[name]);
}

TEST_CASE("light: the verifier in WebAssembly proves a balance, and believes no other block") {
    const auto toolchain = {"/usr/bin/clang++-19", "/usr/bin/node", "/usr/lib/wasm32-wasi/libc.a",
                            "/usr/lib/llvm-19/lib/wasm32-wasi/libc++.a"};
    for (const auto* needed : toolchain) {
        if (std::filesystem::exists(needed)) continue;
        MESSAGE("skipped: no ", needed);
        return;
    }
    LightCli net;
    const std::string example = std::string{PARLEY_SOURCE_DIR} + "/examples/wasm";
    const auto call = [&](std::vector<std::string> words) {
        Program program{std::move(words), net.dir.file("wasm.out"), net.dir.file("wasm.err")};
        const auto code = program.wait(std::chrono::minutes{5});
        return std::pair{code, read_file(net.dir.file("wasm.out"))};
    };
    const auto module = net.dir.file("verifier.wasm");
    const auto built = call({"/bin/bash", example + "/build.sh", PARLEY_SOURCE_DIR, module});
    REQUIRE_MESSAGE(built.first == 0, read_file(net.dir.file("wasm.err")));
    std::filesystem::create_directory(net.folder("ann"));
    std::filesystem::copy_file(net.folder("key") + "/node.key",
                               net.folder("ann") + "/validator.key");
    net.ok({"init", net.folder("ann"), "--private", "--listen", "127.0.0.1:0", "--http",
            "127.0.0.1:0", "--chain", net.genesis, "--signer-key", "validator.key"});
    net.nodes["ann"] = net.start("ann");
    net.head_when("ann", 1);
    const auto status = net.status("ann", *net.nodes["ann"]);
    const auto url = "http://" + boost::json::value_to<std::string>(status.at("http"));
    const auto block = net.ask("ann", {"eth_getBlockByNumber", "0x1", "false"});
    const auto hash = boost::json::value_to<std::string>(block.at("hash"));
    const auto verify = [&](const std::string& trusted) {
        return call({"/usr/bin/node", "--no-warnings", example + "/verify.mjs", module, url,
                     trusted, LightCli::account()});
    };
    CHECK(verify(hash) == std::pair{std::optional{0}, std::string{"1000000000000000000000 wei\n"}});
    const auto other = boost::json::value_to<std::string>(block.at("parentHash"));
    CHECK(verify(other).second == "1000000000000000000000 wei\n");
    auto wrong = hash;
    wrong.back() = wrong.back() == '0' ? '1' : '0';
    CHECK(verify(wrong).first == 1);
    end(*net.nodes["ann"]);
}

TEST_CASE("light: what cannot be is refused, with what is wrong") {
    LightCli net;
    const auto error = [&](std::vector<std::string> words) {
        const auto result = net.run(std::move(words));
        CHECK(result.exit_code != 0);
        return result.err;
    };
    CHECK(error({"init", net.folder("eve"), "--light"}).find("--light requires --chain") !=
          std::string::npos);
    const auto solo = net.dir.file("solo.json");
    write_file(solo, net.ok({"genesis", "--signer-key", net.folder("key") + "/node.key"}));
    CHECK(error({"init", net.folder("eve"), "--chain", solo, "--light"}) ==
          "parley: --light: a light node follows chains by votes (qbft) or by work (pow), and the "
          "engine is solo\n");
    net.make_validator("ann");
    CHECK(error({"run", net.folder("ann"), "--light"}) ==
          fmt::format("parley: {}/parley.toml: a light node makes no blocks: chain.signer_key and "
                      "chain.signer_socket must be \"\"\n",
                      net.folder("ann")));
}
