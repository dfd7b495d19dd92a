#include <parley/transport/switch/slots.hpp>

#include <parley/base/mutation.hpp>

#include <algorithm>
#include <cassert>

namespace parley::transport {

namespace {

SlotKind kind_of(SlotClass slot_class, SlotKind ordinary) {
    switch (slot_class) {
        case SlotClass::ordinary:
            return ordinary;
        case SlotClass::static_peer:
            return SlotKind::static_peer;
        case SlotClass::trusted:
            return SlotKind::trusted;
        case SlotClass::feeler:
            return SlotKind::feeler;
    }
    return ordinary;
}

std::size_t links_of(const std::map<NetworkGroup, std::size_t>& groups, const NetworkGroup& group) {
    const auto found = groups.find(group);
    return found == groups.end() ? 0 : found->second;
}

bool counts_outbound_group(SlotClass slot_class, const IpAddress& address) {
    return slot_class == SlotClass::ordinary && !is_exempt_from_group_limits(address);
}

}  // namespace

std::string_view name(SlotKind kind) {
    switch (kind) {
        case SlotKind::handshake_in:
            return "handshake_in";
        case SlotKind::turn_away:
            return "turn_away";
        case SlotKind::handshake_out:
            return "handshake_out";
        case SlotKind::inbound:
            return "inbound";
        case SlotKind::outbound:
            return "outbound";
        case SlotKind::static_peer:
            return "static";
        case SlotKind::trusted:
            return "trusted";
        case SlotKind::feeler:
            return "feeler";
    }
    return "unknown";
}

std::string_view name(SlotError error) {
    switch (error) {
        case SlotError::no_handshake:
            return "no handshake token";
        case SlotError::no_slot:
            return "no slot";
        case SlotError::group_taken:
            return "group taken";
        case SlotError::address_busy:
            return "address busy";
        case SlotError::too_often:
            return "too often";
    }
    return "unknown";
}

SlotToken::SlotToken(SlotToken&& other) noexcept
    : held_(std::exchange(other.held_, false)),
      kind_(other.kind_),
      reserved_(other.reserved_),
      counts_group_(other.counts_group_),
      address_(other.address_) {}

SlotToken& SlotToken::operator=(SlotToken&& other) noexcept {
    assert(!held_ && "a token was overwritten before it came back");
    held_ = std::exchange(other.held_, false);
    kind_ = other.kind_;
    reserved_ = other.reserved_;
    counts_group_ = other.counts_group_;
    address_ = other.address_;
    return *this;
}

SlotToken::~SlotToken() {
    assert(!held_ && "a token was lost");
}

Slots::Slots(const SlotLimits& limits, std::uint64_t salt)
    : limits_(limits),
      rates_(limits.addresses_max, salt),
      total_rate_(limits.total_rate.per_second, limits.total_rate.burst),
      exempt_total_rate_(limits.exempt_total_rate.per_second, limits.exempt_total_rate.burst) {
    limit_[index(SlotKind::handshake_in)] = limits.handshake_in_max;
    limit_[index(SlotKind::turn_away)] = limits.turn_away_max;
    limit_[index(SlotKind::handshake_out)] = limits.handshake_out_max;
    limit_[index(SlotKind::inbound)] = limits.inbound_max;
    limit_[index(SlotKind::outbound)] = limits.outbound_max;
    limit_[index(SlotKind::static_peer)] = limits.static_max;
    limit_[index(SlotKind::trusted)] = limits.trusted_max;
    limit_[index(SlotKind::feeler)] = limits.feeler_max;
}

Slots::AddressKey Slots::key_of(const NetworkGroup& group) {
    AddressKey key{};
    key[0] = group.v4 ? std::byte{4} : std::byte{6};
    key[1] = std::byte{group.bits};
    std::copy(group.prefix.begin(), group.prefix.end(), key.begin() + 2);
    return key;
}

bool Slots::within_rate(Instant now, const IpAddress& from) {
    const bool exempt = is_exempt_from_group_limits(from);
    const AddressKey key = key_of(exact_group(from));
    TokenBucket* bucket = rates_.find(key);
    if (bucket == nullptr) {
        const RateLimit& rate = exempt ? limits_.exempt_address_rate : limits_.address_rate;
        rates_.insert(key, TokenBucket{rate.per_second, rate.burst});
        bucket = rates_.find(key);
    }
    // The address pays first, so that one address alone cannot use up what all share.
    if (bucket != nullptr && !bucket->take(now)) return false;
    return (exempt ? exempt_total_rate_ : total_rate_).take(now);
}

bool Slots::inbound_group_free(const IpAddress& from) const {
    if (is_exempt_from_group_limits(from)) return true;
    return links_of(inbound_by_group_, inbound_group(from)) < limits_.inbound_per_group_max &&
           links_of(inbound_by_wide_group_, outbound_group(from)) < inbound_wide_group_max();
}

std::size_t Slots::inbound_wide_group_max() const {
    const std::size_t part = std::max<std::size_t>(limits_.inbound_wide_group_part, 1);
    return std::max(limits_.inbound_per_group_max, limits_.inbound_max / part);
}

bool Slots::outbound_group_free(const IpAddress& to) const {
    if (is_exempt_from_group_limits(to)) return true;
    return links_of(outbound_by_group_, outbound_group(to)) < limits_.outbound_per_group_max;
}

void Slots::take(SlotKind kind) {
    ++changes_;
    ++in_use_[index(kind)];
    assert(in_use(kind) + reserved(kind) <= limit(kind));
}

void Slots::count_group(std::map<NetworkGroup, std::size_t>& groups, const NetworkGroup& group) {
    ++groups[group];
}

void Slots::uncount(std::map<NetworkGroup, std::size_t>& groups, const NetworkGroup& group) {
    const auto found = groups.find(group);
    assert(found != groups.end());
    if (found == groups.end()) return;
    if (--found->second == 0) groups.erase(found);
}

Result<SlotToken, SlotError> Slots::accept(Instant now, const IpAddress& from) {
    const NetworkGroup address = exact_group(from);
    const auto busy = handshakes_by_address_.find(address);
    const std::size_t busy_max = is_exempt_from_group_limits(from)
                                     ? limits_.handshake_per_exempt_address_max
                                     : limits_.handshake_per_address_max;
    if (!within_rate(now, from)) return std::unexpected{SlotError::too_often};
    if (busy != handshakes_by_address_.end() && busy->second >= busy_max) {
        return std::unexpected{SlotError::address_busy};
    }
    if (busy_max == 0) return std::unexpected{SlotError::address_busy};
    const bool room = free(SlotKind::inbound) > 0 && inbound_group_free(from);
    const SlotKind kind = room ? SlotKind::handshake_in : SlotKind::turn_away;
    if (free(kind) == 0) return std::unexpected{SlotError::no_handshake};
    take(kind);
    count_group(handshakes_by_address_, address);
    return SlotToken{kind, from};
}

Result<SlotToken, SlotError> Slots::dial(const IpAddress& to, SlotClass slot_class) {
    const SlotKind wanted = kind_of(slot_class, SlotKind::outbound);
    if (free(SlotKind::handshake_out) == 0) return std::unexpected{SlotError::no_handshake};
    if (free(wanted) == 0) return std::unexpected{SlotError::no_slot};
    const bool counts = counts_outbound_group(slot_class, to);
    if (counts && !outbound_group_free(to)) return std::unexpected{SlotError::group_taken};
    ++reserved_[index(wanted)];
    take(SlotKind::handshake_out);
    if (counts) count_group(outbound_by_group_, outbound_group(to));
    SlotToken token{SlotKind::handshake_out, to};
    token.reserved_ = wanted;
    token.counts_group_ = counts;
    return token;
}

void Slots::leave_handshake(const SlotToken& token) {
    --in_use_[index(token.kind_)];
    if (token.kind_ == SlotKind::handshake_out) {
        --reserved_[index(token.reserved_)];
    } else {
        uncount(handshakes_by_address_, exact_group(token.address_));
    }
}

Result<void, SlotError> Slots::promote(SlotToken& token, SlotClass slot_class) {
    assert(token.held_ && token.in_handshake());
    if (token.kind_ == SlotKind::handshake_out) {
        leave_handshake(token);
        token.kind_ = token.reserved_;
        take(token.kind_);
        return {};
    }
    const SlotKind wanted = kind_of(slot_class, SlotKind::inbound);
    const bool counts = wanted == SlotKind::inbound && !is_exempt_from_group_limits(token.address_);
    if (counts && !inbound_group_free(token.address_)) {
        return std::unexpected{SlotError::group_taken};
    }
    if (free(wanted) == 0) return std::unexpected{SlotError::no_slot};
    leave_handshake(token);
    token.kind_ = wanted;
    token.counts_group_ = counts;
    take(wanted);
    if (counts) {
        count_group(inbound_by_group_, inbound_group(token.address_));
        count_group(inbound_by_wide_group_, outbound_group(token.address_));
    }
    return {};
}

void Slots::give_back(SlotToken& token) {
    if (!token.held_) return;
    ++changes_;
    if (mutated(Mutation::token_not_returned) && !token.in_handshake()) {
        token.held_ = false;
        return;
    }
    if (token.in_handshake()) {
        leave_handshake(token);
    } else {
        assert(in_use(token.kind_) > 0);
        --in_use_[index(token.kind_)];
    }
    if (token.counts_group_) {
        if (token.kind_ == SlotKind::inbound) {
            uncount(inbound_by_group_, inbound_group(token.address_));
            uncount(inbound_by_wide_group_, outbound_group(token.address_));
        } else {
            uncount(outbound_by_group_, outbound_group(token.address_));
        }
    }
    token.held_ = false;
}

std::size_t Slots::in_use_total() const {
    std::size_t total = 0;
    for (const std::size_t count : in_use_) total += count;
    return total;
}

bool Slots::consistent() const {
    std::size_t reserved_total = 0;
    for (std::size_t i = 0; i < slot_kinds; ++i) {
        if (in_use_[i] + reserved_[i] > limit_[i]) return false;
        reserved_total += reserved_[i];
    }
    if (reserved_total != in_use(SlotKind::handshake_out)) return false;
    std::size_t handshakes = 0;
    for (const auto& [group, count] : handshakes_by_address_) {
        const std::size_t most =
            std::max(limits_.handshake_per_address_max, limits_.handshake_per_exempt_address_max);
        if (count == 0 || count > most) return false;
        handshakes += count;
    }
    if (handshakes != in_use(SlotKind::handshake_in) + in_use(SlotKind::turn_away)) return false;
    std::size_t outbound = 0;
    for (const auto& [group, count] : outbound_by_group_) {
        if (count == 0 || count > limits_.outbound_per_group_max) return false;
        outbound += count;
    }
    if (outbound > in_use(SlotKind::outbound) + reserved(SlotKind::outbound)) return false;
    std::size_t inbound = 0;
    for (const auto& [group, count] : inbound_by_group_) {
        if (count == 0 || count > limits_.inbound_per_group_max) return false;
        inbound += count;
    }
    std::size_t inbound_wide = 0;
    for (const auto& [group, count] : inbound_by_wide_group_) {
        if (count == 0 || count > inbound_wide_group_max()) return false;
        inbound_wide += count;
    }
    if (inbound_wide != inbound) return false;
    return inbound <= in_use(SlotKind::inbound);
}

}  // namespace parley::transport
