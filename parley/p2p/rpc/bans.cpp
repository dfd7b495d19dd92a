// Bans that the owner sets, lifts and lists.
#include <parley/p2p/rpc/functions.hpp>
#include <parley/rpc/params.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <variant>

namespace parley::p2p {

namespace {

using transport::Ban;
using Who = std::variant<NodeId, IpAddress>;

constexpr std::int64_t default_seconds = 24 * 3'600;
constexpr std::int64_t seconds_max = 100LL * 365 * 24 * 3'600;

/// "203.0.113.7" or "2001:db8::/64": what a ban of an address is for.
std::string text_of(const NetworkGroup& group) {
    const auto text = group.to_string();
    return group.v4 ? text.substr(0, text.find('/')) : text;
}

Result<Who, rpc::Error> who_param(Network& node, const rpc::Call& call) {
    constexpr std::string_view expected = "a node's ID or an IP address";
    const auto text = rpc::text_param(call, 0, expected);
    if (!text) return std::unexpected{text.error()};
    auto address = *text;
    if (address.ends_with("/64")) address.remove_suffix(3);  // as admin_bans has it
    if (const auto ip = IpAddress::parse(address)) return *ip;
    if (!NodeId::parse(*text)) return rpc::bad_param(0, expected, "another string");
    const auto id = peer_param(node, call, 0);
    if (!id) return std::unexpected{id.error()};
    return *id;
}

Result<std::int64_t, rpc::Error> seconds_param(const rpc::Call& call, std::size_t index) {
    if (index >= call.params.size() || call.params[index].is_null()) return default_seconds;
    const auto expected = fmt::format("1 to {} seconds", seconds_max);
    boost::system::error_code failed;
    const auto& value = call.params[index];
    if (!value.is_number()) return rpc::bad_param(index, expected, rpc::json_kind(value));
    const auto seconds = value.to_number<std::int64_t>(failed);
    if (failed || seconds < 1 || seconds > seconds_max) {
        return rpc::bad_param(index, expected, "another number");
    }
    return seconds;
}

Result<std::string, rpc::Error> reason_param(const rpc::Call& call, std::size_t index) {
    if (index >= call.params.size() || call.params[index].is_null()) return std::string{};
    const auto expected = fmt::format("text of at most {} bytes on one line", Ban::why_bytes_max);
    const auto text = rpc::text_param(call, index, expected);
    if (!text) return std::unexpected{text.error()};
    if (!Ban::is_reason(*text)) return rpc::bad_param(index, expected, "another string");
    return std::string{*text};
}

rpc::json::object ban_json(const rpc::Call& call, const Ban& ban) {
    using std::chrono::seconds;
    const auto* id = std::get_if<NodeId>(&ban.who);
    const auto left = std::chrono::ceil<seconds>(ban.until - call.now.unix_time);
    return {{"who", id ? id->to_string() : text_of(std::get<NetworkGroup>(ban.who))},
            {"kind", id ? "id" : "address"},
            {"until", std::chrono::ceil<seconds>(ban.until.time_since_epoch()).count()},
            {"left", left.count()},
            {"byOwner", ban.by_owner},
            {"reason", ban.why}};
}

}  // namespace

rpc::Result admin_ban(Network& node, const rpc::Call& call) {
    const auto who = who_param(node, call);
    if (!who) return std::unexpected{who.error()};
    const auto length = seconds_param(call, 1);
    if (!length) return std::unexpected{length.error()};
    auto reason = reason_param(call, 2);
    if (!reason) return std::unexpected{reason.error()};
    Ban ban;
    if (const auto* id = std::get_if<NodeId>(&*who)) {
        ban.who = *id;
    } else {
        ban.who = exact_group(std::get<IpAddress>(*who));
    }
    ban.until = call.now.unix_time + std::chrono::seconds{*length};
    ban.why = std::move(*reason);
    ban.by_owner = true;
    if (node.ban(call.now, ban)) return rpc::json::value(ban_json(call, ban));
    return rpc::refused("no more bans have room");
}

rpc::Result admin_unban(Network& node, const rpc::Call& call) {
    const auto who = who_param(node, call);
    if (!who) return std::unexpected{who.error()};
    return rpc::json::value(node.unban(call.now, *who));
}

rpc::Result admin_bans(Network& node, const rpc::Call& call) {
    rpc::json::array out;
    for (const auto& ban : node.bans(call.now)) out.emplace_back(ban_json(call, ban));
    return out;
}

}  // namespace parley::p2p
