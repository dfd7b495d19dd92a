// Who may be linked with this node, and whom it tells of.
#include <parley/node/node.hpp>

namespace parley::node {

Result<void, StoreError> Node::load_permissions() {
    const auto loaded = permissions_.load(store_);
    if (!loaded) return std::unexpected{loaded.error()};
    if (permissions_.enabled()) {
        log_.write(LogLevel::info, "node", "permissioned network",
                   {{"allowed", permissions_.allowed().size()},
                    {"changed while running", loaded->loaded},
                    {"corrupt", loaded->corrupt}});
        for (const auto& target : config_.p2p.static_peers) {
            if (permissions_.allows(target.id)) continue;
            log_.write(LogLevel::warn, "node", "a static peer is not on the allow-list",
                       {{"id", target.id.to_string()}});
        }
    }
    return {};
}

void Node::apply_permissions() {
    if (permissions_.enabled()) {
        switch_->set_allowed([this](const NodeId& id) { return permissions_.allows(id); });
    }
    for (const auto& id : config_.permissions.private_peers) book_->set_secret(id, true);
    renew_dialed();
}

/// The engine looks again whom it may dial.
void Node::renew_dialed() {
    const bool private_only = config_.permissions.private_only;
    if (!permissions_.enabled() && !private_only) return;
    engine_->set_allowed([this, private_only](const NodeId& id) {
        return permissions_.allows(id) && (!private_only || engine_->scheduler().is_static(id));
    });
}

Permissions::Outcome Node::allow(Now now, const NodeId& id) {
    now_ = now;
    const auto outcome = permissions_.set(id, true);
    if (outcome != Permissions::Outcome::changed) return outcome;
    log_.write(LogLevel::info, "node", "allowed", {{"id", id.to_string()}});
    renew_dialed();
    return outcome;
}

Permissions::Outcome Node::disallow(Now now, const NodeId& id) {
    now_ = now;
    const auto outcome = permissions_.set(id, false);
    if (outcome != Permissions::Outcome::changed) return outcome;
    log_.write(LogLevel::info, "node", "no longer allowed", {{"id", id.to_string()}});
    if (permissions_.enabled()) {
        switch_->disconnect(now, id, transport::CloseReason::banned);
    }
    return outcome;
}

}  // namespace parley::node
