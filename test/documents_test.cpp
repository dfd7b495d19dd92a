// The documents agree with the tree: every link and every path that they name exists, every
// warning of the log has its line in OPERATING.md, and the two READMEs are in step.
#include "cli.hpp"
#include "document.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

namespace {

using namespace parley::testing;

/// A link may end in "#heading". Empty if all is well, else what is wrong.
std::string check_link(const Document& from, std::string_view link) {
    if (link.starts_with("http://") || link.starts_with("https://")) return {};
    const auto hash = std::min(link.find('#'), link.size());
    const auto target =
        hash == 0 ? from.path : (from.path.parent_path() / link.substr(0, hash)).lexically_normal();
    if (!fs::exists(root / target)) return "no such file";
    if (hash == link.size()) return {};
    const auto anchors = anchors_of(read_document(target));
    return anchors.contains(std::string(link.substr(hash + 1))) ? "" : "no such heading";
}

bool is_source_name(std::string_view name) {
    constexpr std::array extensions{".hpp", ".cpp", ".md", ".sh", ".mjs", ".cmake", ".svg"};
    return std::ranges::any_of(extensions, [&](std::string_view e) {
        return name.size() > e.size() && name.ends_with(e);
    });
}

/// The names of all files of the project, and the folders where a path may begin.
struct Tree {
    std::set<std::string> file_names;
    std::set<std::string> tops;  ///< first parts of paths that mean the tree

    Tree() {
        for (const auto* top :
             {"apps", "bench", "cmake", "docs", "examples", "fuzz", "parley", "test", "tools"}) {
            tops.insert(top);
            for (const auto& entry : fs::recursive_directory_iterator(root / top))
                if (entry.is_regular_file()) file_names.insert(entry.path().filename().string());
        }
        for (const auto& entry : fs::directory_iterator(root / "parley"))
            if (entry.is_directory()) tops.insert(entry.path().filename().string());
        for (const auto& entry : fs::directory_iterator(root))
            if (entry.is_regular_file()) file_names.insert(entry.path().filename().string());
    }
};

/// Whether a name is another one, in which a * stands for any letters.
bool fits(std::string_view name, std::string_view pattern) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return name == pattern;
    return name.size() >= pattern.size() - 1 && name.starts_with(pattern.substr(0, star)) &&
           name.ends_with(pattern.substr(star + 1));
}

/// "parley/sim/a_*.cpp" is there if any file fits.
bool any_file(const fs::path& path) {
    const auto name = path.filename().string();
    if (name.find('*') == std::string::npos) return fs::exists(path);
    if (!fs::is_directory(path.parent_path())) return false;
    return std::ranges::any_of(fs::directory_iterator(path.parent_path()), [&](const auto& entry) {
        return fits(entry.path().filename().string(), name);
    });
}

/// Whether a text in backticks names a file or folder of the project at all.
bool names_path(const Tree& tree, std::string_view text) {
    constexpr std::string_view letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./*";
    if (text.empty() || text.find_first_not_of(letters) != std::string_view::npos) return false;
    if (is_source_name(text)) return true;
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || slash + 1 == text.size()) return false;
    if (std::isdigit(static_cast<unsigned char>(text[slash + 1]))) return false;  // parley/0.1.0
    return tree.tops.contains(std::string(text.substr(0, slash)));
}

bool path_exists(const Tree& tree, const Document& document, std::string_view text) {
    if (text.find('/') == std::string_view::npos) {
        return std::ranges::any_of(tree.file_names,
                                   [&](const auto& name) { return fits(name, text); });
    }
    const std::array bases{root, root / "parley", (root / document.path).parent_path()};
    return std::ranges::any_of(bases, [&](const fs::path& base) { return any_file(base / text); });
}

/// The code without what follows a #: comments are in the language of the page.
Strings commands_of(const Block& block) {
    Strings out;
    for (std::string_view line : block.lines) {
        const auto comment = line.starts_with('#') ? 0 : line.find(" #");
        line = trimmed(line.substr(0, comment));
        if (!line.empty()) out.emplace_back(line);
    }
    return out;
}

/// The commands in the first column of tables.
Strings table_commands(const Document& document) {
    Strings out;
    for (const auto& line : document.lines)
        if (line.starts_with("| `")) out.push_back(between(line, "| ", " |").front());
    return out;
}

Strings heading_levels(const Document& document) {
    Strings out;
    for (const auto& line : document.lines)
        if (is_heading(line)) out.push_back(line.substr(0, line.find(' ')));
    return out;
}

/// The literals that follow `at`, joined as the compiler joins them.
std::string literal_at(std::string_view text, std::size_t at) {
    std::string out;
    for (;;) {
        at = text.find_first_not_of(" \t\n", at);
        if (at == std::string_view::npos || text[at] != '"') return out;
        const auto end = text.find('"', at + 1);
        out += text.substr(at + 1, end - at - 1);
        at = end + 1;
    }
}

/// The phrases of all records that a source writes at a level.
Strings log_events(std::string_view source, std::string_view level) {
    Strings out;
    const auto word = "LogLevel::" + std::string(level) + ",";
    for (auto at = source.find(word); at != std::string_view::npos; at = source.find(word, at)) {
        at += word.size();
        const auto component = source.find_first_not_of(" \t\n", at);
        if (component == std::string_view::npos || source[component] != '"') continue;
        const auto comma = source.find(',', source.find('"', component + 1));
        if (auto event = literal_at(source, comma + 1); !event.empty())
            out.push_back(std::move(event));
    }
    return out;
}

/// Without indentation, and without a comment behind it.
std::string code_of(std::string_view line) {
    if (const auto comment = line.find("//"); comment != std::string_view::npos) {
        line = line.substr(0, comment);
    }
    return std::string{trimmed(line)};
}

/// The code of the examples in a header's first comment: lines "//     ..." of which one at least
/// is a statement.
Strings snippet_of(const Strings& lines) {
    constexpr std::string_view indent = "//     ";
    const auto is_code = [](const Strings& block) {
        return std::ranges::any_of(block, [](const auto& line) { return line.ends_with(';'); }) &&
               std::ranges::any_of(block, [](const auto& line) {
                   return line.find_first_of("({=") != std::string::npos;
               });
    };
    Strings out;
    Strings block;
    for (const auto& line : lines) {
        if (line.starts_with(indent)) {
            const auto code = code_of(std::string_view{line}.substr(indent.size()));
            if (!code.empty()) block.push_back(code);
            continue;
        }
        if (is_code(block)) out.insert(out.end(), block.begin(), block.end());
        block.clear();
        if (line.starts_with("#pragma once")) break;
    }
    return out;
}

}  // namespace

TEST_CASE("documents: every link leads somewhere") {
    std::size_t links = 0;
    for (const auto& document : documents()) {
        for (const auto& line : document.lines) {
            for (const auto& link : between(line, "](", ")")) {
                ++links;
                CAPTURE(document.path.string());
                CAPTURE(link);
                CHECK(check_link(document, link) == "");
            }
        }
    }
    CHECK(links > 50);
}

TEST_CASE("documents: every path in backticks exists") {
    const Tree tree;
    std::size_t paths = 0;
    for (const auto& document : documents()) {
        for (const auto& line : document.lines) {
            for (const auto& text : between(line, "`", "`")) {
                if (!names_path(tree, text)) continue;
                ++paths;
                CAPTURE(document.path.string());
                CAPTURE(text);
                CHECK(path_exists(tree, document, text));
            }
        }
    }
    CHECK(paths > 50);
}

TEST_CASE("documents: every page that a source names exists") {
    std::size_t pages = 0;
    for (const auto* top : {"apps", "bench", "examples", "fuzz", "parley", "test", "tools"}) {
        for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
            const auto extension = entry.path().extension();
            if (extension != ".hpp" && extension != ".cpp") continue;
            for (const auto& page : between(read_file(entry.path()), "docs/", ".md")) {
                if (page.find_first_of(" \n\"'`") != std::string::npos) continue;
                ++pages;
                CAPTURE(entry.path().string());
                CAPTURE(page);
                CHECK(fs::exists(root / "docs" / (page + ".md")));
            }
        }
    }
    CHECK(pages > 20);
}

TEST_CASE("documents: every example in a header builds, in snippets_test.cpp") {
    const auto built = lines_of(read_file(root / "test/snippets_test.cpp"));
    std::size_t headers = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root / "parley")) {
        if (entry.path().extension() != ".hpp") continue;
        const auto header = fs::relative(entry.path(), root).string();
        const auto snippet = snippet_of(lines_of(read_file(entry.path())));
        if (snippet.empty()) continue;
        ++headers;
        CAPTURE(header);
        auto at = std::ranges::find_if(
            built, [&](const auto& line) { return trimmed(line) == "// " + header; });
        REQUIRE(at != built.end());
        for (const auto& line : snippet) {
            CAPTURE(line);
            at = std::find_if(at, built.end(), [&](const auto& b) { return code_of(b) == line; });
            REQUIRE(at != built.end());
        }
    }
    CHECK(headers > 15);
}

TEST_CASE("documents: each page is in an index") {
    for (const auto* folder : {"docs", "docs/decisions"}) {
        const auto index = read_document(fs::path{folder} / "README.md");
        std::set<std::string> linked;
        for (const auto& line : index.lines)
            for (const auto& link : between(line, "](", ")")) linked.insert(link);
        for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
            const auto path = entry.path().lexically_relative(root / folder).generic_string();
            const bool other_index = std::string_view{folder} == "docs" &&
                                     path.starts_with("decisions/") &&
                                     path != "decisions/README.md";
            if (entry.path().extension() != ".md" || path == "README.md" || other_index) continue;
            CAPTURE(folder);
            CAPTURE(path);
            CHECK(linked.contains(path));
        }
    }
}

TEST_CASE("documents: OPERATING.md says what each warning and error of the log asks for") {
    const auto page = read_file(root / "docs/OPERATING.md");
    std::size_t events = 0;
    for (const auto* top : {"parley", "apps"}) {
        for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
            const auto path = entry.path().generic_string();
            if (!path.ends_with(".cpp") || path.ends_with("_test.cpp")) continue;
            const auto source = read_file(entry.path());
            for (const auto* level : {"warn", "error"}) {
                for (const auto& event : log_events(source, level)) {
                    ++events;
                    CAPTURE(path);
                    CAPTURE(event);
                    CHECK(page.find("`" + event + "`") != std::string::npos);
                }
            }
        }
    }
    CHECK(events > 10);
}

TEST_CASE("documents: CONFIG.md lists the settings as `parley init` writes them") {
    parley::testing::Cli cli;
    const auto made = cli.run({"init", cli.folder("node")});
    REQUIRE_MESSAGE(made.exit_code == 0, made.err);
    Strings settings;
    std::string table;
    for (const auto& line : lines_of(read_file(cli.folder("node") + "/parley.toml"))) {
        const auto equals = line.find(" = ");
        if (line.starts_with('[')) {
            table = line.substr(1, line.find(']') - 1);
        } else if (!line.starts_with('#') && equals != std::string::npos) {
            settings.push_back("| `" + table + "." + line.substr(0, equals) + "` | `" +
                               line.substr(equals + 3) + "` |");
        }
    }
    Strings rows;
    for (const auto& line : read_document("docs/CONFIG.md").lines) {
        if (!line.starts_with("| `")) continue;
        rows.push_back(line.substr(0, line.find(" |", line.find("` | `") + 3) + 2));
    }
    CHECK(settings.size() > 30);
    std::ranges::sort(settings);
    std::ranges::sort(rows);
    for (std::size_t i = 0; i < std::min(settings.size(), rows.size()); ++i)
        CHECK(settings[i] == rows[i]);
    CHECK(settings.size() == rows.size());
}

TEST_CASE("documents: SIMULATOR.md and the help say how large a run of `parley sim` alone is") {
    parley::testing::Cli cli;
    const auto help = cli.ok({"sim", "--help"});
    CHECK(help.find("What happens (default: gossip; of a sweep: swarm)") != std::string::npos);
    CHECK(help.find("nothing goes wrong (500 nodes, 2 min)") != std::string::npos);
    CHECK(read_file(root / "docs/SIMULATOR.md").find("# 500 nodes, under a minute") !=
          std::string::npos);
}

TEST_CASE("documents: the glossary is in order and has each word once") {
    Strings words;
    for (const auto& line : read_document("docs/GLOSSARY.md").lines) {
        if (!line.starts_with("| ") || line.starts_with("| Word ")) continue;
        auto word = between(line, "| ", " |").front();
        std::erase(word, '\'');
        std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::tolower(c); });
        words.push_back(std::move(word));
    }
    CHECK(words.size() > 50);
    for (std::size_t i = 1; i < words.size(); ++i) CHECK(words[i - 1] < words[i]);
}

TEST_CASE("documents: the READMEs in English and Chinese are in step") {
    const auto english = read_document("README.md");
    const auto chinese = read_document("README.zh.md");
    CHECK(heading_levels(english) == heading_levels(chinese));
    CHECK(table_commands(english) == table_commands(chinese));
    REQUIRE(english.blocks.size() == chinese.blocks.size());
    for (std::size_t i = 0; i < english.blocks.size(); ++i) {
        CAPTURE(i);
        CHECK(english.blocks[i].kind == chinese.blocks[i].kind);
        CHECK(commands_of(english.blocks[i]) == commands_of(chinese.blocks[i]));
    }
}

TEST_CASE("documents: every block of C++ or CMake is a part of a file that is built") {
    std::size_t blocks = 0;
    for (const auto& document : documents()) {
        for (const auto& block : document.blocks) {
            if (block.kind != "cpp" && block.kind != "cmake") continue;
            ++blocks;
            CAPTURE(document.path.string());
            CAPTURE(block.lines.front());
            REQUIRE_MESSAGE(!block.source.empty(), "no <!-- FILE --> above");
            const auto file = lines_of(read_file(root / block.source));
            CHECK(commands_of(block).size() >= 2);
            auto at = file.begin();
            for (const auto& line : commands_of(block)) {  // in the file's order, with gaps
                CAPTURE(line);
                at = std::find_if(at, file.end(), [&](const auto& l) {
                    return trimmed(l.substr(0, l.find(" #"))) == line;
                });
                REQUIRE(at != file.end());
                ++at;
            }
        }
    }
    CHECK(blocks >= 18);
}
