#include <parley/sim/world/disk.hpp>

#include <doctest/doctest.h>

#include <array>
#include <set>
#include <string>

using namespace parley;
using namespace parley::sim;

namespace {

using Rows = std::map<std::string, std::string>;

Rows rows_of(Disk& disk, std::string_view table = "t") {
    Rows rows;
    REQUIRE(disk.scan(table, [&](Bytes key, Bytes value) {
        rows.emplace(text_of(key), text_of(value));
        return true;
    }));
    return rows;
}

void put(Disk& disk, std::string_view key, std::string_view value) {
    StoreBatch batch;
    batch.put("t", bytes_of(key), bytes_of(value));
    REQUIRE(disk.write(batch));
}

/// Five batches of four changes each that stand on one another: new keys, overwritten and erased
/// ones, one key twice. `changes` of them all, for what should be there after so many.
constexpr std::size_t batches = 5;
constexpr std::size_t changes_each = 4;
struct Change {
    std::string key;
    std::string value;  // empty: erase
};
Change change(std::size_t n) {
    const auto batch = std::to_string(n / changes_each);
    switch (n % changes_each) {
        case 0:
            return {"own" + batch, "new" + batch};
        case 1:
            return {"shared", "shared" + batch};
        case 2:
            return {"old" + batch, ""};
        default:
            return {"shared", "again" + batch};
    }
}
Rows expected_after(std::size_t changes) {
    Rows rows{{"shared", "first"}};
    for (std::size_t i = 0; i < batches; ++i) {
        rows["old" + std::to_string(i)] = "old value " + std::to_string(i);
    }
    for (std::size_t n = 0; n < changes; ++n) {
        const auto [key, value] = change(n);
        if (value.empty()) {
            rows.erase(key);
        } else {
            rows[key] = value;
        }
    }
    return rows;
}
/// What expected_after(0) says is synced, the batches are not.
struct WrittenDisk : Disk {
    WrittenDisk();
};
WrittenDisk::WrittenDisk() {
    Disk& disk = *this;
    for (const auto& [key, value] : expected_after(0)) put(disk, key, value);
    disk.sync_all();
    for (std::size_t n = 0; n < batches * changes_each;) {
        StoreBatch batch;
        for (std::size_t i = 0; i < changes_each; ++i, ++n) {
            const auto [key, value] = change(n);
            if (value.empty()) {
                batch.erase("t", bytes_of(key));
            } else {
                batch.put("t", bytes_of(key), bytes_of(value));
            }
        }
        REQUIRE(disk.write(batch));
    }
}
/// After how many changes the disk would look as it does; none: it never would.
std::optional<std::size_t> changes_left(Disk& disk) {
    const auto rows = rows_of(disk);
    for (std::size_t n = 0; n <= batches * changes_each; ++n) {
        if (rows == expected_after(n)) return n;
    }
    return std::nullopt;
}

constexpr std::uint64_t seeds = 500;

}  // namespace

TEST_CASE("reads see what was written, synced or not") {
    Disk disk;
    CHECK(disk.get("t", bytes_of("k")).value() == std::nullopt);
    CHECK(rows_of(disk).empty());
    put(disk, "k", "one");
    put(disk, "j", "");
    CHECK(text_of(*disk.get("t", bytes_of("k")).value()) == "one");
    CHECK(disk.get("other", bytes_of("k")).value() == std::nullopt);
    CHECK(rows_of(disk) == Rows{{"j", ""}, {"k", "one"}});
    CHECK(disk.unsynced() == 2);
    disk.sync_all();
    CHECK(disk.unsynced() == 0);
    put(disk, "k", "two");
    CHECK(rows_of(disk) == Rows{{"j", ""}, {"k", "two"}});

    std::size_t visited = 0;
    REQUIRE(disk.scan("t", [&](Bytes, Bytes) { return ++visited < 1; }));
    CHECK(visited == 1);
}

TEST_CASE("when only the process dies nothing is lost, and a later power cut can still take it") {
    WrittenDisk disk;
    Rng rng{1};
    disk.crash(rng, DiskFaults{});
    CHECK(changes_left(disk) == batches * changes_each);
    CHECK(disk.unsynced() == batches);
    CHECK(rng.next() == Rng{1}.next());  // no draw

    bool lost = false;
    for (std::uint64_t seed = 1; seed <= 20 && !lost; ++seed) {
        WrittenDisk again;
        Rng dice{seed};
        again.crash(dice, DiskFaults{});
        again.crash(dice, {.power_cut = true});
        lost = changes_left(again) != batches * changes_each;
    }
    CHECK(lost);
}

TEST_CASE("a power cut leaves whole batches up to some point, and all lengths happen") {
    std::set<std::size_t> lengths;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        CAPTURE(seed);
        WrittenDisk disk;
        Rng rng{seed};
        disk.crash(rng, {.power_cut = true});
        const auto left = changes_left(disk);
        REQUIRE(left.has_value());
        REQUIRE(*left % changes_each == 0);
        lengths.insert(*left / changes_each);
        // What is left is durable: the next crash takes nothing.
        REQUIRE(disk.unsynced() == 0);
        disk.crash(rng, {.power_cut = true, .tear = true, .corrupt = true});
        REQUIRE(changes_left(disk) == left);
    }
    CHECK(lengths == std::set<std::size_t>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("a torn batch keeps a prefix of its changes") {
    std::set<std::size_t> lengths;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        CAPTURE(seed);
        WrittenDisk disk;
        Rng rng{seed};
        disk.crash(rng, {.tear = true});
        const auto left = changes_left(disk);
        REQUIRE(left.has_value());
        lengths.insert(*left);
    }
    CHECK(lengths.size() == batches * changes_each + 1);
}

TEST_CASE("corruption flips bytes of one value that was not synced, and of no other") {
    std::set<std::string> hit;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        CAPTURE(seed);
        // The same seed without corruption says what should be there.
        WrittenDisk sound;
        Rng sound_rng{seed};
        sound.crash(sound_rng, {.power_cut = true});
        WrittenDisk disk;
        Rng rng{seed};
        disk.crash(rng, {.corrupt = true});
        const auto want = rows_of(sound);
        const auto got = rows_of(disk);
        std::size_t wrong = 0;
        REQUIRE(got.size() == want.size());
        for (const auto& [key, value] : want) {
            REQUIRE(got.contains(key));
            if (got.at(key) == value) continue;
            ++wrong;
            hit.insert(key);
            REQUIRE(got.at(key).size() == value.size());
            REQUIRE_FALSE(key.starts_with("old"));  // these are synced, or erased
        }
        REQUIRE(wrong == (changes_left(sound) == 0 ? 0 : 1));
    }
    CHECK(hit.size() == batches + 1);  // own0 ... own4 and shared
}

TEST_CASE("no crash takes what was synced") {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        WrittenDisk disk;
        disk.sync_all();
        Rng rng{seed};
        disk.crash(rng, {.power_cut = true, .tear = true, .corrupt = true});
        REQUIRE(changes_left(disk) == batches * changes_each);
    }
}

TEST_CASE("the oldest batch is synced by itself when too many wait") {
    bool worst = false;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        Disk disk;
        for (std::size_t i = 0; i < 100; ++i) put(disk, std::to_string(1000 + i), "value");
        REQUIRE(disk.unsynced() == Disk::unsynced_max);
        Rng rng{seed};
        disk.crash(rng, {.power_cut = true});
        const auto left = rows_of(disk).size();
        REQUIRE(left >= 100 - Disk::unsynced_max);
        worst = worst || left == 100 - Disk::unsynced_max;
    }
    CHECK(worst);
}

TEST_CASE("a full disk refuses writes as a value, and keeps what it has") {
    Disk disk;
    put(disk, "k", "one");
    disk.fail_writes(true);
    StoreBatch batch;
    batch.put("t", bytes_of("k"), bytes_of("two"));
    batch.put("t", bytes_of("l"), bytes_of("three"));
    const auto refused = disk.write(batch);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == StoreErrc::full);
    CHECK(rows_of(disk) == Rows{{"k", "one"}});
    CHECK(disk.unsynced() == 1);
    Rng rng{1};
    disk.crash(rng, {});
    CHECK_FALSE(disk.write(batch));  // no more room than before
    disk.fail_writes(false);
    CHECK(disk.write(batch));
    CHECK(rows_of(disk) == Rows{{"k", "two"}, {"l", "three"}});
}

TEST_CASE("a crash is the same for the same seed") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        std::array<Rows, 2> seen;
        for (auto& rows : seen) {
            WrittenDisk disk;
            Rng rng{seed};
            disk.crash(rng, {.power_cut = true, .tear = true, .corrupt = true});
            rows = rows_of(disk);
        }
        REQUIRE(seen[0] == seen[1]);
    }
}
