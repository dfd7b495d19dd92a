#include "spelling.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace parley::app {

namespace {

/// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t k = 0; k < b.size(); ++k) {
            const auto changed = diagonal + (a[i] == b[k] ? 0 : 1);
            diagonal = row[k + 1];
            row[k + 1] = std::min({changed, row[k] + 1, diagonal + 1});
        }
    }
    return row.back();
}

}  // namespace

std::optional<std::string> meant(std::string_view typed, const std::vector<std::string>& words) {
    constexpr std::size_t distance_max = 2;
    const auto begins = [&](const std::string& word) { return word.starts_with(typed); };
    if (!typed.empty() && std::ranges::count_if(words, begins) == 1) {
        return *std::ranges::find_if(words, begins);
    }
    const auto nearest = std::ranges::min_element(
        words, {}, [&](const std::string& word) { return distance(typed, word); });
    if (nearest == words.end() || distance(typed, *nearest) > distance_max) return std::nullopt;
    return *nearest;
}

}  // namespace parley::app
