#include "line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace parley::wan {

namespace {

struct Unit {
    std::string_view name;
    double factor;
};
constexpr std::array<Unit, 4> times{{{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"", 1e6}}};
constexpr std::array<Unit, 4> rates{{{"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}, {"bit", 1}}};
constexpr std::array<Unit, 3> sizes{{{"k", 1024}, {"m", 1024.0 * 1024}, {"", 1}}};
constexpr std::array<Unit, 1> shares{{{"%", 0.01}}};

/// A number of at least 0 with one of the units, in the base unit.
template <std::size_t n>
std::optional<double> parse(std::string_view text, const std::array<Unit, n>& units) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || !(value >= 0 && value <= 1e9)) return std::nullopt;
    const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
    const auto found = std::ranges::find(units, unit, &Unit::name);
    if (found == units.end()) return std::nullopt;
    return value * found->factor;
}

std::unexpected<std::string> expected(std::string_view what, std::string_view came) {
    return std::unexpected{"expected " + std::string{what} + ", got \"" + std::string{came} + '"'};
}

Duration time_of(std::size_t bytes, std::uint64_t bits_per_second) {
    return Duration{static_cast<Duration::rep>(static_cast<double>(bytes) * 8e9 /
                                               static_cast<double>(bits_per_second))};
}

}  // namespace

std::uint64_t LineSettings::queue_bytes_max() const {
    if (queue_bytes > 0) return queue_bytes;
    return std::max<std::uint64_t>(bits_per_second / 80, 65536);
}

Result<void, std::string> change(LineSettings& settings, std::string_view words) {
    const auto space = words.find(' ');
    const auto verb = words.substr(0, space);
    const auto value = space == words.npos ? std::string_view{} : words.substr(space + 1);
    if (words == "down" || words == "up") {
        settings.up = words == "up";
    } else if (words == "clear") {
        settings = {};
    } else if (verb == "delay") {
        const auto parsed = parse(value, times);
        if (!parsed || *parsed > 60e9) return expected("a delay up to 60s such as 100ms", value);
        settings.delay = Duration{static_cast<Duration::rep>(*parsed)};
    } else if (verb == "rate") {
        const auto parsed = parse(value, rates);
        if (!parsed) return expected("a rate such as 1mbit, or 0bit for no limit", value);
        settings.bits_per_second = static_cast<std::uint64_t>(*parsed);
    } else if (verb == "queue") {
        const auto parsed = parse(value, sizes);
        if (!parsed) return expected("a number of bytes such as 64k", value);
        settings.queue_bytes = static_cast<std::uint64_t>(*parsed);
    } else if (verb == "loss" || verb == "reorder") {
        const auto parsed = parse(value, shares);
        if (!parsed || *parsed > 1) return expected("a share from 0% to 100%", value);
        (verb == "loss" ? settings.loss : settings.reorder) = *parsed;
    } else {
        return expected("down, up, clear, delay, rate, queue, loss or reorder", words);
    }
    return {};
}

std::optional<Instant> Line::enter(Instant now, std::size_t bytes) {
    if (!settings_.up) {
        ++counts_.cut;
        return std::nullopt;
    }
    if (settings_.loss > 0 && rng_.chance(settings_.loss)) {
        ++counts_.lost;
        return std::nullopt;
    }
    Instant out = now;
    if (const auto rate = settings_.bits_per_second; rate > 0) {
        free_at_ = std::max(free_at_, now);
        const auto own = time_of(bytes, rate);
        // A packet always fits in an empty queue, whatever its size.
        if (free_at_ > now && free_at_ - now + own > time_of(settings_.queue_bytes_max(), rate)) {
            ++counts_.overflown;
            return std::nullopt;
        }
        out = free_at_ += own;
    }
    ++counts_.passed;
    if (settings_.reorder > 0 && rng_.chance(settings_.reorder)) {
        ++counts_.reordered;
        return out;
    }
    return out + settings_.delay;
}

}  // namespace parley::wan
