#include <parley/plot/plot_scale.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace parley::plot {

namespace {

constexpr double shown_max = 1e18;
constexpr double shown_min = 1e-9;

/// Between a number and its unit: no line is broken there.
constexpr std::string_view nbsp = "\u00a0";

/// For quotients that should be whole but for rounding.
constexpr double slack = 1e-9;

/// A step of 1, 2 or 5 times a power of ten. Its multiples are rounded once, so that three steps
/// of 0.2 are 0.6 and not 0.6000000000000001.
class Step {
public:
    /// The largest step that is not above `value`. Precondition: value > 0.
    static Step below(double value) {
        Step step{1, static_cast<int>(std::floor(std::log10(value)))};
        while (step.times(1) > value) --step.exponent_;
        while (step.next().times(1) <= value) step = step.next();
        return step;
    }
    Step next() const {
        if (mantissa_ == 1) return {2, exponent_};
        if (mantissa_ == 2) return {5, exponent_};
        return {1, exponent_ + 1};
    }
    double times(double n) const {
        const double power = std::pow(10.0, std::abs(exponent_));
        return exponent_ < 0 ? n * mantissa_ / power : n * mantissa_ * power;
    }
    double last_before(double value) const { return std::floor(value / times(1) + slack); }
    /// Adding zero makes -0 a plain 0.
    double first_after(double value) const { return std::ceil(value / times(1) - slack) + 0.0; }

private:
    Step(int mantissa, int exponent) : mantissa_(mantissa), exponent_(exponent) {}

    int mantissa_;
    int exponent_;
};

/// The smallest step that is not below `step_min` and for which `count(step)` is at most `most`.
template <class Count>
Step smallest_step(double span, std::size_t most, double step_min, Count count) {
    const auto limit = static_cast<double>(most);
    auto step = Step::below(span / limit);
    while (step.times(1) < step_min * (1 - slack) || count(step) > limit) step = step.next();
    return step;
}

std::vector<double> multiples(const Step& step, double first, double last) {
    std::vector<double> out;
    for (double n = first; n <= last; ++n) out.push_back(step.times(n));
    return out;
}

std::string with_commas(std::string digits) {
    const auto point = std::min(digits.find('.'), digits.size());
    const std::size_t first = digits.starts_with('-') ? 1 : 0;
    for (std::size_t at = point; at > first + 3;) {
        at -= 3;
        digits.insert(at, 1, ',');
    }
    return digits;
}

std::string three_digits(double value) {
    if (value < 9.995) return fmt::format("{:.2f}", value);
    if (value < 99.95) return fmt::format("{:.1f}", value);
    return with_commas(fmt::format("{:.0f}", value));
}

std::string two_parts(double large, std::string_view large_name, double small,
                      std::string_view small_name) {
    auto out = fmt::format("{:.0f}{}{}", large, nbsp, large_name);
    if (small > 0) out += fmt::format(" {:.0f}{}{}", small, nbsp, small_name);
    return out;
}

std::string duration(double ms) {
    if (ms < 999.5) return fmt::format("{}{}ms", ms == 0 ? "0" : three_digits(ms), nbsp);
    if (ms < 60'000) return fmt::format("{}{}s", three_digits(ms / 1'000), nbsp);
    const double seconds = std::round(ms / 1'000);
    if (seconds < 7'200)
        return two_parts(std::floor(seconds / 60), "min", std::fmod(seconds, 60), "s");
    const double minutes = std::round(seconds / 60);
    return two_parts(std::floor(minutes / 60), "h", std::fmod(minutes, 60), "min");
}

std::string counted(double value) {
    if (value >= 999.5e6) return fmt::format("{}{}billion", three_digits(value / 1e9), nbsp);
    if (value >= 999.5e3) return fmt::format("{}{}million", three_digits(value / 1e6), nbsp);
    if (value != std::floor(value)) return three_digits(value);
    return with_commas(fmt::format("{:.0f}", value));
}

std::string in_bytes(double value, std::string_view per) {
    const auto unit = measure(Unit::bytes, value);
    if (unit.size <= 1) return fmt::format("{:.0f}{}B{}", value, nbsp, per);
    return fmt::format("{}{}{}{}", three_digits(value / unit.size), nbsp, unit.name, per);
}

}  // namespace

bool can_be_shown(double value) {
    return std::isfinite(value) && std::abs(value) <= shown_max;
}

Measure measure(Unit unit, double largest) {
    constexpr double ki = 1024;
    const auto by_size = [largest](std::initializer_list<Measure> ascending_sizes) {
        auto chosen = *ascending_sizes.begin();
        for (const auto& each : ascending_sizes) {
            if (largest >= each.size) chosen = each;
        }
        return chosen;
    };
    switch (unit) {
        case Unit::bytes:
            return by_size({{1, "B", " B"},
                            {ki, "KiB", " KiB"},
                            {ki * ki, "MiB", " MiB"},
                            {ki * ki * ki, "GiB", " GiB"},
                            {ki * ki * ki * ki, "TiB", " TiB"}});
        case Unit::bytes_per_s:
            return by_size({{1, "B/s", " B/s"},
                            {ki, "KiB/s", " KiB/s"},
                            {ki * ki, "MiB/s", " MiB/s"},
                            {ki * ki * ki, "GiB/s", " GiB/s"}});
        case Unit::milliseconds:
            if (largest < 2'000) return {1, "ms", " ms"};
            if (largest < 180'000) return {1'000, "s", " s"};
            if (largest < 180 * 60'000) return {60'000, "min", " min"};
            return {3'600'000, "h", " h"};
        case Unit::seconds: {
            auto out = measure(Unit::milliseconds, largest * 1'000);
            out.size /= 1'000;
            return out;
        }
        case Unit::count:
            if (largest >= 10e9) return {1e9, "billion", " bn"};
            if (largest >= 10e6) return {1e6, "million", "M"};
            if (largest >= 10e3) return {1e3, "thousand", "k"};
            return {1, "", ""};
        case Unit::percent:
            return {1, "%", " %"};
        case Unit::ratio:
            break;
    }
    return {1, "", ""};
}

std::string quantity(Unit unit, double value) {
    switch (unit) {
        case Unit::count:
            return counted(value);
        case Unit::percent:
            return fmt::format("{:.4g}{}%", value, nbsp);
        case Unit::milliseconds:
            return duration(value);
        case Unit::seconds:
            return value == 0 ? fmt::format("0{}s", nbsp) : duration(value * 1'000);
        case Unit::bytes:
            return in_bytes(value, "");
        case Unit::bytes_per_s:
            return in_bytes(value, "/s");
        case Unit::ratio:
            break;
    }
    return three_digits(value);
}

std::vector<std::string> plain(const std::vector<double>& values) {
    std::size_t decimals = 0;
    for (const double value : values) {
        const auto digits = fmt::format("{:.10g}", value);
        if (digits.contains('e')) continue;
        const auto point = digits.find('.');
        if (point != std::string::npos) decimals = std::max(decimals, digits.size() - point - 1);
    }
    std::vector<std::string> out;
    for (const double value : values) {
        out.push_back(value == 0 ? "0" : with_commas(fmt::format("{:.{}f}", value, decimals)));
    }
    return out;
}

std::vector<double> nice_ticks(double lo, double hi, std::size_t most, double step_min) {
    const auto step = smallest_step(hi - lo, most, step_min, [&](const Step& s) {
        return s.last_before(hi) - s.first_after(lo) + 1;
    });
    return multiples(step, step.first_after(lo), step.last_before(hi));
}

std::vector<double> nice_ticks_to(double largest, std::size_t most, double step_min) {
    if (largest <= 0) return {0, std::max(step_min, 1.0)};
    const auto step = smallest_step(largest, most, step_min,
                                    [&](const Step& s) { return s.first_after(largest) + 1; });
    return multiples(step, 0, step.first_after(largest));
}

std::vector<double> log_ticks(double lo, double hi, std::size_t most) {
    const auto first = Step::below(lo * (1 - slack));
    std::vector<double> powers;
    std::vector<double> all;
    for (auto step = first; step.times(1) <= hi * (1 + slack); step = step.next()) {
        const double value = step.times(1);
        if (value < lo * (1 - slack)) continue;
        all.push_back(value);
        const double log = std::log10(value);
        if (std::abs(log - std::round(log)) < slack) powers.push_back(value);
    }
    if (all.size() <= most || powers.size() < 2) powers = std::move(all);
    const std::size_t every = (powers.size() + most - 1) / most;
    std::vector<double> out;
    for (std::size_t i = 0; i < powers.size(); i += every) out.push_back(powers[i]);
    return out;
}

std::vector<double> ascending(std::vector<double> samples) {
    std::erase_if(samples, [](double value) { return !can_be_shown(value) || value < 0; });
    for (auto& value : samples) value = value < shown_min ? 0 : value;
    std::ranges::sort(samples);
    return samples;
}

double quantile(const std::vector<double>& sorted, double share) {
    const auto size = static_cast<double>(sorted.size());
    const double rank = std::clamp(std::ceil(share * size - slack), 1.0, size);
    return sorted[static_cast<std::size_t>(rank) - 1];
}

double mean(const std::vector<double>& samples) {
    if (samples.empty()) return 0;
    return std::accumulate(samples.begin(), samples.end(), 0.0) /
           static_cast<double>(samples.size());
}

Points thinned(Points points, std::size_t most) {
    std::erase_if(points, [](const auto& point) {
        return !can_be_shown(point.first) || !can_be_shown(point.second);
    });
    std::ranges::stable_sort(points, {}, [](const auto& point) { return point.first; });
    if (points.size() <= most) return points;

    // Of each bucket the lowest and the highest point, in their order.
    const std::size_t inner = points.size() - 2;
    const std::size_t buckets = (most - 2) / 2;
    Points out{points.front()};
    for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
        const auto at = [&](std::size_t n) {
            return std::next(points.begin(), static_cast<std::ptrdiff_t>(1 + n * inner / buckets));
        };
        const auto [low, high] =
            std::minmax_element(at(bucket), at(bucket + 1),
                                [](const auto& a, const auto& b) { return a.second < b.second; });
        out.push_back(*std::min(low, high));
        if (low != high) out.push_back(*std::max(low, high));
    }
    out.push_back(points.back());
    return out;
}

std::vector<Bin> bins(const std::vector<double>& sorted, std::size_t most, bool logarithmic,
                      double width_min) {
    if (sorted.empty()) return {};
    const double lo = sorted.front();
    const double hi = sorted.back();
    std::vector<Bin> out;
    if (logarithmic) {
        double per_decade = 20;
        const auto index = [&](double value) {
            return std::floor(std::log10(value) * per_decade + slack);
        };
        for (const double fewer : {10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.01}) {
            if (index(hi) - index(lo) + 1 > static_cast<double>(most)) per_decade = fewer;
        }
        for (double n = index(lo); n <= index(hi); ++n) {
            out.push_back(
                {std::pow(10.0, n / per_decade), std::pow(10.0, (n + 1) / per_decade), 0});
        }
        for (const double value : sorted) {
            ++out[static_cast<std::size_t>(index(value) - index(lo))].count;
        }
        return out;
    }
    // All (nearly) alike: a few bins that are narrow beside the value.
    const double span = hi > 0 ? std::max(hi - lo, hi * 1e-6) : 1.0;
    const auto step = smallest_step(span, most, width_min, [&](const Step& s) {
        return s.last_before(hi) - s.last_before(lo) + 1;
    });
    for (double n = step.last_before(lo); n <= step.last_before(hi); ++n) {
        out.push_back({step.times(n), step.times(n + 1), 0});
    }
    for (const double value : sorted) {
        ++out[static_cast<std::size_t>(step.last_before(value) - step.last_before(lo))].count;
    }
    return out;
}

}  // namespace parley::plot
