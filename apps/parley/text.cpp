#include "text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <string_view>

namespace parley::app {

std::string duration_text(std::int64_t seconds) {
    if (seconds < 60) return fmt::format("{} s", seconds);
    const auto minutes = seconds / 60;
    if (minutes < 60) return fmt::format("{} min", minutes);
    const auto hours = minutes / 60;
    if (hours < 24) return fmt::format("{} h {} min", hours, minutes % 60);
    return fmt::format("{} d {} h", hours / 24, hours % 24);
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
    constexpr std::int64_t most = 100LL * 365 * 86'400;
    constexpr std::string_view units = "smhdw";
    constexpr std::array<std::int64_t, 5> lengths{1, 60, 3'600, 86'400, 7 * 86'400};
    if (text.empty()) return std::nullopt;
    std::int64_t sum = 0;
    while (!text.empty()) {
        std::int64_t count = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto unit = text.empty() ? std::string_view::npos : units.find(text.front());
        if (error != std::errc{} || unit == std::string_view::npos) return std::nullopt;
        if (count < 0 || count > most / lengths[unit]) return std::nullopt;
        sum += count * lengths[unit];
        if (sum > most) return std::nullopt;
        text.remove_prefix(1);
    }
    return sum;
}

std::string time_text(std::int64_t unix_seconds) {
    return fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

std::string bytes_text(std::int64_t bytes) {
    constexpr std::array<std::string_view, 5> units{"KiB", "MiB", "GiB", "TiB", "PiB"};
    if (bytes < 1024) return fmt::format("{} B", bytes);
    auto value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    // 1023.95 and more would be printed as 1024.0.
    while (value >= 1023.95 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return value < 9.95 ? fmt::format("{:.1f} {}", value, units[unit])
                        : fmt::format("{:.0f} {}", value, units[unit]);
}

std::string hash_rate_text(double hashes_per_second) {
    constexpr std::array<std::string_view, 5> units{"", "k", "M", "G", "T"};
    std::size_t unit = 0;
    // 999.995 and more would be printed as 1000.00.
    while (hashes_per_second >= 999.995 && unit + 1 < units.size()) {
        hashes_per_second /= 1000;
        ++unit;
    }
    return unit == 0 ? fmt::format("{:.0f} hash/s", hashes_per_second)
                     : fmt::format("{:.2f} {}hash/s", hashes_per_second, units[unit]);
}

std::string count_text(std::int64_t count) {
    auto out = std::to_string(count);
    for (auto at = static_cast<std::ptrdiff_t>(out.size()) - 3; at > (count < 0 ? 1 : 0); at -= 3) {
        out.insert(static_cast<std::size_t>(at), 1, ',');
    }
    return out;
}

std::string fit_screen(std::string_view text, std::size_t columns, std::size_t rows) {
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
    const auto shown = lines <= rows ? lines : rows - 1;
    std::string out;
    for (std::size_t i = 0; i < shown; ++i) {
        const auto end = text.find('\n');
        out += text.substr(0, std::min(end, columns));
        out += '\n';
        text.remove_prefix(end + 1);
    }
    if (shown < lines) out += fmt::format("({} more lines)\n", lines - shown);
    return out;
}

std::string Table::to_string() const {
    std::vector<std::size_t> widths(columns.size());
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string out;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const auto form = columns[i] == Align::left ? "{:<{}}" : "{:>{}}";
            line += fmt::format(fmt::runtime(form), row[i], widths[i]);
            if (i + 1 < row.size()) line += "  ";
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + '\n';
    }
    return out;
}

}  // namespace parley::app
