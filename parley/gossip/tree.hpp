// Tree: which peers get an item whole and which only its hash. Full payloads travel along the links
// that delivered first (eager peers), announcements on the others (lazy peers); a duplicate prunes
// a link, an announcement that no payload follows grafts one and fetches (after Leitao, Pereira,
// Rodrigues: "Epidemic Broadcast Trees", 2007). It knows items by hash only; its owner holds,
// checks and sends them, and carries out the effects. Bounded as TreeConfig says.
// docs/formats/gossip.md. Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/strong.hpp>
#include <parley/base/time.hpp>
#include <parley/gossip/seen.hpp>

#include <boost/container/flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

namespace parley::gossip {

/// A peer, as the owner of the tree numbers them; never used again for another one.
using PeerId = Strong<struct PeerIdTag, std::uint64_t>;

/// Times and bounds of one tree.
struct TreeConfig {
    /// Announcements are gathered for this long, on average: each node draws its own time for each
    /// batch, within two thirds of it, so that of two that have the same news one is first and the
    /// other need not say it.
    Duration announce_interval = 500ms;
    /// A batch goes to so many lazy peers, chosen anew each time; the others hear of it after this
    /// time (jittered alike), with all that came meanwhile and unless they spoke of it first.
    std::size_t announce_first_peers = 3;
    Duration announce_rest_interval = 6s;  ///< see announce_first_peers
    /// After so many fresh items, on average, one lazy link becomes part of the tree on trial: it
    /// closes a ring, in which the link that brings the least news is pruned. One does so at once
    /// when a link of the tree ends, for it may have been the way of all news. So the tree gets
    /// shorter, and withstands peers that stop delivering.
    std::uint32_t trial_every_items = 16;
    /// No trial while more than so many of 100 payloads that came were copies.
    std::uint32_t trial_copies_percent_max = 20;
    /// Credit of a link in the tree, at most: a copy takes one, a fresh item gives one; a peer that
    /// has none left is pruned.
    std::uint32_t credit_max = 2;
    Duration graft_timeout = 500ms;       ///< an announced item may come by the tree for this long
    Duration fetch_timeout = 2s;          ///< then the next announcer is asked
    std::size_t seen_items_max = 65'536;  ///< remembered; see SeenItems
    std::size_t missing_items_max = 16'384;          ///< announced, not yet here, in all
    std::size_t missing_per_peer_max = 4'096;        ///< of these, named first by one peer
    std::size_t announcements_per_peer_max = 8'192;  ///< waiting to be sent; others are dropped
    std::size_t hashes_per_message_max = 1'024;      ///< of an Announce or a Graft
};

// --- Effects ---------------------------------------------------------------------------------

/// Send the whole item to the peer. If that is not possible now, call push_failed.
struct Push {
    PeerId peer;  ///< the receiver
    ItemId item;  ///< one that the owner holds
};
/// Send the hashes of the items to the peer. If that is not possible now, call push_failed.
struct Announce {
    PeerId peer;                ///< the receiver
    std::vector<ItemId> items;  ///< at most hashes_per_message_max
};
/// Ask for the items, and for the link to become part of the tree.
struct Graft {
    PeerId peer;                ///< the receiver
    std::vector<ItemId> items;  ///< at most hashes_per_message_max; may be empty
};
/// Ask the peer to announce only.
struct Prune {
    PeerId peer;  ///< the receiver
};
/// The peer announced an item and did not deliver it when asked, nor anything else that it was
/// asked for. Once a fetch_timeout at most, however many items.
struct Withheld {
    PeerId peer;  ///< the one at fault
    ItemId item;  ///< one of those it did not deliver
    bool silent;  ///< it sent nothing else either: perhaps it could not
};
/// What the owner is to do.
using TreeEffect = std::variant<Push, Announce, Graft, Prune, Withheld>;

/// Whether a payload is new to this node.
enum class Receipt : std::uint8_t { fresh, duplicate };
/// Whether an announcement was taken, or the rest of it dropped since the peer named more items
/// than missing_per_peer_max.
enum class Announced : std::uint8_t { ok, too_many };

/// The broadcast tree of one topic; see the head of this file.
class Tree {
public:
    /// Draws times and peers from `rng`.
    Tree(TreeConfig config, Rng rng);

    /// A link came up; it starts in the tree. False if it is there already. There is no limit but
    /// that of links: an item takes a bit a peer.
    bool add_peer(PeerId peer);
    /// Its link ended. Items that it was asked for are asked of others. Unknown peers are ignored,
    /// here as in what follows.
    void remove_peer(Now now, PeerId peer);

    /// The item arrived whole. `fresh`: check it and call on_valid or on_invalid.
    Receipt on_payload(Now now, PeerId peer, const ItemId& item);
    /// An item is good: from a peer (after `fresh`) or of our own making.
    void on_valid(Now now, const ItemId& item);
    /// It is not: remembered, so that it is not fetched again.
    void on_invalid(const ItemId& item);
    /// The check could not be made (no room): forgotten, so that it can come again.
    void on_dropped(const ItemId& item);
    /// The peer has these items: those that do not come by the tree are fetched.
    Announced on_announce(Now now, PeerId peer, const std::vector<ItemId>& items);
    /// The peer asks for items and joins the tree. The owner sends what it has.
    void on_graft(PeerId peer, const std::vector<ItemId>& items);
    /// The peer wants announcements only.
    void on_prune(PeerId peer);
    /// The peer does not have what we asked for.
    void on_missing(Now now, PeerId peer, const std::vector<ItemId>& items);
    /// A Push or an Announce could not be sent: the peer will hear an announcement later.
    void push_failed(Now now, PeerId peer, const ItemId& item);
    /// Announces what we have to a new peer.
    void announce_to(Now now, PeerId peer, const std::vector<ItemId>& items);

    /// Sends announcements and fetches that are due. Early calls are harmless.
    void on_timer(Now now);
    /// When to call on_timer() next.
    Instant next_wakeup() const;
    /// What is to be done since it was last called, in order. Call after each of the above.
    std::vector<TreeEffect> take_effects();

    std::size_t eager_peers() const;                               ///< links in the tree
    std::size_t lazy_peers() const;                                ///< the others
    std::size_t missing_items() const { return missing_.size(); }  ///< announced, not yet here
    /// Whether the item is remembered, good or not.
    bool seen(const ItemId& item) const { return seen_.contains(item); }
    std::size_t seen_items() const { return seen_.size(); }  ///< how many are remembered

private:
    struct Peer {
        PeerSlot slot;
        bool eager = true;
        std::uint32_t credit = 0;
        std::vector<ItemId> to_announce = {};  // besides news_: older items, failed pushes
        std::vector<ItemId> announcing = {};   // in the batch that is being made
        std::size_t missing_named_first = 0;
        std::set<ItemId> asked = {};            // of what is missing
        Instant heard_at = Instant::min();      // last payload, announcement or Missing
        Instant delivered_at = Instant::min();  // last item that it was asked for
        Instant charged_at = Instant::min();    // last Withheld
        std::size_t in_vain = 0;  // items asked of it that did not come; halved by each that does
    };
    struct Missing {
        PeerSet announcers;  // peers that can still be asked
        PeerId named_first;
        std::optional<PeerId> asked;  // one request in flight
        Instant deadline = never;
    };

    /// `again`: it could not be sent just now.
    void queue_announcement(Now now, std::vector<ItemId>& queue, const ItemId& item,
                            bool again = false);
    void on_copy(PeerId id, Peer& peer);
    void join_tree(Peer& peer);
    void maybe_try_a_lazy_link();
    void try_a_lazy_link();
    void announce_news(Now now);
    void keep_for_rest(Now now);
    void announce_rest();
    void tell(const std::vector<ItemId>& items, const std::vector<Peer*>& peers);
    void send_announcements();
    template <class Effect>
    void emit(PeerId peer, std::vector<ItemId> items);
    Peer* heard(Now now, PeerId peer);
    void ask_next(Now now, const ItemId& item, Missing& missing);
    void not_asked(const ItemId& item, Missing& missing);
    void give_up(Now now, const ItemId& item, const Missing& missing);
    std::size_t missing_max(const Peer& peer) const;
    void set_deadline(const ItemId& item, Missing& missing, Instant at);
    void forget_missing(std::map<ItemId, Missing>::iterator at);

    TreeConfig config_;
    Rng rng_;
    SeenItems seen_;
    boost::container::flat_map<PeerId, Peer> peers_;
    std::map<ItemId, Missing> missing_;
    std::uint32_t copies_per_mille_ = 0;  // of the payloads that came; the last some 32 count most
    std::vector<ItemId> news_;  // to be announced to some of those that do not have it by then
    std::vector<ItemId> rest_;  // and later to all of them
    Instant announce_at_ = never;
    Instant rest_at_ = never;
    std::set<std::pair<Instant, ItemId>> deadlines_;
    std::map<PeerId, std::vector<ItemId>> grafts_;  // gathered until take_effects
    std::vector<TreeEffect> effects_;
};

}  // namespace parley::gossip
