// What a user may have meant by a word that is none of those there are.
// Threading: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::app {

/// The word that begins with `typed`, if there is one alone; else the nearest of at most two
/// letters that differ, are missing or are too many. Nothing if none is so near.
std::optional<std::string> meant(std::string_view typed, const std::vector<std::string>& words);

}  // namespace parley::app
