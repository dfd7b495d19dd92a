// Slots: the one authority over connections. Every connection holds exactly one token, from
// accept or dial to its end; no limit is exceeded, not even for a moment.
//
// An accept or a dial takes a handshake token. When the other side has proven its ID, promote()
// swaps it, in one step, for a token of its class, and that same token comes back at the end.
// A dial reserves its place in its class (and in its network group) at once, so that a dial that
// succeeds is never turned away by its own side. Handshake tokens are many more than slots, so that
// strangers that stall in them cost little; a caller that gives way to another one keeps a token of
// its own until it has ended.
// Threading: the node's thread.
#pragma once

#include <parley/base/result.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/owner_group.hpp>
#include <parley/transport/types.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace parley::transport {

/// What a token stands for.
enum class SlotKind : std::uint8_t {
    handshake_in,   ///< an accepted connection, not yet proven
    giving_way,     ///< the same, told to go because others need its token
    handshake_out,  ///< a dial, not yet proven
    inbound,
    outbound,
    static_peer,  ///< either direction
    trusted,      ///< either direction
    feeler,
    light,  ///< inbound
};
inline constexpr std::array all_slot_kinds{
    SlotKind::handshake_in, SlotKind::giving_way, SlotKind::handshake_out,
    SlotKind::inbound,      SlotKind::outbound,   SlotKind::static_peer,
    SlotKind::trusted,      SlotKind::feeler,     SlotKind::light};
inline constexpr std::size_t slot_kinds = all_slot_kinds.size();
/// "handshake_in".
std::string_view name(SlotKind kind);

/// Tokens of each kind, and what one address or network group may take of them.
struct SlotLimits {
    std::size_t handshake_in_max = 256;
    std::size_t handshake_out_max = 16;
    std::size_t giving_way_max = 64;
    std::size_t inbound_max = 40;
    std::size_t outbound_max = 10;
    std::size_t static_max = 32;
    std::size_t trusted_max = 32;
    std::size_t feeler_max = 2;
    std::size_t light_max = 0;
    /// Links that may be up at a time, of all kinds.
    std::size_t links() const {
        return inbound_max + outbound_max + static_max + trusted_max + feeler_max + light_max;
    }

    /// Inbound handshakes at a time from one exact address (IPv6: /64).
    std::size_t handshake_per_address_max = 4;
    /// The same for loopback and private ranges.
    std::size_t handshake_per_exempt_address_max = 32;
    /// From one /24 (IPv6: /48), and from one /16 (/32), no more than this part of
    /// handshake_in_max, or what one address may have if that is more.
    std::size_t handshake_group_part = 16;
    std::size_t handshake_wide_group_part = 4;
    /// Ordinary outbound links (and dials) to one owner.
    std::size_t outbound_per_group_max = 1;
    OwnerGroups owners{};  ///< who that is
    /// Ordinary inbound links, and those of light nodes, from one /24 (IPv6: /48).
    std::size_t inbound_per_group_max = 4;
    /// From one /16 (IPv6: /32) no more than this part of inbound_max, or inbound_per_group_max if
    /// that is more: addresses of many /24 are cheap where one owner holds the /16.
    std::size_t inbound_wide_group_part = 4;  ///< a quarter
};

/// Why there is no token.
enum class SlotError : std::uint8_t {
    no_handshake,  ///< all handshake tokens are out
    no_slot,       ///< the class is full
    group_taken,   ///< the network group has its links
    address_busy,  ///< too many handshakes at a time from that address or its group
    too_often,     ///< over a rate limit (CallerRates), or of an address that wastes (Waste)
};
/// In words, such as "no slot".
std::string_view name(SlotError error);

/// One connection's right to exist. Move-only; must be given back before it is destroyed
/// (asserted). An empty token stands for nothing.
class SlotToken {
public:
    SlotToken() = default;
    SlotToken(SlotToken&& other) noexcept;
    SlotToken& operator=(SlotToken&& other) noexcept;
    ~SlotToken();

    explicit operator bool() const { return held_; }
    SlotKind kind() const { return kind_; }
    bool in_handshake() const {
        return kind_ == SlotKind::handshake_in || kind_ == SlotKind::handshake_out;
    }

private:
    friend class Slots;
    SlotToken(SlotKind kind, const IpAddress& address)
        : held_(true), kind_(kind), address_(address) {}

    bool held_ = false;
    SlotKind kind_ = SlotKind::handshake_in;
    SlotKind reserved_ = SlotKind::outbound;  ///< handshake_out: the class that waits for it
    bool counts_group_ = false;               ///< holds a place in its network group
    IpAddress address_;
};

/// All tokens of a node.
class Slots {
public:
    explicit Slots(const SlotLimits& limits);

    /// A caller at the door: a handshake_in token.
    Result<SlotToken, SlotError> accept(const IpAddress& from);
    /// The holder of a handshake_in token is told to go: its token becomes one of giving_way, and
    /// another caller can have its place. False, with nothing done, if too many are on their way.
    bool give_way(SlotToken& token);
    /// A handshake_out token, with a place in its class (and group, if ordinary) reserved.
    Result<SlotToken, SlotError> dial(const IpAddress& to, SlotClass slot_class);
    /// The swap. An inbound token becomes `inbound`, `static_peer` or `trusted` as the class
    /// says; an outbound one the class that it reserved (never fails). Failing leaves the token
    /// as it was. Precondition: `token.in_handshake()`.
    Result<void, SlotError> promote(SlotToken& token, SlotClass slot_class);
    /// The end of the connection; the token is empty afterwards. An empty token is ignored.
    void give_back(SlotToken& token);

    /// Tokens of a kind that are out.
    std::size_t in_use(SlotKind kind) const { return in_use_[index(kind)]; }
    /// Places in a class that dials under way have reserved.
    std::size_t reserved(SlotKind kind) const { return reserved_[index(kind)]; }
    /// The most tokens of a kind at a time.
    std::size_t limit(SlotKind kind) const { return limit_[index(kind)]; }
    /// What a dial of that class could still take.
    std::size_t free(SlotKind kind) const { return limit(kind) - in_use(kind) - reserved(kind); }
    /// All tokens that are out: the number of connections.
    std::size_t in_use_total() const;
    const SlotLimits& limits() const { return limits_; }
    /// Whether an ordinary dial to that address would find its network group free.
    bool outbound_group_free(const IpAddress& to) const;
    /// True when every count is within its limit and the parts agree with the whole. For tests.
    bool consistent() const;
    /// Grows with every token taken, swapped or given back: a checker need only look again then.
    std::uint64_t changes() const { return changes_; }

private:
    static std::size_t index(SlotKind kind) { return static_cast<std::size_t>(kind); }
    bool has_handshakes_left(const IpAddress& from) const;
    void count_handshake(const IpAddress& from);
    void uncount_handshake(const IpAddress& from);
    bool inbound_group_free(const IpAddress& from) const;
    std::size_t inbound_wide_group_max() const;
    void take(SlotKind kind);
    void leave_handshake(const SlotToken& token);

    SlotLimits limits_;
    std::uint64_t changes_ = 0;
    std::array<std::size_t, slot_kinds> in_use_{};
    std::array<std::size_t, slot_kinds> reserved_{};
    std::array<std::size_t, slot_kinds> limit_{};
    // Each map has at most as many entries as there are tokens that count in it.
    std::map<NetworkGroup, std::size_t> handshakes_by_group_;  // of each of the three sizes
    std::map<OwnerGroup, std::size_t> outbound_by_group_;
    std::map<NetworkGroup, std::size_t> inbound_by_group_;
    std::map<NetworkGroup, std::size_t> inbound_by_wide_group_;
};

}  // namespace parley::transport
