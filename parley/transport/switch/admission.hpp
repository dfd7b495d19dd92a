// Admission: which connections become links, and which stay: tokens, the checks of a peer that has
// proven its ID, the rule for two that dial each other, and the link that leaves for a newcomer.
// Internal to transport.
//
// The rule, so that both sides keep the same link whatever the delays: a dial is committed when
// its M3 goes out, which is when decide_outbound says Proceed. An M3 that arrives
//   - while a link to that ID is up (or ending): waits for a sign of life of the old one;
//   - while our own dial is not committed: is accepted, and our dial given up. The other side
//     never sees our M3, so it cannot give up the link that we keep;
//   - while our own dial is committed: the dial of the lower ID wins. If ours wins, the other
//     one is parked until ours is up (then refused) or has failed (then promoted). If theirs
//     wins, it is promoted at once and ours is given up.
// We give up a committed dial only for a link that is up on our side, and the lower side gives
// up nothing before its own is up: so never are both links lost to the rule.
//
// PeerLinks say which connections belong to one ID; they exist exactly as long as one of them
// does, and as long as they exist the ID is not dialed again.
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/transport/switch/door.hpp>
#include <parley/transport/switch/held_slots.hpp>
#include <parley/transport/switch/offences.hpp>
#include <parley/transport/switch/slots.hpp>
#include <parley/transport/switch/switch_state.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace parley::transport {

/// Whether the user named a peer of this class.
constexpr bool is_chosen(SlotClass slot_class) {
    return slot_class == SlotClass::static_peer || slot_class == SlotClass::trusted;
}

class Admission {
public:
    Admission(SwitchState& state, const Offences& offences, const AddressRefusals& refusals,
              Rng& rng);
    ~Admission();
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;

    /// A caller that got a token; null, and counted, if it gets none.
    Connection* accept(const Endpoint& remote) { return door_.accept(remote); }
    /// A connection came to nothing before its other side had proven its ID, and not by us.
    void on_failed(const Connection& connection) { door_.on_failed(connection); }
    Result<Connection*, DialError> dial(const Target& target, const DialOptions& options);
    /// A dial is connected, to this address: what dial() checks of an address is checked again.
    void on_connected(Connection& connection, const Endpoint& endpoint);

    // A connection that these return (or the one given, where they return true) is admitted and has
    // been told so: Switch brings it up.

    /// It has proven its ID.
    [[nodiscard]] bool on_authenticated(Connection& connection, Authenticated authenticated);
    /// Ready was read.
    [[nodiscard]] bool on_up(Connection& connection);
    /// `left` has ended, so that the newcomer that it made room for gets its slot.
    [[nodiscard]] Connection* end_eviction(LinkId left);
    /// Something of this ID ended: a link that waited for it may get its turn.
    [[nodiscard]] Connection* reconsider(const NodeId& id);
    /// The link gave a sign of life, so that another one to its peer is a duplicate.
    void on_alive(Connection& connection);

    /// Ends it, by a Goodbye where the other side can be told. Nothing if it is ending.
    void close(Connection& connection, Goodbye goodbye);
    /// The same for all connections of an ID.
    void close_all(const NodeId& id, CloseReason reason);
    /// The windows of a connection that has ended are free, and so is its token, unless a module's
    /// adapter still holds it.
    void give_back(Connection& connection);
    /// Slots that were held and no longer are.
    void collect_held();
    Instant next_wakeup() const { return held_.next_wakeup(); }
    /// It belongs to its ID no more.
    void leave_peer_links(const Connection& connection);

    const Slots& slots() const { return slots_; }
    /// Whether the owner has banned that address.
    bool is_banned(const IpAddress& address) const;
    /// Callers with this ID take a token of this class; ordinary forgets.
    void set_class(const NodeId& id, SlotClass slot_class);

    std::function<std::vector<Enr>(const Endpoint& caller, const Enr& record, std::size_t count)>
        alternatives;                            ///< see Switch::set_alternatives
    std::function<bool(const NodeId&)> allowed;  ///< see Switch::set_allowed
    std::function<bool(const NodeId&)> known;    ///< see Switch::set_known

private:
    /// The connections that belong to one ID.
    struct PeerLinks {
        Connection* dial = nullptr;    ///< ours, until it is up
        Connection* live = nullptr;    ///< up, or closing after that
        Connection* parked = nullptr;  ///< at most one waits
        std::size_t refused = 0;       ///< callers on their way out
        bool empty() const { return !dial && !live && !parked && refused == 0; }
    };
    /// One link leaves, and one that is parked has its slot.
    struct Eviction {
        LinkId victim;
        NodeId newcomer;
    };

    bool is_banned(const NodeId& id) const;
    bool is_known(const NodeId& id) const;
    OwnerGroup owner_of(const Connection& connection) const;
    bool group_taken_by_others(const Connection& connection) const;
    std::optional<Goodbye> objection(const Connection& connection) const;
    void decide_outbound(Connection& connection);
    bool decide_inbound(Connection& connection);
    bool admit(Connection& connection);
    Result<void, SlotError> swap_token(Connection& connection);
    Goodbye too_many_peers(const Connection& connection, SlotError why) const;
    void park(Connection& connection, PeerLinks& peer_links);
    void refuse(Connection& connection, Goodbye goodbye);
    void abandon(Connection& connection, CloseReason reason);
    bool evict_for(Connection& connection);
    std::optional<LinkId> choose_victim_for(const OwnerGroup& group) const;

    SwitchState& state_;
    const Offences& offences_;
    const AddressRefusals& refusals_;
    Slots slots_;
    Door door_;
    HeldSlots held_;
    // Bounded by the limits of slots_.
    std::map<NodeId, PeerLinks> by_peer_;
    std::map<NodeId, SlotClass> classes_;  // as configured
    std::uint64_t eviction_salt_;
    std::optional<Eviction> eviction_;
    Instant next_eviction_{};
    std::map<OwnerGroup, Instant> made_room_for_;  // bounded by the two intervals
};

}  // namespace parley::transport
