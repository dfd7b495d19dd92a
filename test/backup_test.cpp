// `parley backup`, and what is put back from it: a node that goes on, a validator that waits.
#include "votes_cli.hpp"
#include <parley/node/chain_config.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

using namespace parley;
using namespace parley::testing;

namespace {

namespace fs = std::filesystem;

struct BackupCli : VotesCli {
    std::string archive = dir.file("archive.tar");

    /// The names in an archive, a line each.
    std::string list(const std::string& file) {
        const auto listed = run_shell("tar tf " + file);
        CHECK_MESSAGE(listed.exit_code == 0, listed.err);
        CHECK(listed.err.empty());
        return listed.out;
    }
    void unpack(const std::string& file, const std::string& name) {
        fs::create_directory(folder(name));
        const auto unpacked = run_shell(fmt::format("tar xf {} -C {}", file, folder(name)));
        REQUIRE_MESSAGE(unpacked.exit_code == 0, unpacked.err);
    }
    /// Of a node that does not run.
    std::int64_t head_on_disk(const std::string& name) {
        return at(boost::json::parse(ok({"import", folder(name), "/dev/null", "--json"})),
                  "/number");
    }
    std::string send(const std::string& name, std::uint64_t nonce) {
        auto tx = chain::testing::transfer(nonce);
        tx.chain_id = node::ChainConfig{}.id;
        const auto made = chain::testing::sign(tx, rich);
        ok({"tx", "send", folder(name), "0x" + to_hex(made.raw)});
        return "0x" + to_hex(made.hash);
    }
    void begin(const std::string& name, const std::vector<std::string>& more = {}) {
        make(name, more);
        nodes[name] = start(name);
    }
    /// Four validators, and eva, who follows.
    void begin_all() {
        begin("ann");
        head_when("ann", 0);
        const auto first = target("ann");
        for (const std::string name : {"ben", "cem", "dot", "eva"})
            begin(name, {"--static", first});
        head_when("eva", 2);
    }
};

}  // namespace

TEST_CASE("backup: taken while blocks come, it is put back, and goes on from there") {
    BackupCli net;
    net.begin_all();
    std::string sent;
    for (std::uint64_t nonce = 0; nonce < 20; ++nonce) sent = net.send("eva", nonce);
    net.status_when("eva", *net.nodes["eva"], [&](const auto&) {
        return !net.ask("eva", {"eth_getTransactionReceipt", sent}).is_null();
    });

    for (int i = 0; i < 5; ++i) {
        const auto file = net.dir.file(fmt::format("eva-{}.tar", i));
        net.send("eva", 20 + static_cast<std::uint64_t>(i));
        const auto before = net.head_of("eva");
        const auto told = net.ok({"backup", net.folder("eva"), file});
        CHECK(told.find("settings, genesis, address book, chain up to block ") !=
              std::string::npos);
        CHECK(told.find("Not in it, and to be kept elsewhere: node.key\n") != std::string::npos);
        CHECK(mode_of(file) == 0600);
        CHECK(net.list(file) ==
              "parley.toml\ngenesis.json\nstore\nchain/\nchain/state\nchain/blocks\n");
        const auto name = fmt::format("copy-{}", i);
        net.unpack(file, name);
        CHECK(net.head_on_disk(name) >= before);
    }

    // The machine is lost; another one takes over, with the key.
    net.kill("eva");
    const auto name = std::string{"copy-4"};
    CHECK(net.run({"run", net.folder(name)}).err.find("node.key") != std::string::npos);
    fs::copy_file(net.folder("eva") + "/node.key", net.folder(name) + "/node.key");
    net.nodes[name] = net.start(name);
    net.head_when(name, net.head_of("ann") + 1);
    CHECK_FALSE(net.ask(name, {"eth_getTransactionReceipt", sent}).is_null());
    end(*net.nodes[name]);
}

TEST_CASE("backup: a validator that is put back is silent while its key may be in another node") {
    BackupCli net;
    net.begin_all();
    net.head_when("cem", 5);
    const auto made = net.run({"backup", net.folder("cem"), net.archive, "--keys"});
    CHECK(made.exit_code == 0);
    CHECK(made.err.find("HOLDS SECRET KEYS (node.key, validator.key)") != std::string::npos);
    CHECK(made.out.find("Not in it") == std::string::npos);
    const auto names = net.list(net.archive);
    CHECK(names.find("node.key\nvalidator.key\n") != std::string::npos);
    CHECK(names.find("votes") == std::string::npos);
    CHECK(fs::exists(net.folder("cem") + "/chain/votes.0"));

    // It spoke after the backup: what is put back does not know what it said.
    net.head_when("cem", net.head_of("cem") + 2);
    net.kill("cem");
    fs::remove_all(net.folder("cem"));
    net.unpack(net.archive, "cem");
    CHECK(mode_of(net.folder("cem") + "/validator.key") == 0600);
    net.nodes["cem"] = net.start("cem");
    const auto view = net.consensus_when("cem", [&](const auto& now) {
        const auto* from = now.as_object().if_contains("speaksFrom");
        return from != nullptr && !from->is_null() && at(now, "/height") > net.head_of("ann");
    });
    CHECK(at(view, "/speaksFrom") > at(view, "/height") + 50);
    CHECK(read_file(net.log_of("cem")).find("no record of what this validator said") !=
          std::string::npos);
    net.ok({"validators", "resume", net.folder("cem")});
    net.head_when("ann", net.head_of("ann") + 2);
}

TEST_CASE("backup: a file that is there, or cannot be whole, leaves nothing behind") {
    BackupCli net;
    net.make("eva");
    const auto folder = net.folder("eva");
    const auto part = net.archive + ".part";
    net.ok({"import", folder, "/dev/null"});

    write_file(net.archive, "mine");
    CHECK(net.run({"backup", folder, net.archive}).err ==
          fmt::format("parley: {} is there already and is left as it is\n", net.archive));
    CHECK(read_file(net.archive) == "mine");
    fs::remove(net.archive);

    // A disk that takes 8 KiB of it.
    const auto full = net.run_shell(fmt::format("trap '' XFSZ; ulimit -f 16; exec {} backup {} {}",
                                                binary, folder, net.archive));
    CHECK(full.exit_code == 1);
    CHECK(full.err == fmt::format("parley: cannot write {}: File too large\n", part));
    CHECK_FALSE(fs::exists(net.archive));
    CHECK_FALSE(fs::exists(part));

    // Killed at any moment there is a whole file or none, and the next one begins anew.
    for (int i = 0; i < 20; ++i) {
        Program backup{{binary, "backup", folder, net.archive},
                       net.dir.file("killed.out"),
                       net.dir.file("killed.err")};
        backup.wait(std::chrono::milliseconds{i});
        backup.signal(SIGKILL);
        REQUIRE(backup.wait(patience));
        if (fs::exists(net.archive)) net.list(net.archive);
        fs::remove(net.archive);
    }
    write_file(part, std::string(1'000'000, 'x'));
    net.ok({"backup", folder, net.archive});
    CHECK_FALSE(fs::exists(part));
    CHECK(net.list(net.archive).ends_with("chain/blocks\n"));

    // A log that is damaged below what the state has is not passed on.
    fs::remove(net.archive);
    auto log = read_file(folder + "/chain/blocks");
    log[20] = static_cast<char>(log[20] ^ 1);
    write_file(folder + "/chain/blocks", log);
    CHECK(
        net.run({"backup", folder, net.archive}).err ==
        fmt::format("parley: {}/chain/blocks: the store is corrupt, or no store at all\n", folder));
    CHECK_FALSE(fs::exists(net.archive));
}
