// A log in a real file.
#include <parley/runtime/store/file_log.hpp>

#include <parley/runtime/test_dir.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

using namespace parley;
using namespace parley::runtime;

TEST_CASE("a log keeps what was appended, also when it is opened again") {
    const TestDir dir;
    const auto path = dir.file("blocks");
    {
        const auto log = FileLog::open(path).value();
        CHECK(log->size_bytes() == 0);
        REQUIRE(log->append(bytes_of("one")));
        REQUIRE(log->append(bytes_of("two")));
        REQUIRE(log->sync());
        CHECK(text_of(log->read(3, 3).value()) == "two");
    }
    const auto log = FileLog::open(path).value();
    CHECK(log->size_bytes() == 6);
    REQUIRE(log->truncate(4));
    REQUIRE(log->append(bytes_of("!")));
    CHECK(text_of(log->read(0, 5).value()) == "onet!");
    CHECK(log->read(0, 6).error() == StoreError{StoreErrc::corrupt});
    CHECK(log->read(6, 0).error() == StoreError{StoreErrc::corrupt});
    struct stat info{};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    // Cut by somebody else.
    REQUIRE(::truncate(path.c_str(), 2) == 0);
    CHECK(log->read(0, 5).error() == StoreError{StoreErrc::corrupt});
}

TEST_CASE("a log that cannot be opened or written says what the system said") {
    const TestDir dir;
    CHECK(FileLog::open(dir.file("no/such")).error() == StoreError{StoreErrc::io, 0, ENOENT});
    if (::access("/dev/full", W_OK) != 0) return;
    const auto full = FileLog::open("/dev/full").value();
    CHECK(full->append(bytes_of("x")).error() == StoreError{StoreErrc::full, 0, ENOSPC});
    CHECK(full->size_bytes() == 0);
    // A device cannot be synced, and a log that failed once goes on failing.
    const auto failed = full->sync();
    REQUIRE_FALSE(failed);
    CHECK(full->sync().error() == failed.error());
}
