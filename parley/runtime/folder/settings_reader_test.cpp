#include <parley/runtime/folder/settings_reader.hpp>

#include <parley/runtime/test_dir.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <future>
#include <string>

using namespace parley;
using namespace parley::runtime;

namespace {

/// A folder whose parley.toml is a pipe.
Folder folder_of(const TestDir& dir) {
    Folder folder{dir.file("")};
    REQUIRE(::mkfifo(folder.config().c_str(), 0600) == 0);
    return folder;
}

}  // namespace

TEST_CASE("settings reader: a file that hangs holds up nobody") {
    const TestDir dir;
    SettingsReader reader{folder_of(dir), [](const auto&) { FAIL("there is nothing to read"); }};
    CHECK(reader.read());
    CHECK_FALSE(reader.read());
}

TEST_CASE("settings reader: what it is asked for while it reads, it reads after that") {
    const TestDir dir;
    const auto folder = folder_of(dir);
    std::promise<std::string> text;
    SettingsReader reader{folder, [&](const auto& read) { text.set_value(read.value_or("none")); }};
    CHECK(reader.read());
    std::ofstream pipe{folder.config()};  // waits for the reader
    CHECK_FALSE(reader.read());
    std::ofstream{dir.file("next")} << "new";
    REQUIRE(std::rename(dir.file("next").c_str(), folder.config().c_str()) == 0);
    pipe << "old";
    pipe.close();
    auto done = text.get_future();
    REQUIRE(done.wait_for(std::chrono::seconds{60}) == std::future_status::ready);
    CHECK(done.get() == "new");
}
