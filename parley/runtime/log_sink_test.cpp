#include <parley/runtime/log_sink.hpp>

#include <parley/runtime/test_dir.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
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
                    log->write(LogLevel::info, "c", "event", {{"n", i}});
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
        CHECK(line.find("Z info  c event n=") == 23);
    }
    CHECK(lines == 400);
    const auto refused = LogSink::to_file(dir.file("no/such/folder"), LogLevel::info);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().what ==
          "cannot open log file " + dir.file("no/such/folder") + ": No such file or directory");
}

TEST_CASE("levels are read by name") {
    CHECK(parse_log_level("warn") == LogLevel::warn);
    CHECK_FALSE(parse_log_level("loud"));
}
