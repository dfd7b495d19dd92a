// C++ as text, just well enough to search it: comments and literals blanked, a few shapes found.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace layer_check {

/// The same text, of the same length and lines, with comments and the contents of string and
/// character literals replaced by spaces.
std::string blank_comments_and_literals(std::string_view text);

std::vector<std::string_view> lines_of(std::string_view text);

/// The line, from 1, that a position is on.
std::size_t line_at(std::string_view text, std::size_t position);

/// Where `word` next stands from `from` on, not as part of a longer identifier; npos if nowhere.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from = 0);

/// The names of variables and functions declared with an unordered container's type or an alias
/// of one. The text's comments are blanked.
std::set<std::string, std::less<>> unordered_names(std::string_view text);

struct Use {
    std::size_t position;
    std::string name;
};
/// Names that a range-for goes over, or on which begin() is called. The text's comments are
/// blanked.
std::vector<Use> iterations(std::string_view text);

}  // namespace layer_check
