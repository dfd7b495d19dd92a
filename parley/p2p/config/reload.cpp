#include <parley/p2p/config/reload.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace parley::p2p {

namespace {

constexpr std::array taken =
    std::to_array<std::string_view>({"p2p.static_peers", "p2p.trusted", "permissions.enabled",
                                     "permissions.allow", "permissions.private", "log.level"});

void take(Config& into, const Config& read) {
    into.p2p.static_peers = read.p2p.static_peers;
    into.p2p.trusted = read.p2p.trusted;
    into.permissions.enabled = read.permissions.enabled;
    into.permissions.allow = read.permissions.allow;
    into.permissions.private_peers = read.permissions.private_peers;
    into.log.level = read.log.level;
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
