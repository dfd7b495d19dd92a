#include <parley/sim/experiment/checkers.hpp>

#include <parley/transport/handshake/hello_check.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace parley::sim {

using transport::PeerDown;
using transport::PeerUp;

Checkers::Checkers(Network& network, std::function<bool(HostId)> honest)
    : network_(network), honest_(std::move(honest)), lives_(network.size()) {}

void Checkers::fail(HostId host, std::string what) {
    if (failures_.size() >= failures_max) return;
    if (on_failure_) on_failure_();
    failures_.push_back(
        fmt::format("{:.6f} s, host {}: {}", network_.world().seconds(), host, std::move(what)));
}

void Checkers::started(HostId host, node::Node& node) {
    auto& life = lives_[host];
    life = {};
    if (!honest_(host)) return;
    life.subscriptions.push_back(node.hub().subscribe<PeerUp>([this, host](const PeerUp& up) {
        if (!lives_[host].up.insert(up.id).second) {
            fail(host, "a second live link to " + up.id.short_string());
        }
    }));
    life.subscriptions.push_back(node.hub().subscribe<PeerDown>([this, host](const PeerDown& down) {
        if (lives_[host].up.erase(down.id) == 0) {
            fail(host, "a link went down that was not up, to " + down.id.short_string());
        }
    }));
}

void Checkers::after_event(HostId host) {
    if (host >= lives_.size() || !honest_(host) || !network_.world().up(host)) return;
    check_budgets(host);
    const auto& links = network_.world().node(host).links();
    const auto& slots = links.slots();
    if (std::exchange(lives_[host].slot_changes, slots.changes()) == slots.changes()) return;
    if (!slots.consistent()) fail(host, "slots over a limit, or their parts disagree");
    if (slots.in_use_total() != links.connections()) {
        fail(host, fmt::format("{} tokens are out for {} connections", slots.in_use_total(),
                               links.connections()));
    }
}

void Checkers::periodic() {
    for (const HostId host : living()) check_bans(host);
}

void Checkers::check_budgets(HostId host) {
    const auto& node = network_.node(host);
    const auto within = [&](std::string_view what, std::uint64_t is, std::uint64_t limit) {
        if (is > limit) fail(host, fmt::format("{}: {} of at most {}", what, is, limit));
    };
    const auto& config = node.config();
    const auto& chain_config = node.chain().config();
    within("pool bytes", node.pool().size_bytes(), chain_config.pool_bytes_max);
    const chain::CheckQueueConfig checks;
    within("unchecked bytes", node.relay().unchecked_bytes(),
           checks.bytes_max + checks.own_bytes_max);
    within("seen items", node.relay().tree().seen_items(), chain_config.gossip.seen_items_max);
    within("missing items", node.relay().tree().missing_items(),
           chain_config.gossip.missing_items_max);
    within("book entries", node.book().size(),
           config.book.entries_max + config.p2p.boot.size() + config.p2p.static_peers.size());
    within("receive windows", network_.world().node(host).links().stats().receive_bytes_reserved,
           config.p2p.receive_bytes_max);
}

/// A ban disconnects; its Goodbye may take a moment, so only the second look counts.
void Checkers::check_bans(HostId host) {
    auto& node = network_.node(host);
    std::set<NodeId> found;
    for (const auto& peer : node.peers()) {
        const Now now = network_.world().now_of(host);
        if (node.links().offences().find(now, peer.id) != nullptr) found.insert(peer.id);
    }
    for (const auto& id : found) {
        if (lives_[host].banned_and_up.contains(id)) {
            fail(host, "a banned peer is connected: " + id.short_string());
        }
    }
    lives_[host].banned_and_up = std::move(found);
}

std::vector<HostId> Checkers::living() const {
    std::vector<HostId> out;
    for (HostId host = 0; host < network_.size(); ++host) {
        if (honest_(host) && network_.world().up(host)) out.push_back(host);
    }
    return out;
}

void Checkers::connected() {
    const auto all = living();
    if (all.empty()) return;
    std::vector<bool> reached(network_.size());
    std::vector<HostId> open{all.front()};
    reached[all.front()] = true;
    std::size_t count = 0;
    while (!open.empty()) {
        const auto host = open.back();
        open.pop_back();
        ++count;
        for (const auto& id : lives_[host].up) {
            const auto peer = network_.host_of(id);
            if (!peer || reached[*peer]) continue;
            if (!honest_(*peer) || !network_.world().up(*peer)) continue;
            // Of a half-open link only one side knows.
            if (!lives_[*peer].up.contains(network_.id(host))) continue;
            reached[*peer] = true;
            open.push_back(*peer);
        }
    }
    if (count == all.size()) return;
    const auto lost = std::ranges::find_if(all, [&](HostId host) { return !reached[host]; });
    fail(*lost, fmt::format("the network is in parts: {} of {} hosts reach one another", count,
                            all.size()));
}

void Checkers::links_agree() {
    if (const auto dead = network_.world().dead_connections(honest_); dead > 0) {
        fail(0, fmt::format("{} links are dead, and still held", dead));
    }
    for (const HostId host : living()) {
        for (const auto& id : lives_[host].up) {
            const auto peer = network_.host_of(id);
            if (!peer || !honest_(*peer)) continue;
            if (network_.world().up(*peer) && lives_[*peer].up.contains(network_.id(host))) {
                continue;
            }
            fail(host, fmt::format("holds a link to host {}, which has none to it", *peer));
        }
    }
}

void Checkers::books() {
    const auto all = living();
    // Nobody dials light nodes.
    auto full = all;
    std::erase_if(full, [&](HostId host) {
        return transport::is_light(network_.node(host).config().network.roles);
    });
    std::vector<std::size_t> known(network_.size());
    const std::size_t enough = std::min<std::size_t>(8, (full.size() - 1) / 2);
    for (const HostId host : all) {
        std::size_t alive = 0;
        for (const HostId other : full) {
            const auto* entry = network_.node(host).book().find(network_.id(other));
            if (!entry || !entry->record) continue;
            ++alive;
            ++known[other];
        }
        if (alive < enough) {
            fail(host, fmt::format("its book holds {} living nodes, at least {} expected", alive,
                                   enough));
        }
    }
    for (const HostId host : full) {
        if (known[host] < std::min<std::size_t>(3, full.size() - 1)) {
            fail(host, fmt::format("only {} books hold its record", known[host]));
        }
    }
}

void Checkers::at_rest() {
    for (const HostId host : living()) {
        const auto& node = network_.node(host);
        if (const auto bytes = node.relay().unchecked_bytes(); bytes > 0) {
            fail(host, fmt::format("{} bytes of transactions still wait for a check", bytes));
        }
        if (const auto items = node.relay().tree().missing_items(); items > 0) {
            fail(host, fmt::format("{} announced transactions are still missing", items));
        }
    }
}

}  // namespace parley::sim
