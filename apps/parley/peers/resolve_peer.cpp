#include "client/json_at.hpp"
#include "peers/resolve_peer.hpp"
#include <parley/identity/endpoint.hpp>
#include <parley/identity/node_id.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace parley::app {

namespace {

constexpr std::size_t digits_least = 4;

bool is_hex(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    });
}

std::string_view without_prefix_length(std::string_view text) {
    if (text.ends_with("/64") || text.ends_with("/32")) text.remove_suffix(3);
    return text;
}

}  // namespace

Result<std::string, Failure> resolve_peer(std::string_view text,
                                          const std::vector<std::string>& known) {
    if (NodeId::parse(text)) return std::string{text};
    if (const auto address = IpAddress::parse(without_prefix_length(text))) {
        return address->to_string();
    }
    if (const auto target = Target::parse(text)) return target->id.to_string();
    if (text.size() < digits_least || !is_hex(text)) {
        return failed(fmt::format("\"{}\" is no node's ID and no IP address", text));
    }
    std::string found;
    for (const auto& id : known) {
        if (!id.starts_with(text)) continue;
        if (!found.empty() && found != id) {
            return failed(fmt::format("several IDs begin with {}: give more digits", text));
        }
        found = id;
    }
    if (found.empty()) {
        return failed(fmt::format("no ID here begins with {}: give the whole ID", text));
    }
    return found;
}

std::vector<std::string> texts_of(const boost::json::value& list, std::string_view member) {
    std::vector<std::string> out;
    if (const auto* array = list.if_array()) {
        for (const auto& element : *array) out.push_back(text_at(element, member));
    }
    return out;
}

}  // namespace parley::app
