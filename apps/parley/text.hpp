// Numbers and tables as a person reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::app {

/// "17 s", "3 min", "2 h 14 min", "5 d 3 h".
std::string duration_text(std::int64_t seconds);
/// Seconds of "90s", "15m", "2h", "1d12h", "1w"; nothing if it is none of these, or over 100 years.
std::optional<std::int64_t> parse_duration(std::string_view text);
/// "2026-11-22 21:49", UTC, of seconds of Unix time.
std::string time_text(std::int64_t unix_seconds);
/// "512 B", "1.4 KiB", "23 MiB".
std::string bytes_text(std::int64_t bytes);
/// "812 hash/s", "1.24 Mhash/s".
std::string hash_rate_text(double hashes_per_second);
/// "1,234,567".
std::string count_text(std::int64_t count);

/// The first `rows` lines, each of at most `columns` characters, so that a screen of that size
/// shows them unbroken; a last line says how many are left out.
std::string fit_screen(std::string_view text, std::size_t columns, std::size_t rows);

/// Rows of cells in aligned columns, two spaces apart; the first row is the heading.
struct Table {
    enum class Align : std::uint8_t { left, right };
    std::vector<Align> columns;
    std::vector<std::vector<std::string>> rows;  ///< as many cells as columns
    std::string to_string() const;
};

}  // namespace parley::app
