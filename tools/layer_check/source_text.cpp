#include "source_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace layer_check {
namespace {

constexpr auto npos = std::string_view::npos;

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::size_t skip_spaces(std::string_view text, std::size_t at) {
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at])) != 0) ++at;
    return at;
}

std::string_view trim(std::string_view text) {
    text.remove_prefix(skip_spaces(text, 0));
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
        text.remove_suffix(1);
    return text;
}

/// Where the bracket that is open at `open` closes; npos if it does not.
std::size_t closing(std::string_view text, std::size_t open, char left, char right) {
    std::size_t depth = 0;
    for (std::size_t i = open; i < text.size(); ++i) {
        if (text[i] == left) ++depth;
        if (text[i] == right && --depth == 0) return i;
    }
    return npos;
}

std::string_view word_at(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    return text.substr(at, end - at);
}

std::string_view word_before(std::string_view text, std::size_t end) {
    std::size_t begin = end;
    while (begin > 0 && is_word(text[begin - 1])) --begin;
    return text.substr(begin, end - begin);
}

/// The end of the literal that begins at `at` with a quote: one past the closing quote.
std::size_t end_of_literal(std::string_view text, std::size_t at) {
    const char quote = text[at];
    if (quote == '"' && word_before(text, at).ends_with('R')) {
        const auto open = text.find('(', at);
        if (open == npos) return text.size();
        const auto terminator = ")" + std::string(text.substr(at + 1, open - at - 1)) + "\"";
        const auto end = text.find(terminator, open);
        return end == npos ? text.size() : end + terminator.size();
    }
    for (std::size_t i = at + 1; i < text.size(); ++i) {
        if (text[i] == '\\')
            ++i;
        else if (text[i] == quote || text[i] == '\n')
            return i + 1;
    }
    return text.size();
}

/// If a comment or literal begins at `at`: what is to be blanked, as its length.
std::optional<std::size_t> blank_length(std::string_view text, std::size_t at) {
    const auto rest = text.substr(at);
    if (rest.starts_with("//")) return std::min(rest.find('\n'), rest.size());
    if (rest.starts_with("/*")) {
        const auto end = rest.find("*/", 2);
        return end == npos ? rest.size() : end + 2;
    }
    if (rest.starts_with('"')) return end_of_literal(text, at) - at;
    // 1'000'000 holds no character literal, but u8'x' is one.
    if (rest.starts_with('\'')) {
        const auto before = word_before(text, at);
        if (before.empty() || std::isdigit(static_cast<unsigned char>(before.front())) == 0)
            return end_of_literal(text, at) - at;
    }
    return std::nullopt;
}

/// The container that a range expression goes over, by its last name: `peers_`, `a.b->peers_`,
/// `std::as_const(peers_)`, `peers_ | std::views::keys`; nothing for other calls.
std::string_view name_of_range(std::string_view range) {
    range = trim(range.substr(0, range.find('|')));
    if (range.ends_with(')')) {
        const auto open = range.find('(');
        const auto callee = trim(range.substr(0, open));
        if (callee.ends_with("as_const") || callee.find("views::") != npos)
            return name_of_range(range.substr(open + 1, range.size() - open - 2));
        return word_before(range, callee.size());
    }
    return word_before(range, range.size());
}

/// What stands after the colon of a range-for's head; nothing for another kind of for.
std::string_view range_of_for(std::string_view head) {
    std::size_t colon = npos;
    int depth = 0;
    for (std::size_t i = 0; i < head.size(); ++i) {
        const char c = head[i];
        if (c == '(' || c == '[' || c == '{') ++depth;
        if (c == ')' || c == ']' || c == '}') --depth;
        if (depth != 0) continue;
        if (c == ';') colon = npos;
        const bool scope = (i > 0 && head[i - 1] == ':') ||  //
                           (i + 1 < head.size() && head[i + 1] == ':');
        if (c == ':' && !scope && colon == npos) colon = i;
    }
    return colon == npos ? std::string_view{} : head.substr(colon + 1);
}

/// The name declared after a type that ends before `at`; empty if none is.
std::string_view declared_name(std::string_view text, std::size_t at) {
    at = skip_spaces(text, at);
    while (at < text.size() && (text[at] == '&' || text[at] == '*')) at = skip_spaces(text, at + 1);
    const auto name = word_at(text, at);
    const auto next = skip_spaces(text, at + name.size());
    constexpr std::string_view after_a_name = ";={,)(";
    if (name.empty() || next >= text.size() || after_a_name.find(text[next]) == npos) return {};
    return name;
}

}  // namespace

std::string blank_comments_and_literals(std::string_view text) {
    std::string out(text);
    for (std::size_t i = 0; i < text.size();) {
        const auto length = blank_length(text, i);
        if (!length) {
            ++i;
            continue;
        }
        for (const auto end = i + *length; i < end; ++i)
            if (out[i] != '\n') out[i] = ' ';
    }
    return out;
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::size_t line_at(std::string_view text, std::size_t position) {
    return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, position), '\n'));
}

std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
    for (auto at = text.find(word, from); at != npos; at = text.find(word, at + 1)) {
        const auto end = at + word.size();
        if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end])))
            return at;
    }
    return npos;
}

std::set<std::string, std::less<>> unordered_names(std::string_view text) {
    static constexpr std::array containers = {"unordered_map", "unordered_set",
                                              "unordered_multimap", "unordered_multiset"};
    std::set<std::string, std::less<>> names;
    std::set<std::string, std::less<>> aliases;
    for (const std::string_view container : containers) {
        for (auto at = find_word(text, container); at != npos;
             at = find_word(text, container, at + 1)) {
            const auto open = skip_spaces(text, at + container.size());
            if (open >= text.size() || text[open] != '<') continue;
            const auto close = closing(text, open, '<', '>');
            if (close == npos) continue;
            // using NAME = std::unordered_map<...>
            auto before = text.substr(0, at);
            if (before.ends_with("std::")) before.remove_suffix(5);
            before = trim(before);
            if (before.ends_with('=')) {
                before = trim(before.substr(0, before.size() - 1));
                const auto alias = word_before(before, before.size());
                before = trim(before.substr(0, before.size() - alias.size()));
                if (word_before(before, before.size()) == "using") aliases.emplace(alias);
            }
            if (const auto name = declared_name(text, close + 1); !name.empty())
                names.emplace(name);
        }
    }
    for (const auto& alias : aliases)
        for (auto at = find_word(text, alias); at != npos; at = find_word(text, alias, at + 1))
            if (const auto name = declared_name(text, at + alias.size()); !name.empty())
                names.emplace(name);
    return names;
}

std::vector<Use> iterations(std::string_view text) {
    std::vector<Use> uses;
    for (auto at = find_word(text, "for"); at != npos; at = find_word(text, "for", at + 1)) {
        const auto open = skip_spaces(text, at + 3);
        if (open >= text.size() || text[open] != '(') continue;
        const auto close = closing(text, open, '(', ')');
        if (close == npos) continue;
        const auto name = name_of_range(range_of_for(text.substr(open + 1, close - open - 1)));
        if (!name.empty()) uses.push_back({at, std::string(name)});
    }
    for (const std::string_view begin : {"begin", "cbegin"}) {
        for (auto at = find_word(text, begin); at != npos; at = find_word(text, begin, at + 1)) {
            const auto before = text.substr(0, at);
            if (before.ends_with('.'))
                uses.push_back({at, std::string(word_before(text, at - 1))});
            else if (before.ends_with("->"))
                uses.push_back({at, std::string(word_before(text, at - 2))});
            else if (before.ends_with("::")) {
                const auto open = skip_spaces(text, at + begin.size());
                uses.push_back({at, std::string(word_at(text, std::min(open + 1, text.size())))});
            }
        }
    }
    return uses;
}

}  // namespace layer_check
