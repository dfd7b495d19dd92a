// `parley upgrade`: a chain in the first format, as programs wrote it, moved to the present one.
#include "votes_cli.hpp"
#include <parley/base/endian.hpp>
#include <parley/chain/ledger/block_log.hpp>
#include <parley/chain/ledger/log_record.hpp>
#include <parley/chain/ledger/saved.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/node/chain_config.hpp>
#include <parley/runtime/store/file_log.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>

using namespace parley;
using namespace parley::testing;

namespace {

namespace fs = std::filesystem;
using runtime::FileLog;
using runtime::LmdbStore;

constexpr chain::BlockLimits any_engine{.extra_data_bytes_max = chain::BlockLimits{}.bytes_max};

/// A record of format 1: receipts with type and bloom, and a check by Keccak.
Buffer first_record(const chain::LoggedBlock& logged) {
    rlp::Writer out;
    out.begin_list().raw(logged.block.encode());
    Buffer joined;
    for (const auto& sender : logged.senders) append(joined, sender);
    out.string(Bytes{joined}).begin_list();
    for (const auto& receipt : logged.receipts) out.string(Bytes{receipt.encode()});
    out.end_list().end_list();
    const auto payload = out.take();
    auto record = chain::make_record(payload);
    std::ranges::copy(chain::first_record_check(payload), record.begin() + 4);
    return record;
}

/// Makes the present files of a folder `chain` those of format 1.
void make_first_format(const std::string& data) {
    const auto file = FileLog::open(data + "/blocks").value();
    std::string bytes;
    for (std::uint64_t offset = 0; offset < file->size_bytes();) {
        const auto record = chain::read_record(*file, offset).value();
        bytes += text_of(
            first_record(chain::decode_logged(chain::payload_of(record), any_engine).value()));
        offset += record.size();
    }
    write_file(data + "/blocks", bytes);
    const auto state =
        LmdbStore::open(data + "/state", LmdbStore::Create::no, {.version = 2}).value();
    StoreBatch batch;
    if (auto saved = chain::read_saved(*state).value()) {
        saved->log_end = bytes.size();
        chain::put_saved(batch, *saved);
    }
    Buffer version;
    append_be(version, std::uint32_t{1});
    batch.put("_parley", bytes_of("version"), version);
    REQUIRE(state->write(batch));
}

struct UpgradeCli : Cli {
    std::string genesis = dir.file("genesis.json");
    std::string alice = folder("alice");
    std::string data = alice + "/chain";
    std::string kept = alice + "/chain-format-1";

    /// A chain with a transaction in it, of a node that has ended.
    UpgradeCli() {
        ok({"key", "new", alice});
        write_file(genesis, ok({"genesis", "--signer-key", alice + "/node.key", "--fund",
                                chain::address_of_secret(rich).to_string() + ":1000ether"}));
        ok({"init", alice, "--keep-key", "--private", "--listen", "127.0.0.1:0", "--http", "off",
            "--chain", genesis, "--signer-key", "node.key"});
        auto node = start("alice");
        auto tx = chain::testing::transfer(0);
        tx.chain_id = node::ChainConfig{}.id;
        const auto made = chain::testing::sign(tx, rich);
        head_when("alice", *node, 1);
        ok({"tx", "send", alice, "0x" + to_hex(made.raw)});
        status_when("alice", *node, [&](const auto&) {
            return !ask("alice", {"eth_getTransactionReceipt", "0x" + to_hex(made.hash)}).is_null();
        });
        end(*node);
        ok({"export", alice, dir.file("before.rlp")});
    }
    /// The state as of the last block, too: it is saved each 100 blocks.
    void save() { ok({"import", alice, "/dev/null"}); }
    /// The blocks as they were before anything was done to them.
    void check_blocks() {
        fs::remove(dir.file("after.rlp"));
        ok({"export", alice, dir.file("after.rlp")});
        CHECK(read_file(dir.file("after.rlp")) == read_file(dir.file("before.rlp")));
    }
};

}  // namespace

TEST_CASE("upgrade: a chain of the first format is refused with what to do, moved and kept") {
    UpgradeCli cli;
    cli.save();
    CHECK(cli.ok({"upgrade", cli.alice}) ==
          fmt::format("{}: nothing to do; the format is 2, the present one\n", cli.alice));
    make_first_format(cli.data);
    write_file(cli.data + "/votes.0", "what it said");
    const auto log = read_file(cli.data + "/blocks");
    const auto refused = fmt::format(
        "parley: {0}/chain has the format 1, and this program's is 2: `parley upgrade "
        "{0}` moves it, and keeps the old one\n",
        cli.alice);
    CHECK(cli.cannot_run("alice") == refused);
    CHECK(cli.run({"export", cli.alice, cli.dir.file("x")}).err == refused);
    CHECK(cli.run({"backup", cli.alice, cli.dir.file("x.tar")}).err == refused);
    CHECK(read_file(cli.data + "/blocks") == log);

    const auto moved = cli.ok({"upgrade", cli.alice});
    CHECK(moved.find(" blocks with 1 transactions up to block ") != std::string::npos);
    CHECK(moved.find(cli.data + " has the present format, 2. What was there is in " + cli.kept) !=
          std::string::npos);
    CHECK(read_file(cli.kept + "/blocks") == log);
    // A validator goes on knowing what it said, and the old files cannot make it forget.
    CHECK(read_file(cli.data + "/votes.0") == "what it said");
    CHECK_FALSE(fs::exists(cli.kept + "/votes.0"));
    CHECK_FALSE(fs::exists(cli.data + ".new"));
    cli.check_blocks();
    auto node = cli.start("alice");
    cli.head_when("alice", *node, 3);
    end(*node);
}

TEST_CASE("upgrade: a store that only says format 1 and has the second one goes on") {
    UpgradeCli cli;
    {
        const auto state =
            LmdbStore::open(cli.data + "/state", LmdbStore::Create::no, {.version = 2}).value();
        StoreBatch batch;
        Buffer version;
        append_be(version, std::uint32_t{1});
        batch.put("_parley", bytes_of("version"), version);
        REQUIRE(state->write(batch));
    }
    cli.check_blocks();
    CHECK(LmdbStore::version_of(cli.data + "/state") == 2);
}

TEST_CASE("upgrade: killed at any moment, the old chain is there or the new one") {
    UpgradeCli cli;
    make_first_format(cli.data);
    write_file(cli.data + "/votes.0", "what it said");
    for (int i = 0; i < 12; ++i) {
        Program upgrade{
            {binary, "upgrade", cli.alice}, cli.dir.file("killed.out"), cli.dir.file("killed.err")};
        upgrade.wait(std::chrono::milliseconds{4 * i});
        upgrade.signal(SIGKILL);
        REQUIRE(upgrade.wait(patience));
        CHECK(read_file(cli.data + "/votes.0") == "what it said");
    }
    cli.ok({"upgrade", cli.alice});
    CHECK(fs::exists(cli.kept + "/blocks"));
    CHECK_FALSE(fs::exists(cli.data + ".new"));
    cli.check_blocks();

    // Killed between the exchange and the new name: the next try gives it.
    fs::rename(cli.kept, cli.data + ".new");
    write_file(cli.data + ".new/votes.0", "long ago");
    cli.ok({"upgrade", cli.alice});
    CHECK(fs::exists(cli.kept + "/blocks"));
    CHECK_FALSE(fs::exists(cli.kept + "/votes.0"));
    cli.check_blocks();
}

TEST_CASE("upgrade: a damaged chain is named and left as it is") {
    UpgradeCli cli;
    cli.save();
    make_first_format(cli.data);
    auto log = read_file(cli.data + "/blocks");
    log[log.size() - 3] = static_cast<char>(log[log.size() - 3] ^ 1);
    write_file(cli.data + "/blocks", log);
    const auto refused = cli.run({"upgrade", cli.alice});
    CHECK(refused.exit_code == 1);
    CHECK(refused.err.find("the head: it is damaged, and left as it is") != std::string::npos);
    CHECK(read_file(cli.data + "/blocks") == log);
    CHECK_FALSE(fs::exists(cli.data + ".new"));
    CHECK_FALSE(fs::exists(cli.kept));
}
