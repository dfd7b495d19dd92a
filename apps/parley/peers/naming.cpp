#include "peers/naming.hpp"
#include <parley/base/text.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/node_id.hpp>

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <utility>

namespace parley::app {

namespace {

constexpr std::size_t digits_least = 4;
constexpr std::size_t name_length_max = 32;

bool is_hex(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    });
}

std::string_view without_prefix_length(std::string_view text) {
    if (text.ends_with("/64") || text.ends_with("/32")) text.remove_suffix(3);
    return text;
}

/// The one ID that `fits`; empty if there is none, nothing if there are several.
template <class Fits>
std::optional<std::string> only_one(const std::vector<KnownNode>& known, Fits fits) {
    std::string found;
    for (const auto& node : known) {
        if (!fits(node)) continue;
        if (!found.empty() && found != node.id) return std::nullopt;
        found = node.id;
    }
    return found;
}

Result<std::string, Failure> by_said_name(std::string_view text,
                                          const std::vector<KnownNode>& known) {
    const auto found = only_one(known, [&](const KnownNode& node) { return node.said == text; });
    if (!found) return failed(fmt::format("several nodes call themselves {}: give the ID", text));
    if (found->empty()) {
        return failed(fmt::format("\"{}\" is no node's ID or name and no IP address", text));
    }
    return *found;
}

}  // namespace

bool is_name(std::string_view text) {
    const auto fits = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-' || c == '_' || c == '.';
    };
    return !text.empty() && text.size() <= name_length_max && std::ranges::all_of(text, fits) &&
           !is_hex(text) && !IpAddress::parse(text);
}

Result<Names, Failure> parse_names(std::string_view text, std::string_view file_name) {
    Names out;
    try {
        for (const auto& [key, value] : toml::parse(text)) {
            const auto bad = [&](std::string_view expected) {
                return failed(fmt::format("{}:{}: {}: expected {}", file_name,
                                          value.source().begin.line, key.str(), expected));
            };
            if (!is_name(key.str())) {
                return bad(
                    "a name of 1 to 32 letters, digits, '-', '_' and '.', not of hex digits "
                    "alone");
            }
            const auto* id = value.as_string();
            if (id == nullptr || !NodeId::parse(id->get())) {
                return bad("a node's ID, 66 hex digits in quotes");
            }
            out.emplace(key.str(), lower(id->get()));
        }
    } catch (const toml::parse_error& error) {
        return failed(
            fmt::format("{}:{}: {}", file_name, error.source().begin.line, error.description()));
    }
    return out;
}

Result<std::string, Failure> resolve_node(std::string_view text, const Names& names,
                                          const std::vector<KnownNode>& known) {
    if (NodeId::parse(text)) return lower(text);
    if (const auto address = IpAddress::parse(without_prefix_length(text))) {
        return address->to_string();
    }
    if (const auto target = Target::parse(text)) return target->id.to_string();
    if (const auto named = names.find(text); named != names.end()) return named->second;
    if (text.size() < digits_least || !is_hex(text)) return by_said_name(text, known);
    const auto digits = lower(text);
    const auto begins = [&](const KnownNode& node) { return node.id.starts_with(digits); };
    const auto found = only_one(known, begins);
    if (!found) return failed(fmt::format("several IDs begin with {}: give more digits", text));
    if (!found->empty()) return *found;
    if (const auto named = by_said_name(text, known)) return named;
    return failed(fmt::format("no ID here begins with {}: give the whole ID", text));
}

std::string shown_who(std::string_view id_or_address) {
    const auto id = NodeId::parse(id_or_address);
    return id ? id->short_string() : std::string{id_or_address};
}

std::string shown_name(const Names& names, std::string_view id, std::string_view said,
                       std::size_t length) {
    const auto own = std::ranges::find(names, id, &Names::value_type::second);
    auto out = own != names.end() ? own->first
               : said.empty()     ? std::string{}
                                  : fmt::format("\"{}\"", said);
    if (out.size() > length) {
        out.resize(length - 1);
        out += '~';
    }
    return out;
}

}  // namespace parley::app
