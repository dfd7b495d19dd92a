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
#include <deque>
#include <map>
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
    /// time (jittered alike), with all that came meanwhile and unless they spoke of it first. Short
    /// enough for a peer whose tree withholds an item to have it within 2 s: both times at their
    /// longest and graft_timeout are 1.83 s.
    std::size_t announce_first_peers = 3;
    Duration announce_rest_interval = 300ms;  ///< see announce_first_peers
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
    Duration graft_timeout = 500ms;  ///< an announced item may come by the tree for this long
    /// Who is asked for it first has so long before others are asked as well: three times as many
    /// each time, so that whoever announces and does not deliver delays an item by less than 2 s,
    /// however many they are.
    Duration first_answer_timeout = 400ms;
    Duration next_answer_timeout = 250ms;            ///< and those asked after that so long
    Duration fetch_timeout = 2s;                     ///< after it a peer was asked in vain
    std::size_t seen_items_max = 65'536;             ///< remembered; see SeenItems
    std::size_t missing_items_max = 16'384;          ///< announced, not yet here, in all
    std::size_t asks_max = 65'536;                   ///< questions not yet answered, in all
    std::size_t missing_per_peer_max = 8'192;        ///< of these, named first by one peer
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
/// What an announcement was worth.
struct Announced {
    std::size_t news =
        0;  ///< items of which the peer had not said or shown before that it has them
    bool too_many = false;  ///< it named more than missing_per_peer_max, and the rest was dropped
};

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
    /// It is good, and this node does not want it: remembered, so that it is not fetched again.
    void on_unwanted(const ItemId& item);
    /// It is good, and not wanted now: as on_unwanted, until forget_refused.
    void on_refused(const ItemId& item);
    /// What was refused may be wanted now.
    void forget_refused() { seen_.forget_refused(); }
    /// The check could not be made (no room): forgotten, so that it can come again.
    void on_dropped(const ItemId& item);
    /// The peer has these items: those that do not come by the tree are fetched.
    Announced on_announce(Now now, PeerId peer, const std::vector<ItemId>& items);
    /// The peer asks for items and joins the tree. The owner sends what it has.
    void on_graft(PeerId peer, const std::vector<ItemId>& items);
    /// The peer wants announcements only.
    void on_prune(PeerId peer);
    /// The peer does not have what we asked for. Returns how many of the items it was asked for.
    std::size_t on_missing(Now now, PeerId peer, const std::vector<ItemId>& items);
    /// A Push or an Announce could not be sent: the peer will hear an announcement later.
    void push_failed(Now now, PeerId peer, const ItemId& item);
    /// Announces what we have to a new peer.
    void announce_to(Now now, PeerId peer, const std::vector<ItemId>& items);

    /// Items that wait to be announced to this peer alone.
    std::size_t announcements_waiting(PeerId peer) const;

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
    /// Whether the item is remembered as invalid.
    bool rejected(const ItemId& item) { return seen_.is(item, ItemState::rejected); }
    std::size_t seen_items() const { return seen_.size(); }  ///< how many are remembered
    /// Peers that were looked at since the start to find whom to ask: what that cost.
    std::uint64_t considered() const { return considered_; }

private:
    struct Peer {
        PeerSlot slot;
        bool eager = true;
        std::uint32_t credit = 0;
        std::vector<ItemId> to_announce = {};  // besides news_: older items, failed pushes
        std::vector<ItemId> announcing = {};   // in the batch that is being made
        std::size_t missing_named_first = 0;
        std::map<ItemId, Instant> asked = {};   // and when; until it answers or fetch_timeout
        Instant heard_at = Instant::min();      // last payload, announcement or Missing
        Instant delivered_at = Instant::min();  // last item that it was asked for
        Instant charged_at = Instant::min();    // last Withheld
        std::size_t in_vain = 0;  // items asked of it that did not come; halved by each that does
    };
    struct Missing {
        PeerSet announcers = {};  // peers that can still be asked
        PeerId named_first;
        std::size_t asks = 0;      // of peers that have not yet answered
        std::uint32_t rounds = 0;  // of asking
        Instant deadline = never;  // for the next round
    };
    struct Ask {
        Instant at;
        PeerId peer;
        ItemId item;
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
    void tell_one(const std::vector<ItemId>& items, Peer& peer);
    void send_announcements();
    template <class Effect>
    void emit(PeerId peer, std::vector<ItemId> items);
    Peer* heard(Now now, PeerId peer);
    void ask_more(Now now, const ItemId& item, Missing& missing);
    void ask(Now now, const ItemId& item, Missing& missing, std::size_t peers_max);
    void not_answered(Now now, const ItemId& item);
    void drop_answered_asks();
    void give_up(Now now, PeerId id, Peer& peer, const ItemId& item);
    std::size_t missing_max(const Peer& peer) const;
    void set_deadline(const ItemId& item, Missing& missing, Instant at);
    void forget_missing(std::map<ItemId, Missing>::iterator at);

    TreeConfig config_;
    Rng rng_;
    SeenItems seen_;
    boost::container::flat_map<PeerId, Peer> peers_;
    std::vector<PeerId> id_at_;  // by slot
    std::map<ItemId, Missing> missing_;
    std::deque<Ask> asks_;  // in the order of time; those answered meanwhile are in no Peer::asked
    std::uint32_t copies_per_mille_ = 0;  // of the payloads that came; the last some 32 count most
    std::vector<ItemId> news_;  // to be announced to some of those that do not have it by then
    std::vector<ItemId> rest_;  // and later to all of them
    Instant announce_at_ = never;
    Instant rest_at_ = never;
    std::set<std::pair<Instant, ItemId>> deadlines_;
    std::map<PeerId, std::vector<ItemId>> grafts_;  // gathered until take_effects
    std::vector<TreeEffect> effects_;
    std::uint64_t considered_ = 0;
};

}  // namespace parley::gossip
