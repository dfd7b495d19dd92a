// Names in the documents are the sources' own, and those of formats are the same on every page.
#include "document.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace parley::testing;

/// Letters, digits and _ side by side.
Strings words_of(std::string_view text) {
    const auto in_word = [](unsigned char c) { return std::isalnum(c) || c == '_'; };
    Strings out;
    for (auto at = text.begin();;) {
        at = std::find_if(at, text.end(), in_word);
        if (at == text.end()) return out;
        const auto end = std::find_if_not(at, text.end(), in_word);
        out.emplace_back(at, end);
        at = end;
    }
}

/// "frameBytesMax".
bool is_camel_case(std::string_view word) {
    return std::ranges::adjacent_find(word, [](unsigned char a, unsigned char b) {
               return std::islower(a) && std::isupper(b);
           }) != word.end();
}

/// "frame_bytes_max" of "frameBytesMax".
std::string snake_case(std::string_view word) {
    std::string out;
    for (const char c : word) {
        const auto letter = static_cast<unsigned char>(c);
        if (std::isupper(letter) && !out.empty()) out += '_';
        out += static_cast<char>(std::tolower(letter));
    }
    return out;
}

/// The words of all sources and settings, and of their file names.
struct SourceWords {
    std::set<std::string, std::less<>> words;

    SourceWords() {
        for (const auto* top : {"apps", "bench", "cmake", "examples", "fuzz", "parley", "test",
                                "tools", "web/src", "web/test"}) {
            for (const auto& entry : fs::recursive_directory_iterator(root / top))
                if (entry.is_regular_file()) add(entry.path());
        }
        for (const auto* file : {"CMakeLists.txt", "CMakePresets.json", "dev"}) add(root / file);
        for (const auto& layer : fs::directory_iterator(root / "parley"))
            words.insert(layer.path().filename().string() + "_test");
    }
    void add(const fs::path& path) {
        for (auto& word : words_of(path.filename().string())) words.insert(std::move(word));
        if (path.filename() == "documented_names_test.cpp") return;  // it names what is not there
        for (auto& word : words_of(read_file(path))) words.insert(std::move(word));
    }
    /// A word, a field in its form on the wire, or what a page cuts off at the front.
    bool has(std::string_view word) const {
        if (word.starts_with('_')) {
            return std::ranges::any_of(words, [&](const auto& w) { return w.ends_with(word); });
        }
        return words.contains(word) || words.contains(snake_case(word));
    }
};

}  // namespace

TEST_CASE("documents: every name in backticks is one that the sources have") {
    // Of others, of notations, and of what is not there and named for that.
    const std::set<std::string_view> foreign{"CCACHE_DISABLE",
                                             "PARLEY_EXPORT",
                                             "PARLEY_0",
                                             "generate_export_header",
                                             "eth_sign",
                                             "libparley_identity",
                                             "uN",
                                             "bytesN",
                                             "nX",
                                             "eX",
                                             "0xNN",
                                             "libparley_LAYER"};
    const SourceWords sources;
    std::size_t names = 0;
    for (const auto& document : documents()) {
        for (const auto& line : document.lines) {
            for (const auto& text : between(line, "`", "`")) {
                for (const auto& word : words_of(text)) {
                    if (foreign.contains(word)) continue;
                    if (word.find('_') == std::string::npos && !is_camel_case(word)) continue;
                    ++names;
                    CAPTURE(document.path.string());
                    CAPTURE(word);
                    CHECK(sources.has(word));
                }
            }
        }
    }
    CHECK(names > 400);
}

TEST_CASE("documents: a field of a format has one name on all its pages") {
    Strings pages;
    std::set<std::string> grammar;
    for (const auto& document : documents()) {
        if (document.path.parent_path() != "docs/formats") continue;
        for (const auto& block : document.blocks)
            for (const auto& line : block.lines)
                for (auto& word : words_of(line)) grammar.insert(std::move(word));
        for (const auto& line : document.lines)
            for (auto& text : between(line, "`", "`")) pages.push_back(std::move(text));
    }
    std::size_t fields = 0;
    for (const auto& text : pages) {
        for (const auto& word : words_of(text)) {
            if (!is_camel_case(word) || !std::islower(static_cast<unsigned char>(word.front())))
                continue;
            if (word.size() <= 3 || word == "bytesN") continue;  // eX, nX: notation
            ++fields;
            CAPTURE(word);
            CHECK(grammar.contains(word));
        }
    }
    CHECK(fields > 20);
}
