// Text in ASCII, whatever the process's locale. Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace parley {

/// A to Z as a to z; all else as it is.
inline std::string lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

}  // namespace parley
