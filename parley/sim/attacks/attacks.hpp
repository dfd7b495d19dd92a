// Attacks: hosts that run the production node and break the rules. A host becomes an attacker by a
// Tamper, which rewrites its node's effects and its links' bytes, and by some settings. The
// protocol's promise is that honest nodes do not suffer; scenarios and tests check it. Everything
// follows from the seed; every table that an attacker keeps is bounded.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/sim/world/network.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace parley::sim {

/// Ways to break the rules.
enum class AttackKind : std::uint8_t {
    /// Random bytes instead of handshakes; on live links flipped, repeated, truncated, oversized
    /// frames.
    garbage,
    /// Messages above a topic's limit, above the credit, above a control message's limit; chunks
    /// whose total lies.
    oversized,
    /// Answers to GetPeers with broken signatures, with old records of honest nodes, with records
    /// of another network or of addresses that may not be advertised.
    forged_records,
    /// Answers to GetPeers and Goodbyes full of well-formed records of nodes that do not exist.
    address_flood,
    /// Many IDs at addresses of few network groups; they dial the victim again and again and
    /// advertise only one another.
    sybil,
    /// Is trusted at first, then announces every transaction and delivers none.
    withhold,
    /// Floods transactions: cheap ones, ones with bad signatures, ones that do not decode.
    spam,
    /// Connects and says nothing, or stops after M1, or sends a byte at a time.
    stalled_handshake,
    /// Never grants credit, or stops reading at all.
    credit_abuse,
    /// Floods one link with what is of no use, and mostly not wrong: copies of a small and of a
    /// large transaction, announcements of what is known, answers to no question, lists that name a
    /// hash twice.
    waste,
    /// Answers questions about headers, bodies and accounts wrong, or not at all.
    lie,
    /// Validators, where blocks are made by votes, that say to each half of the others something
    /// else, withhold proposals, forget what they have prepared, are silent, or late.
    byzantine,
};
inline constexpr std::array all_attacks{AttackKind::garbage,
                                        AttackKind::oversized,
                                        AttackKind::forged_records,
                                        AttackKind::address_flood,
                                        AttackKind::sybil,
                                        AttackKind::withhold,
                                        AttackKind::spam,
                                        AttackKind::stalled_handshake,
                                        AttackKind::credit_abuse,
                                        AttackKind::waste,
                                        AttackKind::lie,
                                        AttackKind::byzantine};

/// "address_flood".
std::string_view name(AttackKind kind);
/// The attack of that name; nothing if there is none.
std::optional<AttackKind> parse_attack(std::string_view text);

/// An attack in one run: the state that all its attackers share. It outlives the World.
/// Before the Network is made: endpoint() and configure() of each attacker, in a fixed order; then
/// World::set_tamper; after the hosts' start begin(), again after a restart if timers are wanted to
/// begin anew (they also go on by themselves).
class Attack {
public:
    Attack() = default;
    Attack(const Attack&) = delete;
    Attack& operator=(const Attack&) = delete;
    virtual ~Attack() = default;

    /// The attacker's endpoint, for NetworkOptions::endpoint; nothing: the usual one.
    virtual std::optional<Endpoint> endpoint(HostId) { return std::nullopt; }
    /// Changes the settings of an attacker's node.
    virtual void configure(HostId, node::NodeConfig&) {}
    /// The modules that are plugged into an attacker's node besides the built-in ones.
    virtual std::vector<transport::PeerHandler*> modules(HostId) { return {}; }
    /// The tamper for World::set_tamper; null: effects and bytes stay as they are.
    virtual Tamper* tamper(HostId) { return nullptr; }
    /// Begins the attack; until then the attacker behaves. `victim`: the host that it dials; the
    /// victim's neighbours suffer as well.
    virtual void begin(Network&, HostId, HostId /*victim*/) {}
};

/// An attack in which everything random comes from the seed.
std::unique_ptr<Attack> make_attack(AttackKind kind, std::uint64_t seed);

}  // namespace parley::sim
