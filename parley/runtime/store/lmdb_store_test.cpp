#include <parley/runtime/store/lmdb_store.hpp>

#include <parley/base/rng.hpp>
#include <parley/runtime/test_dir.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <string>
#include <thread>

using namespace parley;
using namespace parley::runtime;

namespace {

using Create = LmdbStore::Create;

Buffer b(std::string_view text) {
    return to_buffer(bytes_of(text));
}

void put(Store& store, std::string_view table, std::string_view key, std::string_view value) {
    StoreBatch batch;
    batch.put(table, bytes_of(key), bytes_of(value));
    REQUIRE(store.write(batch));
}

std::string read_file(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}
void write_file(const std::string& path, const std::string& content) {
    std::ofstream{path, std::ios::binary | std::ios::trunc} << content;
}

StoreError open_error(const std::string& path, const LmdbOptions& options = {}) {
    const auto opened = LmdbStore::open(path, Create::no, options);
    REQUIRE_FALSE(opened);
    return opened.error();
}

// Two tables, several levels, overflow pages and a free list.
std::string make_store(const std::string& path) {
    auto store = LmdbStore::open(path, Create::yes).value();
    for (int round = 0; round < 3; ++round) {
        StoreBatch batch;
        for (int i = 0; i < 600; ++i) {
            const auto key = "key" + std::to_string(i);
            if (round == 1 && i % 2 == 0) {
                batch.erase("rows", bytes_of(key));
            } else {
                batch.put("rows", bytes_of(key), Buffer(100 + static_cast<std::size_t>(i % 50)));
            }
        }
        batch.put("big", bytes_of("one"), Buffer(10'000));
        REQUIRE(store->write(batch));
    }
    return path;
}

}  // namespace

TEST_CASE("what was written is there after reopening, in ascending order") {
    const TestDir dir;
    const auto path = dir.file("store.mdb");
    {
        auto store = LmdbStore::open(path, Create::yes).value();
        CHECK_FALSE(store->get("book", bytes_of("a")).value());  // no such table yet
        CHECK(store->scan("book", [](Bytes, Bytes) { return true; }));
        StoreBatch batch;
        batch.put("book", bytes_of("c"), bytes_of("3"));
        batch.put("book", bytes_of("a"), bytes_of("1"));
        batch.put("book", bytes_of("b"), bytes_of("2"));
        batch.put("other", bytes_of("a"), bytes_of("x"));
        batch.erase("book", bytes_of("b"));
        batch.erase("book", bytes_of("never there"));
        REQUIRE(store->write(batch));
    }
    auto store = LmdbStore::open(path, Create::no).value();
    CHECK(store->get("book", bytes_of("a")).value() == b("1"));
    CHECK_FALSE(store->get("book", bytes_of("b")).value());
    CHECK(store->get("other", bytes_of("a")).value() == b("x"));
    std::string seen;
    CHECK(store->scan("book", [&](Bytes k, Bytes v) {
        seen += std::string{text_of(k)} + std::string{text_of(v)};
        return true;
    }));
    CHECK(seen == "a1c3");
    seen.clear();
    CHECK(store->scan("book", [&](Bytes k, Bytes) {
        seen += text_of(k);
        return false;
    }));
    CHECK(seen == "a");
    for (const auto& [first, keys] : {std::pair{"", "ac"}, {"a", "ac"}, {"b", "c"}, {"d", ""}}) {
        seen.clear();
        CHECK(store->scan_from("book", bytes_of(first), [&](Bytes k, Bytes) {
            seen += text_of(k);
            return true;
        }));
        CHECK(seen == keys);
    }
    struct stat info{};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("a batch that fails leaves nothing behind") {
    const TestDir dir;
    auto store = LmdbStore::open(dir.file("s"), Create::yes).value();
    StoreBatch batch;
    batch.put("t", bytes_of("good"), bytes_of("1"));
    batch.put("t", {}, bytes_of("a key of no bytes"));
    const auto result = store->write(batch);
    REQUIRE_FALSE(result);
    CHECK(result.error() == StoreError{StoreErrc::io, 0, EINVAL});
    CHECK_FALSE(store->get("t", bytes_of("good")).value());
}

TEST_CASE("a store that is missing is said to be, and not made") {
    const TestDir dir;
    CHECK(open_error(dir.file("none")) == StoreError{StoreErrc::missing});
    CHECK_FALSE(std::filesystem::exists(dir.file("none")));
    const auto nowhere = LmdbStore::open(dir.file("no/folder"), Create::yes);
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error() == StoreError{StoreErrc::io, 0, ENOENT});
}

TEST_CASE("a store of a newer version is left alone") {
    const TestDir dir;
    const auto path = dir.file("s");
    put(*LmdbStore::open(path, Create::yes, {.version = 7}).value(), "t", "k", "v");
    const auto before = read_file(path);
    CHECK(open_error(path, {.version = 6}) == StoreError{StoreErrc::newer_version, 6, 7});
    CHECK(read_file(path) == before);
    CHECK(LmdbStore::open(path, Create::no, {.version = 8}));
    CHECK(LmdbStore::version_of(path) == 8);
    // From now on it may have rows of version 8.
    CHECK(open_error(path, {.version = 7}) == StoreError{StoreErrc::newer_version, 7, 8});
}

TEST_CASE("a copy of a store is of one moment, whatever is written meanwhile") {
    const TestDir dir;
    const auto store = LmdbStore::open(dir.file("s"), Create::yes).value();
    const std::string large(3'000, 'x');
    for (int i = 0; i < 300; ++i) put(*store, "t", "old" + std::to_string(i), large);
    std::string bytes;
    REQUIRE(store->copy([&](Bytes some) -> Result<void, StoreError> {
        if (bytes.empty()) {
            put(*store, "t", "old7", "changed");
            put(*store, "t", "new", "later");
        }
        bytes += text_of(some);
        return {};
    }));
    write_file(dir.file("copy"), bytes);
    const auto copy = LmdbStore::open(dir.file("copy"), Create::no).value();
    CHECK(copy->get("t", bytes_of("old7")).value() == b(large));
    CHECK(copy->get("t", bytes_of("old299")).value() == b(large));
    CHECK_FALSE(copy->get("t", bytes_of("new")).value());
    CHECK(store->copy([](Bytes) -> Result<void, StoreError> { return fail(StoreErrc::full); })
              .error() == StoreError{StoreErrc::full});
}

TEST_CASE("a full store says so and keeps what it has") {
    const TestDir dir;
    auto store = LmdbStore::open(dir.file("s"), Create::yes, {.map_bytes_max = 1 << 18}).value();
    put(*store, "t", "first", "1");
    StoreBatch batch;
    batch.put("t", bytes_of("large"), Buffer(1 << 18));
    const auto result = store->write(batch);
    REQUIRE_FALSE(result);
    CHECK(result.error() == StoreError{StoreErrc::full});
    CHECK(store->get("t", bytes_of("first")).value() == b("1"));
    put(*store, "t", "second", "2");
}

TEST_CASE("a store takes less address space where there is not as much as it may have") {
    const TestDir dir;
    auto store = LmdbStore::open(dir.file("s"), Create::yes, {.map_bytes_max = 1ULL << 50});
    REQUIRE(store);
    put(**store, "t", "first", "1");
    CHECK((*store)->get("t", bytes_of("first")).value() == b("1"));
}

TEST_CASE("files that are no store, or a damaged one, are reported") {
    const TestDir dir;
    const auto path = make_store(dir.file("s"));
    const auto good = read_file(path);
    REQUIRE(LmdbStore::open(path, Create::no));

    struct Damage {
        const char* name;
        std::string content;
    };
    auto flipped = [&](std::size_t at) {
        auto copy = good;
        copy[at] = static_cast<char>(copy[at] ^ 0x5a);
        return copy;
    };
    const Damage damages[] = {
        {"text", "this is no store at all"},
        {"zeros", std::string(good.size(), '\0')},
        {"half a meta page", good.substr(0, 100)},
        {"one meta page", good.substr(0, 4096)},
        {"meta pages alone", good.substr(0, 8192)},
        {"half of the file", good.substr(0, good.size() / 2)},
        {"magic of the first meta page", flipped(16)},
        {"magic of the second", flipped(4096 + 16)},
        {"data version", flipped(20)},
        {"page size", flipped(40)},
        {"an LMDB file of another program", {}},
    };
    for (const auto& damage : damages) {
        CAPTURE(damage.name);
        write_file(path, damage.content);
        if (damage.content.empty()) {
            // Ours with the version's table renamed: a table we know nothing of.
            auto renamed = good;
            for (auto at = renamed.find("_parley"); at != std::string::npos;
                 at = renamed.find("_parley", at)) {
                renamed[at] = 'x';
            }
            write_file(path, renamed);
        }
        CHECK(open_error(path).code == StoreErrc::corrupt);
    }
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    CHECK(open_error(path).code == StoreErrc::corrupt);
}

TEST_CASE("random damage never takes the process down") {
    const TestDir dir;
    const auto path = make_store(dir.file("s"));
    const auto good = read_file(path);
    Rng rng{11};
    int reported = 0;
    for (int i = 0; i < 300; ++i) {
        auto bad = good;
        // Mostly where structure is: the first bytes of a page and its pointers.
        const auto page = static_cast<std::size_t>(rng.below(bad.size() / 4096)) * 4096;
        for (int n = 0; n < 4; ++n) {
            bad[page + rng.below(rng.chance(0.7) ? 64 : 4096)] = static_cast<char>(rng.below(256));
        }
        write_file(path, bad);
        auto store = LmdbStore::open(path, Create::no);
        if (!store) {
            reported += store.error().code == StoreErrc::corrupt;
            continue;
        }
        std::size_t bytes = 0;
        (void)(*store)->scan("rows",
                             [&](Bytes k, Bytes v) { return bytes += k.size() + v.size(); });
        (void)(*store)->scan("big", [&](Bytes k, Bytes v) { return bytes += k.size() + v.size(); });
    }
    CHECK(reported > 50);
}

TEST_CASE("an empty file is a damaged store, and becomes one where a new one is wished") {
    const TestDir dir;
    write_file(dir.file("s"), "");
    CHECK(open_error(dir.file("s")).code == StoreErrc::corrupt);
    put(*LmdbStore::open(dir.file("s"), Create::yes).value(), "t", "k", "v");
    CHECK(LmdbStore::open(dir.file("s"), Create::no).value()->get("t", bytes_of("k")).value() ==
          b("v"));
}

TEST_CASE("readers see whole batches while a writer writes") {
    const TestDir dir;
    auto store = LmdbStore::open(dir.file("s"), Create::yes).value();
    std::atomic<bool> done{false};
    std::atomic<int> torn{0};
    std::atomic<int> reads{0};
    std::thread reader{[&] {
        while (!done || reads == 0) {
            std::string first;
            int rows = 0;
            int differing = 0;
            (void)store->scan("t", [&](Bytes, Bytes v) {
                if (rows++ == 0) first = std::string{text_of(v)};
                differing += text_of(v) != first;
                return true;
            });
            torn += differing > 0 || (rows != 0 && rows != 10);
            ++reads;
        }
    }};
    for (int round = 0; round < 30; ++round) {
        StoreBatch batch;
        for (int i = 0; i < 10; ++i) {
            batch.put("t", bytes_of("k" + std::to_string(i)), bytes_of(std::to_string(round)));
        }
        REQUIRE(store->write(batch));
    }
    done = true;
    reader.join();
    CHECK(torn == 0);
    CHECK(reads > 0);
}

TEST_CASE("a store that somebody else has open is read, and not written to") {
    const TestDir dir;
    const auto path = dir.file("store");
    CHECK(open_error(path, {.shared = true}).code == StoreErrc::missing);
    {
        auto store = LmdbStore::open(path, Create::yes).value();
        put(*store, "rows", "a", "1");
    }
    auto reader = LmdbStore::open(path, Create::no, {.shared = true}).value();
    CHECK(reader->get("rows", bytes_of("a")).value() == b("1"));
    StoreBatch batch;
    batch.put("rows", bytes_of("a"), bytes_of("2"));
    const auto refused = reader->write(batch);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == StoreErrc::io);
    CHECK(refused.error().actual == EACCES);
    CHECK(reader->get("rows", bytes_of("a")).value() == b("1"));

    const auto empty = dir.file("empty");
    write_file(empty, "");
    CHECK(open_error(empty, {.shared = true}).code != StoreErrc::missing);
}
