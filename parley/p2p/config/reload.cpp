#include <parley/p2p/config/reload.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace parley::p2p {

namespace {

constexpr auto taken = std::to_array<std::string_view>(
    {"p2p.static_peers", "p2p.trusted", "p2p.upload_max", "p2p.download_max", "permissions.enabled",
     "permissions.allow", "permissions.private", "rpc.allowed_hosts", "rpc.allowed_origins",
     "rpc.body_bytes_max", "rpc.batch_max", "rpc.connections_max", "log.level", "log.bytes_max",
     "log.old_max"});

void take(Config& into, const Config& read) {
    into.p2p.static_peers = read.p2p.static_peers;
    into.p2p.trusted = read.p2p.trusted;
    into.p2p.upload_max = read.p2p.upload_max;
    into.p2p.download_max = read.p2p.download_max;
    into.permissions.enabled = read.permissions.enabled;
    into.permissions.allow = read.permissions.allow;
    into.permissions.private_peers = read.permissions.private_peers;
    into.rpc.allowed_hosts = read.rpc.allowed_hosts;
    into.rpc.allowed_origins = read.rpc.allowed_origins;
    into.rpc.body_bytes_max = read.rpc.body_bytes_max;
    into.rpc.batch_max = read.rpc.batch_max;
    into.rpc.connections_max = read.rpc.connections_max;
    into.log.level = read.log.level;
    into.log.bytes_max = read.log.bytes_max;
    into.log.old_max = read.log.old_max;
}

}  // namespace

ReloadPlan plan_reload(const Config& running, const Config& read) {
    ReloadPlan plan{.config = running, .changed = {}, .needs_restart = {}};
    Config before = running;
    Config after = read;
    const auto old_settings = settings_of(before);
    const auto new_settings = settings_of(after);
    for (std::size_t i = 0; i < old_settings.all().size(); ++i) {
        const auto& setting = old_settings.all()[i];
        if (setting.print() == new_settings.all()[i].print()) continue;
        auto name = setting.table + '.' + setting.key;
        const bool can_be = std::ranges::find(taken, name) != taken.end();
        (can_be ? plan.changed : plan.needs_restart).push_back(std::move(name));
    }
    take(plan.config, read);
    return plan;
}

}  // namespace parley::p2p
