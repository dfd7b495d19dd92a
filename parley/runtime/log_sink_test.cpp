#include <parley/runtime/log_sink.hpp>

#include <parley/runtime/test_dir.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

using namespace parley;
using namespace parley::runtime;

TEST_CASE("a log line is one line, whatever a peer calls itself") {
    CHECK(format_log_line(1'795'356'000'123, LogLevel::info, "switch", "peer up",
                          {{"id", "4f3a"}, {"links", 3}, {"addr", "127.0.0.1:30303"}}, false) ==
          "2026-11-22T14:00:00.123Z info  switch peer up id=4f3a links=3 addr=127.0.0.1:30303");
    CHECK(format_log_line(0, LogLevel::error, "a", "b",
                          {{"x", "two words"}, {"y", "a\"b\\c\nd\x1b[31m"}, {"z", ""}}, false) ==
          "1970-01-01T00:00:00.000Z error a b x=\"two words\" y=\"a\\\"b\\\\c\\nd\\x1b[31m\" "
          "z=\"\"");
    CHECK(format_log_line(0, LogLevel::warn, "a", "b", {}, true).find("\x1b[33m warn ") !=
          std::string::npos);
}

TEST_CASE("the file gets whole lines of the wanted levels from many threads") {
    const TestDir dir;
    const auto path = dir.file("log");
    {
        const auto log = LogSink::to_file(path, LogLevel::info).value();
        CHECK_FALSE(log->enabled(LogLevel::debug));
        CHECK_FALSE(log->enabled(LogLevel::off));
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 100; ++i) {
                    log->write(LogLevel::error, "c", "event", {{"n", i}});
                    log->write(LogLevel::debug, "c", "unseen", {});
                }
            });
        }
        for (auto& thread : threads) thread.join();
        log->set_level(LogLevel::off);
        log->write(LogLevel::error, "c", "unseen", {});
    }
    std::ifstream in{path};
    int lines = 0;
    for (std::string line; std::getline(in, line); ++lines) {
        CHECK(line.find("Z error c event n=") == 23);
    }
    CHECK(lines == 400);
    const auto refused = LogSink::to_file(dir.file("no/such/folder"), LogLevel::info);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().what ==
          "cannot open log file " + dir.file("no/such/folder") + ": No such file or directory");
}

TEST_CASE("a log that nobody reads holds up nobody; what was dropped is counted") {
    const TestDir dir;
    const auto path = dir.file("pipe");
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    // Held open for reading, and not read until the end.
    const UniqueFd reader{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    auto log = LogSink::to_file(path, LogLevel::info).value();
    const std::string text(1000, 'x');
    for (int i = 0; i < 3000; ++i) log->write(LogLevel::error, "c", "event", {{"text", text}});
    std::string all;
    const auto read_some = [&] {
        std::array<char, 65536> buffer{};
        const auto size = ::read(reader.get(), buffer.data(), buffer.size());
        if (size > 0) all.append(buffer.data(), static_cast<std::size_t>(size));
    };
    const auto said = [&] { return all.find("warn  log lines were dropped count=") != all.npos; };
    while (!said()) {
        read_some();
        log->write(LogLevel::error, "c", "again", {});
    }
    CHECK(all.size() < 3 * LogSink::waiting_bytes_max);
    log.reset();  // though the pipe is full
}

TEST_CASE("a log file that was renamed goes on under its name") {
    const TestDir dir;
    const auto path = dir.file("log");
    {
        const auto log = LogSink::to_file(path, LogLevel::info).value();
        log->write(LogLevel::info, "c", "first", {});
        const auto has = [](const std::string& file, const std::string& part) {
            std::ifstream in{file};
            const std::string text{std::istreambuf_iterator<char>{in}, {}};
            return text.find(part) != std::string::npos;
        };
        while (!has(path, "first")) std::this_thread::yield();
        REQUIRE(std::rename(path.c_str(), (path + ".1").c_str()) == 0);
        log->write(LogLevel::info, "c", "second", {});
        while (!has(path, "second")) std::this_thread::yield();
        CHECK(has(path + ".1", "first"));
        CHECK_FALSE(has(path + ".1", "second"));
    }
}

TEST_CASE("a log file with a limit is renamed, and a few old ones are kept") {
    const TestDir dir;
    const auto path = dir.file("log");
    {
        for (int life = 0; life < 8; ++life) {
            const auto log =
                LogSink::to_file(path, LogLevel::info, {.bytes_max = 100, .old_max = 2}).value();
            log->write(LogLevel::info, "c", "event",
                       {{"life", life}, {"x", std::string(100, 'x')}});
        }
    }
    const auto life_in = [&](const std::string& name) {
        std::ifstream in{dir.file(name)};
        std::string line;
        std::getline(in, line);
        return line.substr(line.find("life="), 6);
    };
    CHECK(life_in("log") == "life=7");
    CHECK(life_in("log.1") == "life=6");
    CHECK(life_in("log.2") == "life=5");
    CHECK_FALSE(std::filesystem::exists(dir.file("log.3")));
}

TEST_CASE("lines that strangers cause do not fill the disk") {
    const TestDir dir;
    const auto path = dir.file("log");
    {
        const auto log = LogSink::to_file(path, LogLevel::info).value();
        for (int i = 0; i < 20'000; ++i) {
            log->write(LogLevel::info, "switch", "peer up", {{"direction", "inbound"}, {"n", i}});
        }
    }
    std::ifstream in{path};
    int lines = 0;
    std::string last;
    for (std::string line; std::getline(in, line); ++lines) last = line;
    CHECK(lines < 1000);
    CHECK(last.find("switch peer up direction=inbound class=\"\" more=") != std::string::npos);
}

TEST_CASE("levels are read by name") {
    CHECK(parse_log_level("warn") == LogLevel::warn);
    CHECK_FALSE(parse_log_level("loud"));
}
