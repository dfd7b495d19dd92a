// `parley book`, on address books that the test makes, of nodes that run and that do not.
#include "cli.hpp"
#include <parley/base/endian.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/node/node.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::testing;
namespace json = boost::json;

namespace {

using discovery::AddressBook;
using discovery::SourceKind;
using runtime::LmdbStore;

NodeKey key(std::uint8_t n) {
    ByteArray<32> secret{};
    secret[0] = std::byte{1};
    secret[31] = std::byte{n};
    return *NodeKey::from_secret(secret);
}

/// Of network 7700, as `parley init` makes it.
Enr record(std::uint8_t n, std::string_view endpoint, std::uint64_t sequence = 1,
           std::uint64_t network = 7700) {
    const auto at = *Endpoint::parse(endpoint);
    ParleyEntry entry;
    entry.network_id = network;
    entry.fork_hash =
        transport::fork_id({.genesis = p2p::NetworkConfig{}.genesis, .forks = {}, .head = 0}).hash;
    return *EnrBuilder{sequence}.ip(at.address).tcp(at.port).parley(entry).sign(key(n));
}

Now before(Duration age) {
    auto now = runtime::now();
    now.unix_time -= std::chrono::duration_cast<std::chrono::milliseconds>(age);
    return now;
}

/// Four nodes: 1 was reached, 2 failed, 3 is new and old, 4 has no record.
void make_book(const std::string& store_path) {
    auto store = LmdbStore::open(store_path, LmdbStore::Create::yes).value();
    AddressBook book{{}, {7700, {}}, NodeId{}, Rng{1}};
    const auto teller = *IpAddress::parse("20.9.9.9");
    const discovery::Source pex{SourceKind::pex, key(9).id(), teller};
    const discovery::Source dht{SourceKind::dht, key(9).id(), teller};
    CHECK(book.add_record(before(48h), record(1, "20.1.0.1:30303"), pex) ==
          discovery::AddResult::added);
    book.add_record(before(24h), record(2, "20.2.0.1:30303"), pex);
    book.add_record(before(100h), record(3, "20.3.0.1:30304"), dht);
    book.add_target(before(96h), {key(4).id(), *Endpoint::parse("20.1.0.4:30303")}, {}, {});
    book.on_dialing(before(30min), key(1).id());
    book.on_connected(before(30min), key(1).id(), transport::Direction::outbound,
                      *Endpoint::parse("20.1.0.1:30303"));
    book.on_dialing(before(10min), key(2).id());
    book.on_dial_failed(before(10min), key(2).id());
    REQUIRE(store->write(book.take_changes()));
}

/// An ID is enough to know which.
std::vector<std::string> ids(const std::string& text) {
    std::vector<std::string> out;
    const auto list = json::parse(text);
    for (const auto& one : list.as_array()) {
        out.emplace_back(one.at("id").as_string());
    }
    return out;
}
std::string id(std::uint8_t n) {
    return key(n).id().to_string();
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        out.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

struct BookCli : Cli {
    Output book(std::string command, std::vector<std::string> more = {},
                const std::string& input = "", const std::string& name = "alice") {
        std::vector<std::string> args{"book", std::move(command), folder(name)};
        args.insert(args.end(), more.begin(), more.end());
        return run(args, input);
    }
    std::string store(const std::string& name = "alice") const { return folder(name) + "/store"; }
};

}  // namespace

TEST_CASE("entries are listed, chosen by options, and found by ID and address") {
    BookCli cli;
    cli.init("alice");
    make_book(cli.store());

    const auto table = lines_of(cli.book("list").out);
    REQUIRE(table.size() == 5);
    CHECK(table[0].starts_with("ID            ADDRESS         STATE   FAILURES  SOURCE "));
    CHECK(table[1].starts_with(id(1).substr(0, 12) + "  20.1.0.1:30303  tried          0  pex "));
    CHECK(table[2].starts_with(id(2).substr(0, 12) + "  20.2.0.1:30303  failed         1  pex "));
    CHECK(table[3].starts_with(id(4).substr(0, 12) + "  20.1.0.4:30303  new            0  user "));
    CHECK(table[4].ends_with("never"));
    CHECK(cli.book("list", {"--limit", "1"}).out.ends_with("\n(3 more; --limit 0 lists all)\n"));

    const auto list = [&](std::vector<std::string> more) {
        more.emplace_back("--json");
        const auto result = cli.book("list", more);
        CHECK_MESSAGE(result.exit_code == 0, result.err);
        return ids(result.out);
    };
    using Ids = std::vector<std::string>;
    CHECK(list({}) == Ids{id(1), id(2), id(4), id(3)});
    CHECK(list({"--limit", "2"}) == Ids{id(1), id(2)});
    CHECK(list({"--state", "tried"}) == Ids{id(1)});
    CHECK(list({"--state", "failed"}) == Ids{id(2)});
    CHECK(list({"--state", "new"}) == Ids{id(4), id(3)});
    CHECK(list({"--group", "20.1.0.0/16"}) == Ids{id(1), id(4)});
    CHECK(list({"--group", "20.1.0.4"}) == Ids{id(4)});
    CHECK(list({"--source", "dht"}) == Ids{id(3)});
    CHECK(list({"--seen-since", "25h"}) == Ids{id(1), id(2)});
    CHECK(list({"--seen-since", "1m"}) == Ids{});
    CHECK(cli.book("list", {"--seen-since", "1m"}).out == "no such entries\n");

    CHECK(ids(cli.book("find", {id(3).substr(0, 10), "--json"}).out) == Ids{id(3)});
    CHECK(ids(cli.book("find", {"20.1.0.4", "--json"}).out) == Ids{id(4)});
    CHECK(ids(cli.book("find", {"20.3.0.1:30304", "--json"}).out) == Ids{id(3)});
    const auto found = cli.book("find", {id(1)});
    CHECK(found.out.find("\nState      tried\n") != std::string::npos);
    CHECK(found.out.find("\nRecord     good, sequence 1\nENR        enr:") != std::string::npos);
    const auto nobody = cli.book("find", {"20.3.0.1:1"});
    CHECK(nobody.exit_code == 1);
    CHECK(nobody.err ==
          "parley: 20.3.0.1:1 is not in the address book of " + cli.folder("alice") + "\n");

    const auto stats = json::parse(cli.book("stats", {"--json"}).out);
    CHECK(at(stats, "/entries") == 4);
    CHECK(at(stats, "/withRecord") == 3);
    CHECK(at(stats, "/states/new") == 2);
    CHECK(at(stats, "/sources/pex") == 2);
    CHECK(at(stats, "/seen/within an hour") == 1);
    CHECK(at(stats, "/seen/a week") == 3);
    CHECK(at(stats, "/groups") == 3);
    CHECK(at(stats, "/topGroups/20.1.0.0~116") == 2);
    CHECK(cli.book("stats").out.starts_with("Entries       4, 3 with a record\n"));
}

TEST_CASE("what is wrong with the options of a book's commands is said") {
    BookCli cli;
    cli.init("alice");
    make_book(cli.store());
    CHECK(cli.book("list", {"--group", "20.1/16"}).err ==
          "parley: --group: expected a network such as 203.0.113.0/24, got \"20.1/16\"\n");
    CHECK(cli.book("list", {"--group", "20.1.0.0/33"}).exit_code == 1);
    CHECK(cli.book("list", {"--seen-since", "2"}).err ==
          "parley: --seen-since: expected a duration such as 30m, 2h or 7d, got \"2\"\n");
    CHECK(cli.book("list", {"--state", "up"}).exit_code == 2);
    CHECK(cli.book("find", {"02c"}).err ==
          "parley: expected an ID, at least 4 of its first digits, an address or address:port, "
          "got \"02c\"\n");
    CHECK(cli.run({"book"}).exit_code == 2);
}

TEST_CASE("books that are missing, damaged or of another version are told apart") {
    BookCli cli;
    CHECK(cli.book("list").err == "parley: there is no folder " + cli.folder("alice") +
                                      "; `parley init " + cli.folder("alice") + "` makes one\n");
    cli.init("alice");
    CHECK(cli.book("list").out == "the address book is empty\n");
    std::filesystem::remove(cli.store());
    for (const auto& result : {cli.book("list"), cli.book("import", {"-"})}) {
        CHECK(result.exit_code == 1);
        CHECK(result.err == "parley: there is no " + cli.store() + "; `parley run " +
                                cli.folder("alice") + " --new-store` makes an empty one\n");
    }
    write_file(cli.store(), "no store");
    for (const auto* command : {"list", "stats"}) {
        const auto result = cli.book(command);
        CHECK(result.exit_code == 1);
        CHECK(result.err == "parley: cannot open " + cli.store() +
                                ": the store is corrupt, or no store at all\n");
    }
    const auto imported = cli.book("import", {"-"}, "");
    CHECK(imported.err ==
          "parley: cannot open " + cli.store() + ": the store is corrupt, or no store at all\n");

    std::filesystem::remove(cli.store());
    const auto set_version = [&](Bytes value) {
        auto store = LmdbStore::open(cli.store(), LmdbStore::Create::yes).value();
        StoreBatch batch;
        batch.put(AddressBook::version_table, bytes_of(AddressBook::version_key), value);
        REQUIRE(store->write(batch));
    };
    Buffer three;
    append_be(three, std::uint64_t{3});
    set_version(three);
    CHECK(cli.book("list").err ==
          "parley: the address book in " + cli.store() + " is of version 3, this parley reads 2\n");
    CHECK(cli.book("import", {"-"}, "").err ==
          "parley: cannot open " + cli.store() +
              ": the store is of a newer version: expected at most 2, got 3\n");
    set_version(bytes_of("3"));
    CHECK(cli.book("list").err == "parley: the address book in " + cli.store() +
                                      " is damaged: its version has 1 bytes, expected 8\n");
}

TEST_CASE("damaged rows are told and left out, and a record of somebody else is found out") {
    BookCli cli;
    cli.init("alice");
    make_book(cli.store());
    {
        auto store = LmdbStore::open(cli.store(), LmdbStore::Create::no).value();
        StoreBatch batch;
        batch.put(AddressBook::table, bytes_of("short"), bytes_of("row"));
        batch.put(AddressBook::table, key(5).id().bytes(), bytes_of("\x03"));
        // Poison: the row of 3 has the record of 1.
        auto row = store->get(AddressBook::table, key(1).id().bytes()).value().value();
        batch.put(AddressBook::table, key(3).id().bytes(), row);
        REQUIRE(store->write(batch));
    }
    const auto result = cli.book("list", {"--json"});
    CHECK(result.exit_code == 0);
    CHECK(ids(result.out).size() == 4);
    CHECK(result.err.starts_with("parley: 2 rows of " + cli.store() +
                                 " are damaged and left out:\n  "));
    CHECK(
        result.err.find("  " + to_hex(bytes_of("short")) +
                        ": the key is no node ID: 5 bytes, expected 33 that begin with 2 or 3\n") !=
        std::string::npos);
    CHECK(cli.book("find", {id(3)})
              .out.find("\nRecord     bad, will not be used: it is of another node\n") !=
          std::string::npos);
    CHECK(at(json::parse(cli.book("stats", {"--json"}).out), "/damagedRows") == 2);
}

TEST_CASE("records go from one book to another, each line of the file with its verdict") {
    BookCli cli;
    cli.init("alice");
    make_book(cli.store());
    const auto file = cli.dir.file("records");
    CHECK(cli.book("export", {file}).out == "3 records in " + file + "\n");
    const auto text = read_file(file);
    const auto lines = lines_of(text);
    REQUIRE(lines.size() == 5);
    CHECK(lines[0].starts_with("# 3 node records, 2"));
    CHECK(lines[1] == record(1, "20.1.0.1:30303").to_text());
    CHECK(lines[3] == "# without a record: " + id(4) + "@20.1.0.4:30303");
    CHECK(cli.book("export", {file}).err ==
          "parley: " + file + " is there already and is left as it is\n");
    CHECK(cli.book("export", {"-", "--state", "tried"}).out.ends_with("\n" + lines[1] + "\n"));

    cli.init("bob");
    const auto import_to_bob = [&](std::vector<std::string> more, const std::string& input) {
        return cli.book("import", more, input, "bob");
    };
    const auto first = import_to_bob({file}, "");
    CHECK_MESSAGE(first.exit_code == 0, first.err);
    CHECK(first.out == "RESULT  RECORDS\nadded         3\n");
    CHECK(import_to_bob({file}, "").out == "RESULT  RECORDS\nknown         3\n");
    CHECK(ids(cli.book("list", {"--json", "--source", "user"}, "", "bob").out).size() == 3);

    auto damaged = lines[1];
    damaged[20] = damaged[20] == 'A' ? 'B' : 'A';
    const auto mixed =
        import_to_bob({"-"}, "\n# a comment\n" + record(1, "20.1.0.7:30303", 2).to_text() + "\r\n" +
                                 damaged + "\n" + "hello\n" + std::string(5'000, 'x') + "\n" +
                                 record(6, "20.6.0.1:30303", 1, 7).to_text() + "\n" +
                                 record(7, "224.0.0.1:30303").to_text() + "\n" +
                                 record(2, "20.2.0.1:30303").to_text());
    CHECK(mixed.exit_code == 1);
    CHECK(mixed.err == "parley: -: 3 lines hold no valid record\n");
    CHECK(mixed.out ==
          "RESULT         RECORDS\n"
          "updated              1\n"
          "known                1\n"
          "wrong network        1\n"
          "bad address          1\n"
          "not valid            3\n"
          "line 4: record signature does not verify\n"
          "line 5: expected \"enr:...\"\n"
          "line 6: longer than 1024 bytes\n"
          "line 7: wrong network\n"
          "line 8: bad address\n");
    CHECK(ids(cli.book("find", {"20.1.0.7", "--json"}, "", "bob").out).size() == 1);
    const auto as_json = json::parse(import_to_bob({"-", "--json"}, "hello\n").out);
    CHECK(at(as_json, "/invalid") == 1);
    CHECK(at(as_json, "/lines/0/line") == 1);
    CHECK(import_to_bob({"-"}, "").out == "no records\n");
    CHECK(import_to_bob({cli.dir.file("absent")}, "").err ==
          "parley: cannot read " + cli.dir.file("absent") + ": No such file or directory\n");
}

TEST_CASE("a file of one's own may take more places than one of a stranger") {
    BookCli cli;
    cli.init("alice");
    // One network, where a teller has a bucket of 64 places for each group and more only by chance.
    std::string text;
    for (int n = 0; n < 250; ++n) {
        text += record(static_cast<std::uint8_t>(n + 1), "20.1.0." + std::to_string(n) + ":30303")
                    .to_text() +
                '\n';
    }
    const auto added = [&](const std::string& name, std::vector<std::string> more) {
        cli.init(name);
        more.insert(more.begin(), {"-", "--json"});
        const auto result = cli.book("import", more, text, name);
        CHECK(result.exit_code == 0);
        return at(json::parse(result.out), "/results/added");
    };
    CHECK(added("stranger", {}) <= 64);
    CHECK(added("own", {"--own"}) > 200);
}

TEST_CASE("the book of a running node is read, and not written to") {
    BookCli cli;
    cli.init("alice");
    make_book(cli.store());
    auto alice = cli.start("alice");
    cli.status("alice", *alice);
    CHECK(ids(cli.book("list", {"--json"}).out).size() == 4);
    CHECK(cli.book("export", {"-"}).exit_code == 0);
    const auto refused = cli.book("import", {"-"}, record(8, "20.8.0.1:30303").to_text());
    CHECK(refused.exit_code == 1);
    CHECK(refused.err == "parley: another node runs in " + cli.folder("alice") +
                             ": it must end before anything is imported\n");
    end(*alice);
    CHECK(cli.book("import", {"-"}, record(8, "20.8.0.1:30303").to_text()).exit_code == 0);
    alice = cli.start("alice");
    cli.status("alice", *alice);
    CHECK(ids(cli.book("find", {"20.8.0.1", "--json"}).out).size() == 1);
    end(*alice);
}
