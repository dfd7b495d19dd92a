#include "client/json_at.hpp"
#include "peers/links_view.hpp"
#include "text.hpp"
#include <parley/identity/node_id.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace parley::app {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 2> directions{"inbound", "outbound"};
constexpr std::array<std::string_view, 5> classes{"ordinary", "static", "trusted", "feeler",
                                                  "light"};
// So that a row fits in 80 columns.
constexpr std::size_t name_length = 10;
constexpr std::size_t screen_least = 80;
constexpr std::size_t address_length_least = 21;  // any of IPv4

std::size_t address_length(std::size_t columns) {
    return address_length_least + std::max(columns, screen_least) - screen_least;
}

bool is_inbound(const json::value& peer) {
    return flag_at(peer, "/network/inbound");
}

std::string short_direction(bool inbound) {
    return inbound ? "in" : "out";
}

/// "in", or "out static".
std::string link_text(const json::value& peer) {
    const auto link_class = text_at(peer, "/network/class");
    auto out = short_direction(is_inbound(peer));
    if (link_class != "ordinary" && !link_class.empty()) out += ' ' + link_class;
    return out;
}

/// At most `length` characters of "address:port": the network and the port.
std::string address_text(std::string text, std::size_t length) {
    if (text.size() <= length) return text;
    const auto end = text.rfind(']');
    const auto port = end == std::string::npos ? std::string{} : text.substr(end);
    return text.substr(0, length - std::min(length, port.size() + 1)) + '~' + port;
}

/// A number with that many decimals, or "-" if there is none.
std::string real_text(const json::value& peer, std::string_view pointer, int decimals) {
    const auto* value = value_at(peer, pointer);
    if (value == nullptr || !value->is_number()) return "-";
    return fmt::format("{:.{}f}", value->to_number<double>(), decimals);
}

std::string last_useful_text(const json::value& peer) {
    const auto* value = value_at(peer, "/lastUseful");
    if (value == nullptr || !value->is_number()) return "-";
    return duration_text(number_at(peer, "/lastUseful"));
}

std::vector<const json::value*> sorted(const json::array& peers) {
    std::vector<const json::value*> out;
    for (const auto& peer : peers) {
        if (peer.is_object()) out.push_back(&peer);
    }
    std::ranges::sort(out, {}, [](const json::value* peer) {
        return std::tuple{!is_inbound(*peer), -number_at(*peer, "/age"), text_at(*peer, "/id")};
    });
    return out;
}

}  // namespace

std::string links_table(const json::array& peers, const Names& names, bool all,
                        std::size_t columns) {
    using enum Table::Align;
    Table table{.columns = {left, left, left, right, right, left},
                .rows = {{"ID", "NAME", "LINK", "RTT", "AGE", "ADDRESS"}}};
    if (all) {
        table.columns.insert(table.columns.end(), {left, right, right, right, right, left});
        table.rows.front().insert(table.rows.front().end(),
                                  {"GROUP", "IN", "OUT", "USEFUL", "SCORE", "CLIENT"});
    }
    for (const auto* peer : sorted(peers)) {
        const auto id = text_at(*peer, "/id");
        const auto address = text_at(*peer, "/network/remoteAddress");
        std::vector<std::string> row{
            all ? id : id.substr(0, NodeId::short_digits),
            shown_name(names, id, text_at(*peer, "/nodeName"), name_length),
            link_text(*peer),
            real_text(*peer, "/roundTripMs", 1),
            duration_text(number_at(*peer, "/age")),
            all ? address : address_text(address, address_length(columns))};
        if (all) {
            row.insert(row.end(),
                       {text_at(*peer, "/network/group"), bytes_text(number_at(*peer, "/bytesIn")),
                        bytes_text(number_at(*peer, "/bytesOut")), last_useful_text(*peer),
                        real_text(*peer, "/score", 0), text_at(*peer, "/name")});
        }
        table.rows.push_back(std::move(row));
    }
    return table.to_string();
}

std::string links_summary(const json::value& links) {
    using enum Table::Align;
    Table table{.columns = {left}, .rows = {{"LINKS"}}};
    for (const auto name : classes) {
        table.columns.push_back(right);
        table.rows.front().emplace_back(name);
    }
    table.columns.push_back(right);
    table.rows.front().emplace_back("total");
    std::vector<std::string> totals{"total"};
    for (const auto direction : directions) {
        std::vector<std::string> row{short_direction(direction == "inbound")};
        for (const auto name : classes) {
            row.push_back(
                count_text(number_at(links, fmt::format("/byDirection/{}/{}", direction, name))));
        }
        row.push_back(count_text(number_at(links, fmt::format("/{}", direction))));
        table.rows.push_back(std::move(row));
    }
    for (const auto name : classes) {
        totals.push_back(count_text(number_at(links, fmt::format("/byClass/{}", name))));
    }
    totals.push_back(count_text(number_at(links, "/inbound") + number_at(links, "/outbound")));
    table.rows.push_back(std::move(totals));
    return table.to_string();
}

json::value count_links(const json::array& peers) {
    json::object by_direction;
    json::object by_class;
    json::object out;
    for (const auto name : classes) by_class[name] = 0;
    for (const auto direction : directions) {
        json::object row;
        std::int64_t total = 0;
        for (const auto name : classes) {
            const auto count = std::ranges::count_if(peers, [&](const json::value& peer) {
                return is_inbound(peer) == (direction == "inbound") &&
                       text_at(peer, "/network/class") == name;
            });
            row[name] = count;
            by_class[name] = by_class[name].to_number<std::int64_t>() + count;
            total += count;
        }
        by_direction[direction] = std::move(row);
        out[direction] = total;
    }
    out["byDirection"] = std::move(by_direction);
    out["byClass"] = std::move(by_class);
    return out;
}

}  // namespace parley::app
