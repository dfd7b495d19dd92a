#include <parley/nat/port_mapping.hpp>

#include <algorithm>
#include <utility>

namespace parley::nat {

namespace {

constexpr std::uint16_t other_port_min = 1024;

/// NAT-PMP knows no IPv6.
std::vector<MappingMethod> methods_of(MappingMode mode, bool v6) {
    using enum MappingMethod;
    switch (mode) {
        case MappingMode::off:
            return {};
        case MappingMode::pcp:
            return {pcp};
        case MappingMode::nat_pmp:
            return v6 ? std::vector<MappingMethod>{} : std::vector{nat_pmp};
        case MappingMode::upnp:
            return {upnp};
        case MappingMode::automatic:
            return v6 ? std::vector{pcp, upnp} : std::vector{pcp, nat_pmp, upnp};
    }
    return {};
}

}  // namespace

PortMapping::PortMapping(PortMappingConfig config, Rng rng)
    : config_(config),
      rng_(rng),
      methods_(methods_of(config.mode, config.v6)),
      outside_port_(config.port),
      retry_(config.retry_first) {
    status_.mode = config.mode;
    if (methods_.empty() || config.port == 0) ask_at_ = never;
}

std::optional<MappingRequest> PortMapping::next(Now now) {
    if (mapping_ && now.instant >= until_) forget();
    if (asking_) return std::nullopt;
    asking_ = next_udp();
    if (asking_) return asking_;
    if (stopping_) {
        if (!mapping_) return std::nullopt;
        asking_ = {mapping_->method, config_.port, mapping_->outside.port, 0s,
                   MappingAction::remove};
        return asking_;
    }
    if (now.instant >= ask_at_) {
        asking_ = {method(), config_.port, outside_port_, wanted_lifetime()};
    } else if (now.instant >= check_at_) {
        asking_ = {.method = mapping_->method,
                   .port = config_.port,
                   .outside_port = mapping_->outside.port,
                   .action = MappingAction::check};
    }
    return asking_;
}

/// One at another outside port than TCP's is taken back.
std::optional<MappingRequest> PortMapping::next_udp() const {
    if (!mapping_) return std::nullopt;
    MappingRequest out{.method = mapping_->method,
                       .port = config_.port,
                       .outside_port = mapping_->outside.port,
                       .lifetime = wanted_lifetime(),
                       .protocol = MappingProtocol::udp};
    if (udp_port_ && (stopping_ || *udp_port_ != mapping_->outside.port)) {
        out.outside_port = *udp_port_;
        out.lifetime = 0s;
        out.action = MappingAction::remove;
        return out;
    }
    if (stopping_ || !udp_due_) return std::nullopt;
    return out;
}

std::chrono::seconds PortMapping::wanted_lifetime() const {
    const bool for_ever = permanent_ && method() == MappingMethod::upnp;
    return for_ever ? 0s : config_.lifetime;
}

Duration PortMapping::renew_after(std::chrono::seconds lifetime) const {
    // One for ever ends as well, when the router is started again.
    if (lifetime <= 0s) return config_.renew_max;
    return std::clamp<Duration>(lifetime / 2, config_.renew_min, config_.renew_max);
}

void PortMapping::forget() {
    mapping_.reset();
    until_ = never;
    check_at_ = never;
    udp_due_ = false;
    udp_port_.reset();
    status_.mapping.reset();
    status_.udp = false;
    status_.udp_why.reset();
}

void PortMapping::on_result(Now now, const MappingResult& result) {
    if (!asking_) return;
    const auto asked = *std::exchange(asking_, std::nullopt);
    const bool udp = asked.protocol == MappingProtocol::udp;
    const bool remove = asked.action == MappingAction::remove;
    const bool lost = result && result->epoch && clock_.on_epoch(now, asked.method, *result->epoch);
    if (remove && udp) {  // or it could not be: once is enough
        udp_port_.reset();
    } else if (remove) {
        forget();
    } else if (asked.action == MappingAction::check) {
        on_checked(now, result);
    } else if (udp) {
        on_udp_mapped(now, result);
    } else if (!result) {
        on_failure(now, result.error());
    } else if (result->outside.address.is_v4() == config_.v6 ||
               result->outside.address.is_unspecified() || result->outside.port == 0) {
        on_failure(now, {MappingErrc::bad_answer,
                         "the router says it is at " + result->outside.to_string()});
    } else {
        return on_mapped(now, *result);  // what was lost is there again
    }
    if (lost) ask_at_ = now.instant;
}

void PortMapping::on_mapped(Now now, const Mapping& mapping) {
    mapping_ = mapping;
    status_.mapping = mapping;
    status_.why.reset();
    outside_port_ = mapping.outside.port;
    tried_ = 0;
    in_vain_.clear();
    other_ports_ = 0;
    retry_ = config_.retry_first;
    udp_due_ = config_.udp;
    status_.udp = status_.udp && udp_port_ == mapping.outside.port;
    const Duration renew = renew_after(mapping.lifetime);
    ask_at_ = now.instant + renew;
    check_at_ =
        mapping.epoch ? now.instant + rng_.jitter(config_.check_every, config_.jitter) : never;
    // Not to be lost in the minute after its end when the router counts in less.
    until_ = mapping.lifetime <= 0s
                 ? never
                 : now.instant +
                       std::clamp<Duration>(mapping.lifetime, 2 * renew, 2 * config_.renew_max);
}

/// A failure stands until TCP is renewed.
void PortMapping::on_udp_mapped(Now now, const MappingResult& result) {
    if (!mapping_) return;
    udp_due_ = false;
    status_.udp = false;
    if (!result) {
        status_.udp_why = result.error();
        return;
    }
    udp_port_ = result->outside.port;
    if (udp_port_ != mapping_->outside.port) {
        status_.udp_why =
            MappingError{MappingErrc::port_taken,
                         "the router gives UDP port " + std::to_string(*udp_port_) +
                             ", and TCP port " + std::to_string(mapping_->outside.port)};
        return;
    }
    status_.udp = true;
    status_.udp_why.reset();
    ask_at_ = std::min(ask_at_, now.instant + renew_after(result->lifetime));
}

/// A router that does not answer may just be starting; its renewal tells.
void PortMapping::on_checked(Now now, const MappingResult& result) {
    if (!mapping_) return;
    check_at_ = now.instant + rng_.jitter(config_.check_every, config_.jitter);
    if (!result || result->outside.address.is_unspecified()) return;
    if (result->outside.address != mapping_->outside.address) ask_at_ = now.instant;
}

void PortMapping::on_failure(Now now, const MappingError& error) {
    ask_at_ = now.instant;
    if (error.code == MappingErrc::permanent_only && !permanent_) {
        permanent_ = true;
        return;
    }
    if (error.code == MappingErrc::port_taken && other_ports_ < config_.other_ports_max) {
        ++other_ports_;
        outside_port_ =
            static_cast<std::uint16_t>(other_port_min + rng_.below(65'536 - other_port_min));
        return;
    }
    if (!in_vain_.empty()) in_vain_ += "; ";
    if (methods_.size() > 1) in_vain_.append(name(method())).append(": ");
    in_vain_ += error.why;
    at_ = (at_ + 1) % methods_.size();
    if (++tried_ < methods_.size()) return;
    status_.why = MappingError{error.code, std::exchange(in_vain_, {})};
    tried_ = 0;
    other_ports_ = 0;
    outside_port_ = mapping_ ? mapping_->outside.port : config_.port;
    permanent_ = false;  // the next router may be another one
    ask_at_ = now.instant + rng_.jitter(retry_, config_.jitter);
    retry_ = std::min(2 * retry_, config_.retry_max);
}

Instant PortMapping::next_wakeup() const {
    if (asking_) return until_;
    if (next_udp()) return Instant::min();
    if (stopping_) return mapping_ ? Instant::min() : never;
    return std::min({ask_at_, check_at_, until_});
}

}  // namespace parley::nat
