// A validator whose key is in another process: it makes blocks, waits while its signer is away, and
// cannot be made to contradict itself, not even by a second node.
#include "cli.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::testing;

namespace {

/// A chain with one validator, whose key is in the folder "safe".
struct SignerCli : Cli {
    std::string genesis = dir.file("genesis.json");
    std::string socket = folder("safe") + "/signer.sock";
    std::map<std::string, std::unique_ptr<Program>> nodes;
    std::unique_ptr<Program> signer;

    SignerCli() {
        ok({"key", "new", folder("safe")});
        write_file(genesis, ok({"genesis", "--validator-key", folder("safe") + "/node.key"}));
    }
    void start_signer(const std::vector<std::string>& more = {}) {
        std::vector<std::string> args{binary, "signer", folder("safe")};
        args.insert(args.end(), more.begin(), more.end());
        signer = std::make_unique<Program>(args, log_of("safe") + ".out", log_of("safe"));
    }
    void kill_signer() {
        signer->signal(SIGKILL);
        signer->wait(patience);
    }
    /// A validator that the signer signs for.
    void run_node(const std::string& name, const std::vector<std::string>& more = {}) {
        std::vector<std::string> words{"init",        folder(name),      "--private", "--listen",
                                       "127.0.0.1:0", "--http",          "off",       "--chain",
                                       genesis,       "--signer-socket", socket};
        words.insert(words.end(), more.begin(), more.end());
        ok(words);
        nodes[name] = start(name);
    }
    std::int64_t head_when(const std::string& name, std::int64_t number) {
        return at(Cli::head_when(name, *nodes.at(name), number), "/head/number");
    }
    /// The last of `parley consensus`, once `why` is part of what it says of the validator's
    /// silence.
    boost::json::value silent_when(const std::string& name, const std::string& why) {
        boost::json::value view;
        status_when(name, *nodes.at(name), [&](const auto&) {
            view = boost::json::parse(ok({"consensus", folder(name), "--json"}));
            const auto* halted = view.as_object().if_contains("halted");
            return halted != nullptr && halted->is_string() &&
                   halted->as_string().find(why) != boost::json::string::npos;
        });
        return view;
    }
    boost::json::value hash_at(const std::string& name, std::int64_t number) {
        const auto block = boost::json::parse(ok(
            {"rpc", folder(name), "eth_getBlockByNumber", fmt::format("{:#x}", number), "false"}));
        return block.is_null() ? block : block.at("hash");
    }
    bool log_has(const std::string& name, const std::string& text) {
        return read_file(log_of(name)).find(text) != std::string::npos;
    }
};

}  // namespace

TEST_CASE(
    "signer: a validator makes blocks with it, is silent without, and goes on when it is back") {
    SignerCli net;
    net.run_node("ann");  // before there is a signer
    net.silent_when("ann", fmt::format("cannot connect to {}: No such file", net.socket));
    CHECK(net.ok({"consensus", net.folder("ann")}).find("says nothing: cannot connect") !=
          std::string::npos);
    net.start_signer({"--new-record"});
    net.head_when("ann", 2);

    net.kill_signer();
    const auto stuck = net.silent_when("ann", "Connection refused");
    const auto number = at(stuck, "/head/number");
    CHECK(at(stuck, "/height") == number + 1);
    net.start_signer();
    net.head_when("ann", number + 2);
    // A refusal would be a contradiction of its own: there is none.
    CHECK_FALSE(net.log_has("ann", "the signer refused to sign"));
    CHECK_FALSE(net.log_has("safe", "refused to sign"));
    CHECK(net.log_has("ann", "the signer signs again"));

    // One that hangs holds up no more than votes: the node answers, and goes on with it.
    net.signer->signal(SIGSTOP);
    const auto held = at(net.silent_when("ann", "no answer from"), "/head/number");
    net.signer->signal(SIGCONT);
    net.head_when("ann", held + 2);
    end(*net.nodes["ann"]);
    net.signer->signal(SIGTERM);
    CHECK(net.signer->wait(patience) == 0);
    CHECK(net.log_has("safe", "ended"));
}

TEST_CASE("signer: two nodes that share one make one chain") {
    SignerCli net;
    net.start_signer({"--new-record"});
    net.run_node("ann");
    net.head_when("ann", 2);
    // A standby that does not see the active one would make another first block.
    net.run_node("ben");
    net.silent_when("ben", "the signer refused: block 1, round ");
    CHECK(net.head_when("ben", 0) == 0);
    CHECK(net.log_has("ben", "the signer refused to sign"));
    CHECK(net.log_has("safe", "refused to sign"));
    // One that sees it follows.
    net.run_node("cem", {"--static", net.target("ann")});
    const auto number = net.head_when("ann", 0) + 2;
    net.head_when("ann", number);
    net.head_when("cem", number);
    CHECK(net.hash_at("ann", number) == net.hash_at("cem", number));
    for (const std::string name : {"ann", "cem"}) {
        CHECK_FALSE(net.log_has(name, "contradicts itself"));
    }
    for (const std::string name : {"ann", "ben", "cem"}) end(*net.nodes[name]);
}

TEST_CASE("signer: it begins only where it knows what it signed, and alone") {
    SignerCli net;
    const auto safe = net.folder("safe");
    CHECK(net.run({"signer", safe}).err ==
          fmt::format("parley: {}/signed.0 is not there: what this key signed is not known. If it "
                      "signed nothing yet, or long ago and no other process has it, begin with "
                      "--new-record\n",
                      safe));
    net.start_signer({"--new-record"});
    net.run_node("ann");
    net.head_when("ann", 1);
    CHECK(mode_of(net.socket) == 0600);
    CHECK(net.run({"signer", safe}).err == fmt::format("parley: another process uses {}\n", safe));
    CHECK(net.run({"signer", net.folder("nowhere")}).exit_code == 1);
    end(*net.nodes["ann"]);

    const auto toml = net.folder("ann") + "/parley.toml";
    const auto refused = [&](const std::string& from, const std::string& to) {
        const auto text = read_file(toml);
        auto changed = text;
        const auto where = changed.find(from);
        REQUIRE(where != std::string::npos);
        changed.replace(where, from.size(), to);
        write_file(toml, changed);
        auto err = net.cannot_run("ann");
        write_file(toml, text);
        return err;
    };
    CHECK(refused("signer_key = \"\"", "signer_key = \"node.key\"") ==
          fmt::format("parley: {}: chain.signer_key and chain.signer_socket: expected one of them, "
                      "got both\n",
                      toml));
    CHECK(refused("engine = \"qbft\"", "engine = \"solo\"") ==
          fmt::format("parley: {}: chain.signer_socket is for the engine \"qbft\", and "
                      "chain.engine is \"solo\"\n",
                      toml));
    CHECK(
        refused("genesis = \"genesis.json\"", "genesis = \"\"") ==
        fmt::format("parley: {}: chain.signer_socket is of no use without chain.genesis\n", toml));
}
