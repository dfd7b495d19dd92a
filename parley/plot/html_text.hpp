// Text that came from elsewhere, made safe to stand in a page.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace parley::plot {

/// `text` for HTML, as content or inside a quoted attribute: & < > " ' are written as references,
/// control characters but tab and newline as U+FFFD. What is longer than `bytes_max` is cut at the
/// end of a character and ends with "…".
std::string escaped(std::string_view text, std::size_t bytes_max = 400);

/// How many characters UTF-8 text has.
std::size_t characters(std::string_view text);
/// At most `most` characters of UTF-8 text; a cut one ends with "…".
std::string shortened(std::string_view text, std::size_t most);

}  // namespace parley::plot
