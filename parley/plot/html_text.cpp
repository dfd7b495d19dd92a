#include <parley/plot/html_text.hpp>

#include <algorithm>

namespace parley::plot {

namespace {

bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

}  // namespace

std::string escaped(std::string_view text, std::size_t bytes_max) {
    const bool cut = text.size() > bytes_max;
    if (cut) {
        std::size_t end = bytes_max;
        while (end > 0 && continues_character(text[end])) --end;
        text = text.substr(0, end);
    }
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            case '\t':
            case '\n':
                out += c;
                break;
            default:
                if (byte < 0x20 || byte == 0x7f)
                    out += "\xef\xbf\xbd";
                else
                    out += c;
        }
    }
    if (cut) out += "…";
    return out;
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return !continues_character(c); }));
}

std::string shortened(std::string_view text, std::size_t most) {
    if (characters(text) <= most) return std::string(text);
    std::size_t seen = 0;
    std::size_t end = 0;
    // Up to where the character begins that "…" takes the place of.
    for (; end < text.size(); ++end) {
        if (!continues_character(text[end]) && ++seen == most) break;
    }
    return std::string(text.substr(0, end)) + "…";
}

}  // namespace parley::plot
