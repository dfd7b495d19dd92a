// The project's pages for people (Markdown), as far as tests look into them.
#pragma once

#include "program.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace parley::testing {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

inline const fs::path root{PARLEY_SOURCE_DIR};

inline Strings lines_of(std::string_view text) {
    Strings lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return lines;
}

inline std::string_view trimmed(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
        text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
        text.remove_suffix(1);
    return text;
}

struct Block {
    std::string kind;    ///< what follows the opening fence: "sh"
    std::string source;  ///< the file that the comment above names: "<!-- examples/chat.cpp -->"
    Strings lines;
};

struct Document {
    fs::path path;  ///< from the root
    Strings lines;  ///< outside of code blocks
    std::vector<Block> blocks;
};

/// Empty if the last line is no comment that names a file; a region of it may follow.
inline std::string source_above(const Strings& lines) {
    const std::string line = lines.empty() ? "" : lines.back();
    if (!line.starts_with("<!-- ") || !line.ends_with(" -->")) return {};
    return line.substr(5, std::min(line.find(':'), line.size() - 4) - 5);
}

inline Document read_document(const fs::path& path) {
    Document out{path, {}, {}};
    bool inside = false;
    for (auto& line : lines_of(read_file(root / path))) {
        if (line.starts_with("```")) {
            inside = !inside;
            if (inside) out.blocks.push_back({line.substr(3), source_above(out.lines), {}});
        } else if (inside) {
            out.blocks.back().lines.push_back(std::move(line));
        } else {
            out.lines.push_back(std::move(line));
        }
    }
    return out;
}

/// All pages for people: those below docs and those at the root.
inline std::vector<Document> documents() {
    std::vector<Document> out;
    for (const auto& entry : fs::directory_iterator(root))
        if (entry.path().extension() == ".md")
            out.push_back(read_document(entry.path().filename()));
    for (const auto& entry : fs::recursive_directory_iterator(root / "docs"))
        if (entry.path().extension() == ".md")
            out.push_back(read_document(entry.path().lexically_relative(root)));
    return out;
}

/// "## The `wan-path` tool" is found by #the-wan-path-tool.
inline std::string anchor_of(std::string_view heading) {
    std::string out;
    for (const char c : trimmed(heading.substr(heading.find_first_not_of('#')))) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) || byte >= 0x80 || c == '-' || c == '_')
            out += static_cast<char>(std::tolower(byte));
        else if (c == ' ')
            out += '-';
    }
    return out;
}

inline bool is_heading(std::string_view line) {
    const auto level = line.find_first_not_of('#');
    return level != 0 && level != std::string_view::npos && line[level] == ' ';
}

inline std::set<std::string> anchors_of(const Document& document) {
    std::set<std::string> out;
    for (const auto& line : document.lines)
        if (is_heading(line)) out.insert(anchor_of(line));
    return out;
}

/// Each text between `open` and `close` of a line.
inline Strings between(std::string_view line, std::string_view open, std::string_view close) {
    Strings out;
    for (auto at = line.find(open); at != std::string_view::npos; at = line.find(open, at)) {
        at += open.size();
        const auto end = line.find(close, at);
        if (end == std::string_view::npos) break;
        out.emplace_back(line.substr(at, end - at));
        at = end + close.size();
    }
    return out;
}

}  // namespace parley::testing
