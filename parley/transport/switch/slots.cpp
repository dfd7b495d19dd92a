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
        case SlotClass::light:
            return SlotKind::light;
    }
    return ordinary;
}

template <class Group>
std::size_t links_of(const std::map<Group, std::size_t>& groups, const Group& group) {
    const auto found = groups.find(group);
    return found == groups.end() ? 0 : found->second;
}

template <class Group>
void uncount(std::map<Group, std::size_t>& groups, const Group& group) {
    const auto found = groups.find(group);
    assert(found != groups.end());
    if (found == groups.end()) return;
    if (--found->second == 0) groups.erase(found);
}

/// That part of all, or what one of the next smaller size may have if that is more.
std::size_t share_of(std::size_t all, std::size_t part, std::size_t least) {
    return std::max(least, all / std::max<std::size_t>(part, 1));
}

bool counts_inbound_group(SlotKind kind) {
    return kind == SlotKind::inbound || kind == SlotKind::light;
}

bool counts_outbound_group(SlotClass slot_class, const IpAddress& address) {
    return slot_class == SlotClass::ordinary && !is_exempt_from_group_limits(address);
}

}  // namespace

std::string_view name(SlotKind kind) {
    switch (kind) {
        case SlotKind::handshake_in:
            return "handshake_in";
        case SlotKind::giving_way:
            return "giving_way";
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
        case SlotKind::light:
            return "light";
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

Slots::Slots(const SlotLimits& limits) : limits_(limits) {
    limit_[index(SlotKind::handshake_in)] = limits.handshake_in_max;
    limit_[index(SlotKind::giving_way)] = limits.giving_way_max;
    limit_[index(SlotKind::handshake_out)] = limits.handshake_out_max;
    limit_[index(SlotKind::inbound)] = limits.inbound_max;
    limit_[index(SlotKind::outbound)] = limits.outbound_max;
    limit_[index(SlotKind::static_peer)] = limits.static_max;
    limit_[index(SlotKind::trusted)] = limits.trusted_max;
    limit_[index(SlotKind::feeler)] = limits.feeler_max;
    limit_[index(SlotKind::light)] = limits.light_max;
}

bool Slots::inbound_group_free(const IpAddress& from) const {
    if (is_exempt_from_group_limits(from)) return true;
    return links_of(inbound_by_group_, inbound_group(from)) < limits_.inbound_per_group_max &&
           links_of(inbound_by_wide_group_, outbound_group(from)) < inbound_wide_group_max();
}

std::size_t Slots::inbound_wide_group_max() const {
    return share_of(limits_.inbound_max, limits_.inbound_wide_group_part,
                    limits_.inbound_per_group_max);
}

bool Slots::outbound_group_free(const IpAddress& to) const {
    if (is_exempt_from_group_limits(to)) return true;
    return links_of(outbound_by_group_, limits_.owners.of(to)) < limits_.outbound_per_group_max;
}

void Slots::take(SlotKind kind) {
    ++changes_;
    ++in_use_[index(kind)];
    assert(in_use(kind) + reserved(kind) <= limit(kind));
}

bool Slots::has_handshakes_left(const IpAddress& from) const {
    const auto is_below = [&](const NetworkGroup& group, std::size_t most) {
        return links_of(handshakes_by_group_, group) < most;
    };
    if (is_exempt_from_group_limits(from)) {
        return is_below(exact_group(from), limits_.handshake_per_exempt_address_max);
    }
    const auto address_max = limits_.handshake_per_address_max;
    const auto part_of_all = [&](std::size_t part) {
        return share_of(limits_.handshake_in_max, part, address_max);
    };
    return is_below(exact_group(from), address_max) &&
           is_below(inbound_group(from), part_of_all(limits_.handshake_group_part)) &&
           is_below(outbound_group(from), part_of_all(limits_.handshake_wide_group_part));
}

void Slots::count_handshake(const IpAddress& from) {
    ++handshakes_by_group_[exact_group(from)];
    if (is_exempt_from_group_limits(from)) return;
    ++handshakes_by_group_[inbound_group(from)];
    ++handshakes_by_group_[outbound_group(from)];
}

void Slots::uncount_handshake(const IpAddress& from) {
    uncount(handshakes_by_group_, exact_group(from));
    if (is_exempt_from_group_limits(from)) return;
    uncount(handshakes_by_group_, inbound_group(from));
    uncount(handshakes_by_group_, outbound_group(from));
}

Result<SlotToken, SlotError> Slots::accept(const IpAddress& from) {
    if (!has_handshakes_left(from)) return std::unexpected{SlotError::address_busy};
    if (free(SlotKind::handshake_in) == 0) return std::unexpected{SlotError::no_handshake};
    take(SlotKind::handshake_in);
    count_handshake(from);
    return SlotToken{SlotKind::handshake_in, from};
}

bool Slots::give_way(SlotToken& token) {
    assert(token.held_ && token.kind_ == SlotKind::handshake_in);
    if (free(SlotKind::giving_way) == 0) return false;
    leave_handshake(token);
    token.kind_ = SlotKind::giving_way;
    take(SlotKind::giving_way);
    return true;
}

Result<SlotToken, SlotError> Slots::dial(const IpAddress& to, SlotClass slot_class) {
    const SlotKind wanted = kind_of(slot_class, SlotKind::outbound);
    if (free(SlotKind::handshake_out) == 0) return std::unexpected{SlotError::no_handshake};
    if (free(wanted) == 0) return std::unexpected{SlotError::no_slot};
    const bool counts = counts_outbound_group(slot_class, to);
    if (counts && !outbound_group_free(to)) return std::unexpected{SlotError::group_taken};
    ++reserved_[index(wanted)];
    take(SlotKind::handshake_out);
    if (counts) ++outbound_by_group_[limits_.owners.of(to)];
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
        uncount_handshake(token.address_);
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
    const bool counts =
        counts_inbound_group(wanted) && !is_exempt_from_group_limits(token.address_);
    if (counts && !inbound_group_free(token.address_)) {
        return std::unexpected{SlotError::group_taken};
    }
    if (free(wanted) == 0) return std::unexpected{SlotError::no_slot};
    leave_handshake(token);
    token.kind_ = wanted;
    token.counts_group_ = counts;
    take(wanted);
    if (counts) {
        ++inbound_by_group_[inbound_group(token.address_)];
        ++inbound_by_wide_group_[outbound_group(token.address_)];
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
        if (counts_inbound_group(token.kind_)) {
            uncount(inbound_by_group_, inbound_group(token.address_));
            uncount(inbound_by_wide_group_, outbound_group(token.address_));
        } else {
            uncount(outbound_by_group_, limits_.owners.of(token.address_));
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
    for (const auto& [group, count] : handshakes_by_group_) {
        const bool exact = group.bits == (group.v4 ? 32 : 64);
        const std::size_t most = exact ? std::max(limits_.handshake_per_address_max,
                                                  limits_.handshake_per_exempt_address_max)
                                       : limits_.handshake_in_max;
        if (count == 0 || count > most) return false;
        if (exact) handshakes += count;
    }
    if (handshakes != in_use(SlotKind::handshake_in)) return false;
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
    return inbound <= in_use(SlotKind::inbound) + in_use(SlotKind::light);
}

}  // namespace parley::transport
