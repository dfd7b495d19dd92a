#include <parley/chain/light/trust.hpp>

#include <parley/chain/consensus/qbft/seals.hpp>
#include <parley/chain/types/header_time.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace parley::chain::light {
namespace {

std::unexpected<TrustError> refuse_trust(TrustErrc code, std::uint64_t expected,
                                         std::uint64_t actual) {
    return std::unexpected{TrustError{code, expected, actual}};
}

/// At most the highest number.
std::uint64_t after_blocks(std::uint64_t time_s, std::uint64_t blocks, std::uint64_t period_s) {
    constexpr auto highest = std::numeric_limits<std::uint64_t>::max();
    if (period_s > 0 && blocks > (highest - time_s) / period_s) return highest;
    return time_s + blocks * period_s;
}

}  // namespace

std::string message(const TrustError& error) {
    switch (error.code) {
        case TrustErrc::invalid:
            return "invalid: " + error.reason;
        case TrustErrc::not_above:
            return fmt::format("number: expected above {}, got {}", error.expected, error.actual);
        case TrustErrc::not_later:
            return fmt::format("time: expected at least {}, got {}", error.expected, error.actual);
        case TrustErrc::ahead:
            return fmt::format("time: expected at most {}, got {}", error.expected, error.actual);
        case TrustErrc::expired:
            return fmt::format("the trusted header vouched until {}, and it is {}", error.expected,
                               error.actual);
        case TrustErrc::too_little:
            return fmt::format("sealed by {} of the trusted validators, expected at least {}",
                               error.actual, error.expected);
        case TrustErrc::other_parent:
            return "its parent is not the trusted header";
    }
    std::unreachable();
}

Result<Trust::Sealed, TrustError> Trust::check_sealed(Header header) const {
    const auto refuse = [](const EngineError& why) {
        return std::unexpected{TrustError{.code = TrustErrc::invalid, .reason = why.reason}};
    };
    auto extra = engine_->check_alone(header);
    if (!extra) return refuse(extra.error());
    qbft::Validators validators{extra->validators};
    auto sealers = qbft::check_seals(header, *extra, engine_->config().form, validators);
    if (!sealers) return refuse(sealers.error());
    const auto hash = engine_->hash_of(header);
    return Sealed{{std::move(header), hash, std::move(validators)}, std::move(*sealers)};
}

TrustedHeader Trust::take(Header header, const Hash256& hash) const {
    auto validators = engine_->validators_of(header);
    return {std::move(header), hash, std::move(validators)};
}

Result<TrustedHeader, TrustError> Trust::check_alone(Header header) const {
    auto sealed = check_sealed(std::move(header));
    if (!sealed) return std::unexpected{std::move(sealed.error())};
    return std::move(sealed->header);
}

bool Trust::is_expired(const Header& header, UnixTime now) const {
    const auto until = header.timestamp + static_cast<std::uint64_t>(config_.period.count());
    return header_time(now) >= until;
}

Result<TrustedHeader, TrustError> Trust::check(const TrustedHeader& trusted, Header header,
                                               UnixTime now) const {
    const auto now_s = header_time(now);
    const auto& last = trusted.header;
    if (header.number <= last.number) {
        return refuse_trust(TrustErrc::not_above, last.number, header.number);
    }
    if (is_expired(last, now)) {
        const auto until = last.timestamp + static_cast<std::uint64_t>(config_.period.count());
        return refuse_trust(TrustErrc::expired, until, now_s);
    }
    // Each block between the two took its time.
    const auto distance = header.number - last.number;
    const auto earliest = after_blocks(last.timestamp, distance, engine_->config().period_s);
    if (header.timestamp < earliest) {
        return refuse_trust(TrustErrc::not_later, earliest, header.timestamp);
    }
    if (const auto late = check_time(header, now); !late) return std::unexpected{late.error()};
    if (distance == 1 && header.parent_hash != trusted.hash) {
        return refuse_trust(TrustErrc::other_parent, 0, 0);
    }
    return check_beside(trusted, std::move(header));
}

Result<void, TrustError> Trust::check_time(const Header& header, UnixTime now) const {
    const auto latest = header_time(now) + static_cast<std::uint64_t>(config_.ahead_max.count());
    if (header.timestamp <= latest) return {};
    return refuse_trust(TrustErrc::ahead, latest, header.timestamp);
}

Result<TrustedHeader, TrustError> Trust::check_beside(const TrustedHeader& trusted,
                                                      Header header) const {
    auto sealed = check_sealed(std::move(header));
    if (!sealed) return std::unexpected{std::move(sealed.error())};
    const auto needed = trusted.validators.size() / 3 + 1;
    const auto there = static_cast<std::size_t>(std::ranges::count_if(
        sealed->sealers, [&](const Address& one) { return trusted.validators.contains(one); }));
    if (there < needed) return refuse_trust(TrustErrc::too_little, needed, there);
    return std::move(sealed->header);
}

}  // namespace parley::chain::light
