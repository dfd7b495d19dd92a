#include <parley/transport/switch/waste.hpp>

#include <algorithm>
#include <chrono>

namespace parley::transport {

namespace {

/// How long a share takes to pay for it.
Duration paid_in(Duration work, double share) {
    return std::chrono::duration_cast<Duration>(work / share);
}

}  // namespace

void WasteDebt::add(Instant now, Duration work, double share, const WasteConfig& config) {
    const Instant latest = now + config.wait_max + paid_in(config.burst, share);
    paid_ = std::min(std::max(paid_, now) + paid_in(work, share), latest);
}

Instant WasteDebt::due(double share, Duration burst) const {
    return paid_ - paid_in(burst, share);
}

Waste::Waste(const WasteConfig& config, std::size_t inbound_max, std::uint64_t salt)
    : config_(config),
      link_share_(std::min(
          config.link_share,
          config.inbound_share / static_cast<double>(std::max<std::size_t>(inbound_max, 1)))),
      addresses_(config.addresses_max, salt),
      groups_(config.addresses_max, ~salt) {}

Instant Waste::add(Instant now, const IpAddress& address, Duration work) {
    if (is_exempt_from_group_limits(address)) return Instant::min();
    WasteDebt& exact = addresses_.find_or_insert(key_of(exact_group(address)));
    WasteDebt& near = groups_.find_or_insert(key_of(inbound_group(address)));
    exact.add(now, work, config_.address_share, config_);
    near.add(now, work, config_.group_share, config_);
    return std::max(exact.due(config_.address_share, config_.burst),
                    near.due(config_.group_share, config_.burst));
}

Instant Waste::note(Instant now, const IpAddress& address, WasteDebt& link, Duration work) {
    link.add(now, work, link_share_, config_);
    const bool burst = add(now, address, work) <= now;
    return link.due(link_share_, burst ? config_.burst : Duration{});
}

void Waste::note_offence(Instant now, const IpAddress& address, double price) {
    add(now, address, std::chrono::duration_cast<Duration>(config_.offence_point * price));
}

bool Waste::turns_away(Instant now, const IpAddress& address) const {
    const WasteDebt* exact = addresses_.peek(key_of(exact_group(address)));
    const WasteDebt* near = groups_.peek(key_of(inbound_group(address)));
    const Instant later = now + config_.turned_away;
    return (exact && exact->due(config_.address_share, config_.burst) > later) ||
           (near && near->due(config_.group_share, config_.burst) > later);
}

}  // namespace parley::transport
