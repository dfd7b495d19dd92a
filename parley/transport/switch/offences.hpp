// Offences: what misbehaviour costs, and which nodes are refused for it. Every offence of a node
// that has proven its ID has a price; its prices add up to a score that halves in time; over the
// limit the ID is banned for a stated time. Its address is not: neighbours share addresses (see
// address_refusals.hpp), and only the owner bans addresses. Bans survive a restart: take_changes,
// load. Every table is bounded. Threading: the node's thread.
#pragma once

#include <parley/base/lru.hpp>
#include <parley/base/store.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/transport/module.hpp>
#include <parley/transport/types.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace parley::transport {

inline constexpr std::size_t offence_kinds = 7;

/// Prices and limits of misbehaviour.
struct OffenceConfig {
    double limit = 100.0;  ///< a score that reaches it is a ban
    /// By Offence: useless, unasked, too_often, invalid_data, malformed, protocol, withheld.
    std::array<double, offence_kinds> prices{2.0, 10.0, 5.0, 25.0, 50.0, 50.0, 10.0};
    double price(Offence offence) const { return prices[static_cast<std::size_t>(offence)]; }
    /// A score is half of itself after this time.
    Duration half_life = std::chrono::minutes{10};
    Duration ban_time = std::chrono::hours{24};
    std::size_t scores_max = 4096;  ///< IDs
    /// Of IDs and addresses together. Beyond, the network group (/16, IPv6 /32) with the most bans
    /// loses the one that ends first: whoever has many addresses there cannot make the node forget
    /// others.
    std::size_t bans_max = 4096;
};

/// A node, or all of an address, that is refused until a time.
struct Ban {
    static constexpr std::size_t why_bytes_max = 128;
    /// True for a text that `why` may be: one line of at most why_bytes_max.
    static bool is_reason(std::string_view text);
    std::variant<NodeId, NetworkGroup> who;
    UnixTime until{};
    std::string why;
    bool by_owner = false;  ///< by the node's owner, not for offences
    friend bool operator==(const Ban&, const Ban&) = default;
};

/// Scores and bans. Bounded by OffenceConfig.
class Offences {
public:
    /// The table of a Store that holds bans.
    static constexpr std::string_view table = "bans";

    /// `salt` keeps strangers from preparing collisions in the tables.
    Offences(const OffenceConfig& config, std::uint64_t salt);

    /// Charges a proven node that is linked from `address`. True if that banned its ID.
    bool charge(Now now, const NodeId& id, const IpAddress& address, Offence offence);
    /// For OffenceConfig::ban_time. `address`: where it is linked from, if it is.
    void ban(Now now, const NodeId& id, std::string_view why,
             const std::optional<IpAddress>& address = {});
    /// The owner's word: whatever the address, instead of a ban that is there, and no other ban
    /// makes it go. False if there is no room but that of other bans by the owner.
    bool impose(Now now, Ban ban);
    /// False if there was none. Also ends the owner's.
    bool unban(const NodeId& id);
    /// The same for an address (IPv6: its /64).
    bool unban(const IpAddress& address);

    /// The ban in force, or null.
    const Ban* find(Now now, const NodeId& id) const;
    /// As above, for an address (IPv6: its /64).
    const Ban* find(Now now, const IpAddress& address) const;
    /// The decayed score; 0 for the unknown.
    double score(Now now, const NodeId& id) const;

    /// All, also those that are over and not yet forgotten, in the order of keys.
    std::vector<Ban> bans() const;
    /// Adds what an earlier run had; what is over by `now` is left out, and so are addresses that
    /// the owner did not ban.
    void load(Now now, const std::vector<Ban>& bans);
    /// A ban by the owner that is over stays in the store for so long: the clock may be ahead.
    static constexpr auto owners_kept = std::chrono::hours{24 * 60};
    /// Appends what changed since the last call, for the store.
    void take_changes(StoreBatch& batch);
    /// A batch could not be written: what it said of bans is to be written again.
    void write_again(const StoreBatch& failed);
    bool changed() const { return !changed_.empty(); }
    /// One entry of the store's table; nothing if it is damaged.
    static std::optional<Ban> decode(Bytes key, Bytes value);

private:
    struct Score {
        double points = 0.0;
        Instant at{};
    };
    double decayed(const Score& score, Instant now) const;
    void put(Now now, Ban ban, const std::optional<NetworkGroup>& group);
    bool remove(const Buffer& key);
    void note_change(Buffer key);
    bool make_room(Now now);
    static Buffer key_of(const std::variant<NodeId, NetworkGroup>& who);

    OffenceConfig config_;
    LruMap<NodeId, Score> by_id_;
    struct Kept {
        Ban ban;
        std::optional<NetworkGroup> group;  ///< where the node was, if that is known
    };
    std::map<Buffer, Kept> bans_;
    std::set<Buffer> changed_;  // keys; at most 2 * bans_max
};

}  // namespace parley::transport
