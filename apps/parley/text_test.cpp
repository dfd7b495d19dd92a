#include "text.hpp"

#include <doctest/doctest.h>

using namespace parley::app;

TEST_CASE("durations") {
    CHECK(duration_text(0) == "0 s");
    CHECK(duration_text(59) == "59 s");
    CHECK(duration_text(60) == "1 min");
    CHECK(duration_text(3'599) == "59 min");
    CHECK(duration_text(3'600 * 23 + 60 * 59) == "23 h 59 min");
    CHECK(duration_text(86'400 * 5 + 3'600 * 3) == "5 d 3 h");
}

TEST_CASE("durations are read") {
    CHECK(parse_duration("90s") == 90);
    CHECK(parse_duration("2h") == 7'200);
    CHECK(parse_duration("1d12h") == 36 * 3'600);
    CHECK(parse_duration("1w") == 7 * 86'400);
    CHECK(parse_duration("0m") == 0);
    for (const auto* bad : {"", "2", "h", "2 h", "-2h", "2y", "1.5h", "5200w100w", "36501d",
                            "99999999999999999999s", "2hx"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_duration(bad));
    }
}

TEST_CASE("times") {
    CHECK(time_text(0) == "1970-01-01 00:00");
    CHECK(time_text(1'795'384'173) == "2026-11-22 21:49");
}

TEST_CASE("bytes never have more than four digits") {
    CHECK(bytes_text(0) == "0 B");
    CHECK(bytes_text(1'023) == "1023 B");
    CHECK(bytes_text(1'024) == "1.0 KiB");
    CHECK(bytes_text(1'434) == "1.4 KiB");
    CHECK(bytes_text(10 * 1'024) == "10 KiB");
    CHECK(bytes_text(1'023 * 1'024) == "1023 KiB");
    CHECK(bytes_text(1'024 * 1'024 - 1) == "1.0 MiB");
    CHECK(bytes_text(std::int64_t{5} << 40) == "5.0 TiB");
    CHECK(bytes_text(INT64_MAX) == "8192 PiB");
}

TEST_CASE("rates of hashes never have more than three digits before the point") {
    CHECK(hash_rate_text(0) == "0 hash/s");
    CHECK(hash_rate_text(811.6) == "812 hash/s");
    CHECK(hash_rate_text(1'240) == "1.24 khash/s");
    CHECK(hash_rate_text(999'996) == "1.00 Mhash/s");
    CHECK(hash_rate_text(2.5e9) == "2.50 Ghash/s");
    CHECK(hash_rate_text(7e15) == "7000.00 Thash/s");
}

TEST_CASE("counts have separators") {
    CHECK(count_text(0) == "0");
    CHECK(count_text(999) == "999");
    CHECK(count_text(1'000) == "1,000");
    CHECK(count_text(1'234'567) == "1,234,567");
    CHECK(count_text(-100) == "-100");
    CHECK(count_text(-1'000) == "-1,000");
}

TEST_CASE("what is too large for a screen is cut, and says so") {
    CHECK(fit_screen("one\ntwo\nthree\n", 80, 3) == "one\ntwo\nthree\n");
    CHECK(fit_screen("one\ntwo\nthree\n", 3, 3) == "one\ntwo\nthr\n");
    CHECK(fit_screen("one\ntwo\nthree\nfour\n", 80, 3) == "one\ntwo\n(2 more lines)\n");
    CHECK(fit_screen("", 80, 3) == "");
}

TEST_CASE("tables align their columns and end lines without blanks") {
    using enum Table::Align;
    const Table table{.columns = {left, right, left},
                      .rows = {{"NAME", "N", "X"}, {"a", "12,345", ""}, {"longer", "7", "y"}}};
    CHECK(table.to_string() ==
          "NAME         N  X\n"
          "a       12,345\n"
          "longer       7  y\n");
}
