// What the owner changes about peers while the node runs.
#include <parley/node/node.hpp>

#include <algorithm>

namespace parley::node {

using transport::SlotClass;

/// The token that callers of this ID take. Trusted comes first: it lets in, static only dials.
void Node::renew_class(const NodeId& id) {
    if (trusted_.contains(id)) return switch_->set_class(id, SlotClass::trusted);
    const bool is_static = engine_->scheduler().is_static(id);
    switch_->set_class(id, is_static ? SlotClass::static_peer : SlotClass::ordinary);
}

bool Node::remove_peer(Now now, const NodeId& id) {
    now_ = now;
    const bool was_static = engine_->remove_static(id);
    renew_class(id);
    const auto links = switch_->peers();
    const bool linked = std::ranges::find(links, id, &transport::PeerInfo::id) != links.end();
    switch_->disconnect(now, id, transport::CloseReason::requested);
    return was_static || linked;
}

bool Node::trust(const NodeId& id) {
    if (!trusted_.contains(id) && trusted_.size() >= trusted_max) return false;
    trusted_.insert(id);
    renew_class(id);
    return true;
}

bool Node::untrust(const NodeId& id) {
    if (trusted_.erase(id) == 0) return false;
    renew_class(id);
    return true;
}

/// What it waits for is over: it may be dialed now.
void Node::end_wait(Now now, const NodeId& id) {
    const auto* entry = book_->find(id);
    if (entry == nullptr || entry->state != discovery::EntryState::waiting) return;
    book_->defer(now, id, 0s);
    hub_.publish(discovery::BookGrew{1});  // somebody to dial
}

bool Node::unban(Now now, const std::variant<NodeId, IpAddress>& who) {
    now_ = now;
    if (const auto* id = std::get_if<NodeId>(&who)) {
        end_wait(now, *id);
        return switch_->offences().unban(*id);
    }
    const auto& address = std::get<IpAddress>(who);
    const auto group = exact_group(address);
    std::vector<NodeId> there;
    for (std::size_t i = 0; i < book_->size(); ++i) {
        const auto& entry = book_->nth(i);
        if (exact_group(entry.endpoint().address) == group) there.push_back(entry.id);
    }
    for (const auto& id : there) end_wait(now, id);
    return switch_->offences().unban(address);
}

std::vector<transport::Ban> Node::bans(Now now) const {
    auto out = switch_->offences().bans();
    std::erase_if(out, [&](const transport::Ban& ban) { return ban.until <= now.unix_time; });
    return out;
}

}  // namespace parley::node
