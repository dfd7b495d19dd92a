#include <parley/plot/plot_scale.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

using namespace parley::plot;

namespace {

using Numbers = std::vector<double>;
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// With plain spaces, for reading.
std::string written(Unit unit, double value) {
    auto text = quantity(unit, value);
    for (std::size_t at = 0; (at = text.find("\u00a0", at)) != std::string::npos;) {
        text.replace(at, std::string("\u00a0").size(), " ");
    }
    return text;
}

std::size_t sum(const std::vector<Bin>& all) {
    return std::accumulate(all.begin(), all.end(), std::size_t{0},
                           [](std::size_t n, const Bin& bin) { return n + bin.count; });
}

}  // namespace

TEST_CASE("ticks are exact multiples of 1, 2 or 5 times a power of ten") {
    CHECK(nice_ticks(0, 10, 6) == Numbers{0, 2, 4, 6, 8, 10});
    CHECK(nice_ticks(0, 10, 5) == Numbers{0, 5, 10});
    CHECK(nice_ticks(0, 1, 6) == Numbers{0, 0.2, 0.4, 0.6, 0.8, 1});
    CHECK(nice_ticks(0, 0.3, 4) == Numbers{0, 0.1, 0.2, 0.3});
    CHECK(nice_ticks(0, 600, 7) == Numbers{0, 100, 200, 300, 400, 500, 600});
    CHECK(nice_ticks(1.03, 1.52, 5) == Numbers{1.1, 1.2, 1.3, 1.4, 1.5});
    CHECK(nice_ticks(-3, 3, 4) == Numbers{-2, 0, 2});
    CHECK(nice_ticks(0, 3, 10, 1) == Numbers{0, 1, 2, 3});
    CHECK_FALSE(std::signbit(nice_ticks(0, 10, 6).front()));
}

TEST_CASE("an axis from zero ends at the first tick that is not below its largest value") {
    CHECK(nice_ticks_to(41, 6) == Numbers{0, 10, 20, 30, 40, 50});
    CHECK(nice_ticks_to(40, 6) == Numbers{0, 10, 20, 30, 40});
    CHECK(nice_ticks_to(0.7, 6) == Numbers{0, 0.2, 0.4, 0.6, 0.8});
    CHECK(nice_ticks_to(2, 6, 1) == Numbers{0, 1, 2});
    CHECK(nice_ticks_to(0, 6) == Numbers{0, 1});
}

TEST_CASE("logarithmic ticks are powers of ten, and their doubles and fives where these fit") {
    CHECK(log_ticks(1, 100, 7) == Numbers{1, 2, 5, 10, 20, 50, 100});
    CHECK(log_ticks(1, 100, 6) == Numbers{1, 10, 100});
    CHECK(log_ticks(3, 30'000, 5) == Numbers{10, 100, 1'000, 10'000});
    CHECK(log_ticks(1, 1e6, 4) == Numbers{1, 100, 1e4, 1e6});
}

TEST_CASE("numbers are written to be read at a glance") {
    CHECK(written(Unit::milliseconds, 0) == "0 ms");
    CHECK(written(Unit::milliseconds, 0.42) == "0.42 ms");
    CHECK(written(Unit::milliseconds, 312.4) == "312 ms");
    CHECK(written(Unit::milliseconds, 1'240) == "1.24 s");
    CHECK(written(Unit::seconds, 125) == "2 min 5 s");
    CHECK(written(Unit::seconds, 600) == "10 min");
    CHECK(written(Unit::seconds, 3 * 3600 + 300) == "3 h 5 min");
    CHECK(written(Unit::bytes, 512) == "512 B");
    CHECK(written(Unit::bytes, 1.5 * 1024 * 1024) == "1.50 MiB");
    CHECK(written(Unit::bytes_per_s, 2048) == "2.00 KiB/s");
    CHECK(written(Unit::count, 12'345) == "12,345");
    CHECK(written(Unit::count, 48'213'907) == "48.2 million");
    CHECK(written(Unit::count, 2.5) == "2.50");
    CHECK(written(Unit::percent, 99.5) == "99.5 %");
    CHECK(written(Unit::ratio, 1.175) == "1.18");

    using Labels = std::vector<std::string>;
    CHECK(plain({0, 0.5, 1}) == Labels{"0", "0.5", "1.0"});
    CHECK(plain({500, 1'000, 1'500'000}) == Labels{"500", "1,000", "1,500,000"});
}

TEST_CASE("an axis takes the unit of its largest value") {
    CHECK(measure(Unit::seconds, 90).name == "s");
    CHECK(measure(Unit::seconds, 600).name == "min");
    CHECK(measure(Unit::seconds, 600).size == 60);
    CHECK(measure(Unit::milliseconds, 90'000).size == 1'000);
    CHECK(measure(Unit::bytes, 3e6).name == "MiB");
    CHECK(measure(Unit::bytes_per_s, 3e3).name == "KiB/s");
    CHECK(measure(Unit::count, 9'999).size == 1);
    CHECK(measure(Unit::count, 50'000).name == "thousand");
}

TEST_CASE("quantiles are samples") {
    const auto sorted = ascending({5, not_a_number, 1, -2, 3, infinity, 2, 4, 1e-12});
    CHECK(sorted == Numbers{0, 1, 2, 3, 4, 5});
    CHECK(quantile(sorted, 0) == 0);
    CHECK(quantile(sorted, 0.5) == 2);
    CHECK(quantile(sorted, 0.51) == 3);
    CHECK(quantile(sorted, 1) == 5);
    CHECK(quantile({7}, 0.99) == 7);
    CHECK(mean({}) == 0);
    CHECK(mean({1, 2, 6}) == 3);
}

TEST_CASE("thinned lines keep their ends and their peaks") {
    Points points;
    for (int i = 0; i < 100'000; ++i) points.emplace_back(i, i % 7);
    points[31'337].second = 1'000;
    points[77'777].second = -1'000;
    points[5] = {not_a_number, 1};
    points[6] = {6, infinity};
    const auto thin = thinned(points, 800);
    CHECK(thin.size() <= 800);
    CHECK(thin.size() > 700);
    CHECK(thin.front() == points.front());
    CHECK(thin.back() == points.back());
    CHECK(std::ranges::is_sorted(thin));
    CHECK(std::ranges::count(thin, std::pair{31'337.0, 1'000.0}) == 1);
    CHECK(std::ranges::count(thin, std::pair{77'777.0, -1'000.0}) == 1);

    CHECK(thinned({{2, 0}, {1, 5}}, 800) == Points{{1, 5}, {2, 0}});
    CHECK(thinned({{not_a_number, 0}}, 800).empty());
}

TEST_CASE("bins are round and hold every sample once") {
    const auto tenths = bins(ascending({0.05, 0.1, 0.3, 0.3, 0.95}), 10, false);
    REQUIRE(tenths.size() == 10);
    CHECK(tenths[3].from == 0.3);
    CHECK(tenths[3].to == 0.4);
    CHECK(tenths[3].count == 2);
    CHECK(sum(tenths) == 5);

    const auto hundredths = bins(ascending({1.0, 1.001, 1.002}), 40, false, 0.01);
    REQUIRE(hundredths.size() == 1);
    CHECK(hundredths[0].from == 1);
    CHECK(hundredths[0].to == 1.01);

    const auto logarithmic = bins(ascending({1, 9.99, 10, 1e5}), 40, true);
    CHECK(logarithmic.size() <= 40);
    CHECK(logarithmic.front().from == 1);
    CHECK(sum(logarithmic) == 4);

    CHECK(bins({}, 40, false).empty());
    for (const Numbers& alike : {Numbers{0, 0}, Numbers{5, 5, 5}, Numbers{1e18, 1e18},
                                 Numbers{1e9, std::nextafter(1e9, 2e9)}}) {
        const auto few = bins(alike, 40, false);
        CHECK(few.size() <= 40);
        CHECK(sum(few) == alike.size());
    }
}
