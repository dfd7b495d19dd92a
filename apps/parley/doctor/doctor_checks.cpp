#include "doctor/doctor_checks.hpp"
#include "text.hpp"
#include <parley/runtime/folder/folder.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace parley::app {

namespace {

constexpr std::uint64_t disk_least = 64ULL << 20;
constexpr std::uint64_t disk_enough = 1ULL << 30;
constexpr std::int64_t patience_seconds = 60;  // with a node that begins
constexpr auto just_begun = "it has just begun: look again in a minute";

std::string bytes(std::uint64_t count) {
    return bytes_text(static_cast<std::int64_t>(count));
}

}  // namespace

std::string_view name(Grade grade) {
    switch (grade) {
        case Grade::ok:
            return "ok";
        case Grade::warn:
            return "warn";
        case Grade::fail:
            return "fail";
    }
    return "unknown";
}

Check check_key(const KeyFacts& facts) {
    if ((facts.mode & runtime::secret_mode_too_open) != 0) {
        return {"key", Grade::fail,
                fmt::format("{} can be read by others (mode {:04o})", facts.path, facts.mode),
                fmt::format("chmod 600 {}", facts.path)};
    }
    if (!facts.error.empty()) {
        return {"key", Grade::fail, facts.error,
                "restore it from a backup, or begin with `parley init`"};
    }
    return {"key", Grade::ok,
            fmt::format("for its owner {}{}", (facts.mode & 070U) != 0 ? "and a group" : "alone",
                        facts.encrypted ? ", encrypted" : "")};
}

Check check_clock(const ClockFacts& facts) {
    const std::string hint =
        "run a time service (chrony, systemd-timesyncd): bans and records go by the clock";
    if (!facts.known) return {"clock", Grade::warn, "the kernel does not tell its state", hint};
    if (!facts.synchronised) return {"clock", Grade::warn, "not synchronised", hint};
    return {"clock", Grade::ok,
            fmt::format("synchronised, within {} ms", (facts.error_us_max + 999) / 1'000)};
}

Check check_port(const PortFacts& facts) {
    const auto title = facts.udp ? facts.setting + " (UDP)" : facts.setting;
    const auto where = facts.endpoint.to_string();
    if (facts.error.empty()) {
        if (!facts.node_runs || facts.endpoint.port == 0) {
            return {title, Grade::ok, fmt::format("{} is free", where)};
        }
        return {title, Grade::warn, fmt::format("{} is free, while the node runs", where),
                "the settings changed since it began: restart it"};
    }
    if (facts.in_use && facts.node_runs) {
        return {title, Grade::ok, fmt::format("{} is held by the running node", where)};
    }
    if (facts.in_use) {
        return {title, Grade::fail, fmt::format("{} is in use by another program", where),
                fmt::format("`ss {}` names it; choose another port: {}",
                            facts.udp ? "-lunp" : "-ltnp", facts.setting)};
    }
    return {title, Grade::fail, facts.error,
            fmt::format("set {} to an address of this machine", facts.setting)};
}

Check check_descriptors(const DescriptorFacts& facts) {
    const auto what = fmt::format("{} may be open, {} may be needed", facts.soft, facts.needed);
    if (facts.soft >= facts.needed) return {"descriptors", Grade::ok, what};
    auto hint = fmt::format("ulimit -n {} (LimitNOFILE= of systemd), or lower p2p.inbound_max",
                            facts.needed);
    return {"descriptors", Grade::fail, what, std::move(hint)};
}

Check check_disk(const DiskFacts& facts) {
    if (!facts.writable) {
        return {"disk", Grade::fail, fmt::format("{} cannot be written to", facts.path),
                "run as its owner, or give it to the user who runs the node"};
    }
    const auto what = fmt::format("{} free", bytes(facts.free_bytes));
    const std::string hint = "make room: without it, what the node learns is not kept";
    if (facts.free_bytes < disk_least) return {"disk", Grade::fail, what, hint};
    if (facts.free_bytes < disk_enough) return {"disk", Grade::warn, what, hint};
    return {"disk", Grade::ok, what + ", writable"};
}

Check check_store(const StoreFacts& facts) {
    if (facts.node_runs) return {"store", Grade::ok, "in use by the running node"};
    if (facts.error.empty()) return {"store", Grade::ok, "opens"};
    return {"store", Grade::fail, fmt::format("{}: {}", facts.path, facts.error),
            facts.missing
                ? "parley run DIR --new-store begins with an empty one"
                : "move it away, and begin with an empty one: parley run DIR --new-store"};
}

Check check_address(const AddressFacts& facts) {
    if (!facts.listens) {
        return {"address", Grade::warn, "listens nowhere: others cannot dial this node",
                "set p2p.listen, unless that is meant"};
    }
    if (!facts.advertised) {
        return {"address", Grade::warn, "unknown: others are not told where to dial this node",
                "set p2p.advertise to the address and port that they reach"};
    }
    const auto& address = facts.advertised->address;
    const auto where = facts.advertised->to_string();
    if (address.is_unspecified()) {
        return {"address", Grade::fail, where + " is no address that can be dialed",
                "set p2p.advertise to the address and port that others reach"};
    }
    if (!address.is_public() && !facts.allow_private && facts.asks_router) {
        return {"address", Grade::ok,
                where +
                    " is private; the router is asked to map the port: parley status says "
                    "whether it does"};
    }
    if (!address.is_public() && !facts.allow_private) {
        return {"address", Grade::warn, where + " is private: nobody outside can dial it",
                "set p2p.port_mapping = \"auto\", or forward the port in the router and set "
                "p2p.advertise to its public address, or "
                "p2p.allow_private in a network of your own"};
    }
    if (std::ranges::find(facts.own, address) == facts.own.end()) {
        return {"address", Grade::warn, where + " is on no interface of this machine",
                "right behind a router that forwards the port (NAT); otherwise correct "
                "p2p.advertise"};
    }
    return {"address", Grade::ok, where};
}

Check check_boot(const BootFacts& facts) {
    if (!facts.refusal.empty()) {
        // What may pass by itself, and what only a change of settings or software ends.
        constexpr std::array<std::string_view, 6> passing{
            "dial_failed", "too_many_peers", "handshake_timeout", "truncated", "reset", "silent"};
        const bool passes = std::ranges::find(passing, facts.refusal) != passing.end();
        const auto detail = facts.detail.empty() ? "" : fmt::format(" ({})", facts.detail);
        return {facts.kind, passes ? Grade::warn : Grade::fail,
                fmt::format("{}: {}{}", facts.target, facts.refusal, detail), facts.advice};
    }
    if (facts.error.empty()) return {facts.kind, Grade::ok, facts.target + " answers"};
    if (!facts.resolved) {
        return {facts.kind, Grade::fail, fmt::format("{}: {}", facts.target, facts.error),
                "correct the name in p2p.boot, or the machine's DNS"};
    }
    return {facts.kind, Grade::warn, fmt::format("{}: {}", facts.target, facts.error),
            "it is down, has moved, or a firewall is between: ask its owner"};
}

Check check_no_boot(const node::NodeConfig& config, std::size_t known_addresses) {
    if (!config.p2p.static_peers.empty()) return {"boot node", Grade::ok, "none; static peers"};
    if (known_addresses > 0) {
        return {"boot node", Grade::ok,
                fmt::format("none; {} addresses are known",
                            count_text(static_cast<std::int64_t>(known_addresses)))};
    }
    return {"boot node", Grade::warn, "none, and no other node is known",
            "set p2p.boot, unless this is the first node of its network"};
}

Check check_links(const LinkFacts& facts) {
    if (!facts.locked) return {"links", Grade::ok, "the node does not run"};
    if (!facts.error.empty()) {
        return {"links", Grade::fail, "the node runs, and does not answer: " + facts.error,
                "look at its log"};
    }
    const auto what = fmt::format("{} inbound, {} outbound after {}", facts.inbound, facts.outbound,
                                  duration_text(facts.uptime));
    if (facts.inbound + facts.outbound > 0) return {"links", Grade::ok, what};
    if (facts.uptime < patience_seconds) {
        return {"links", Grade::warn, what, just_begun};
    }
    return {"links", Grade::fail, what,
            "its log says why dials fail (parley run DIR --log-level debug)"};
}

Check check_dht(const DhtFacts& facts) {
    if (!facts.enabled) return {"dht", Grade::ok, "the settings leave it out"};
    if (!facts.node_runs) return {"dht", Grade::ok, "the node does not run"};
    if (!facts.error.empty()) {
        return {"dht", Grade::warn, facts.error,
                "restart the node if its settings changed since it began"};
    }
    auto what = fmt::format("{} of {} nodes in the table answer", facts.answering, facts.known);
    if (facts.unsent > 0 && facts.unsent * 10 >= facts.sent) {
        what += fmt::format("; {} of {} datagrams did not leave", count_text(facts.unsent),
                            count_text(facts.sent + facts.unsent));
        if (!facts.last_refusal.empty()) what += ", the last to " + facts.last_refusal;
        return {
            "dht", Grade::warn, what,
            "listen in the families (IPv4, IPv6) that this machine has a route for (p2p.listen), "
            "and let its own firewall send UDP"};
    }
    if (facts.answering > 0) return {"dht", Grade::ok, what};
    if (facts.uptime < patience_seconds) return {"dht", Grade::warn, what, just_begun};
    const auto port = facts.port == 0 ? "its UDP port" : fmt::format("UDP port {}", facts.port);
    return {"dht", Grade::warn, what,
            fmt::format("open {} as well as TCP in the firewall{}", port,
                        facts.known > 0 ? "" : ", unless this is the first node of its network")};
}

std::string to_text(const std::vector<Check>& checks, bool coloured) {
    // Green, yellow, red.
    const auto shown = [&](Grade grade) {
        auto text = fmt::format("{:<4}", name(grade));
        if (!coloured) return text;
        const int colour = grade == Grade::ok ? 32 : grade == Grade::warn ? 33 : 31;
        return fmt::format("\x1b[{}m{}\x1b[0m", colour, text);
    };
    std::size_t width = 0;
    for (const auto& check : checks) width = std::max(width, check.name.size());
    std::string out;
    for (const auto& check : checks) {
        out += fmt::format("{}  {:<{}}  {}", shown(check.grade), check.name, width, check.what);
        if (!check.hint.empty()) out += "; " + check.hint;
        out += '\n';
    }
    return out;
}

bool any_failed(const std::vector<Check>& checks) {
    return std::ranges::find(checks, Grade::fail, &Check::grade) != checks.end();
}

}  // namespace parley::app
