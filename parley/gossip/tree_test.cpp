#include <parley/gossip/tree.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <set>

using namespace parley;
using namespace parley::gossip;

namespace {

ItemId item_of(unsigned n) {
    ItemId item{};
    item[0] = static_cast<std::byte>(n & 0xff);
    item[1] = static_cast<std::byte>(n >> 8);
    return item;
}

Now at(Duration t) {
    return Now{Instant{t}, {}};
}

template <class Effect>
std::vector<Effect> only(const std::vector<TreeEffect>& effects) {
    std::vector<Effect> out;
    for (const auto& effect : effects) {
        if (const auto* e = std::get_if<Effect>(&effect)) out.push_back(*e);
    }
    return out;
}

constexpr PeerId a{1}, b{2}, c{3};

/// Trees joined by links of fixed latency, in virtual time.
class Net {
public:
    explicit Net(std::size_t nodes, std::uint64_t seed = 0)
        : has_(nodes), copies_(nodes), muted_(nodes), silent_(nodes) {
        for (std::size_t i = 0; i < nodes; ++i)
            trees_.emplace_back(TreeConfig{}, Rng{i + 1000 * seed});
    }
    void link(std::size_t x, std::size_t y) {
        trees_[x].add_peer(PeerId{y});
        trees_[y].add_peer(PeerId{x});
    }
    void publish(std::size_t node, const ItemId& item) {
        has_[node].insert(item);
        trees_[node].on_valid(at(now_), item);
        flush(node);
    }
    /// It delivers nothing from now on.
    void mute(std::size_t node) { muted_[node] = true; }
    /// Nor does it say anything.
    void silence(std::size_t node) { muted_[node] = silent_[node] = true; }
    bool has(std::size_t node, const ItemId& item) const { return has_[node].contains(item); }
    void run_for(Duration d) {
        const Duration end = now_ + d;
        for (;;) {
            Duration next = end;
            for (auto& tree : trees_) {
                next = std::min(next, tree.next_wakeup().time_since_epoch());
            }
            if (!events_.empty()) next = std::min(next, events_.top().at);
            now_ = std::max(now_, next);
            if (next >= end) break;
            for (std::size_t i = 0; i < trees_.size(); ++i) {
                if (trees_[i].next_wakeup() <= Instant{now_}) {
                    trees_[i].on_timer(at(now_));
                    flush(i);
                }
            }
            while (!events_.empty() && events_.top().at <= now_) {
                const auto run = events_.top().run;
                events_.pop();
                run();
            }
        }
    }
    std::size_t holders(const ItemId& item) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(has_, [&](const auto& set) { return set.contains(item); }));
    }
    std::size_t copies() const {
        std::size_t sum = 0;
        for (const auto n : copies_) sum += n;
        return sum;
    }
    Tree& tree(std::size_t i) { return trees_[i]; }

private:
    struct Event {
        Duration at;
        std::uint64_t order;
        std::function<void()> run;
        bool operator<(const Event& other) const {
            return std::pair{other.at, other.order} < std::pair{at, order};
        }
    };
    void later(std::size_t from, std::size_t to, std::function<void()> run) {
        const auto latency = 10ms + 1ms * static_cast<int>((from * 7 + to * 7) % 30);
        events_.push({now_ + latency, order_++, std::move(run)});
    }
    void deliver(std::size_t from, std::size_t to, const ItemId& item) {
        later(from, to, [=, this] {
            ++copies_[to];
            if (trees_[to].on_payload(at(now_), PeerId{from}, item) == Receipt::fresh) {
                has_[to].insert(item);
                trees_[to].on_valid(at(now_), item);
            }
            flush(to);
        });
    }
    void flush(std::size_t node) {
        for (auto& effect : trees_[node].take_effects()) {
            if (silent_[node]) continue;
            if (auto* push = std::get_if<Push>(&effect)) {
                if (!muted_[node]) deliver(node, push->peer.value, push->item);
            } else if (auto* announce = std::get_if<Announce>(&effect)) {
                later(node, announce->peer.value, [=, this, e = *announce] {
                    trees_[e.peer.value].on_announce(at(now_), PeerId{node}, e.items);
                    flush(e.peer.value);
                });
            } else if (auto* graft = std::get_if<Graft>(&effect)) {
                later(node, graft->peer.value, [=, this, e = *graft] {
                    trees_[e.peer.value].on_graft(PeerId{node}, e.items);
                    for (const auto& item : e.items) {
                        if (has_[e.peer.value].contains(item) && !muted_[e.peer.value]) {
                            deliver(e.peer.value, node, item);
                        }
                    }
                });
            } else if (auto* prune = std::get_if<Prune>(&effect)) {
                later(node, prune->peer.value,
                      [=, this, e = *prune] { trees_[e.peer.value].on_prune(PeerId{node}); });
            }
        }
    }

    std::vector<Tree> trees_;
    std::vector<std::set<ItemId>> has_;
    std::vector<std::size_t> copies_;
    std::vector<bool> muted_;
    std::vector<bool> silent_;
    std::priority_queue<Event> events_;
    std::uint64_t order_ = 0;
    Duration now_ = 0s;
};

}  // namespace

TEST_CASE("the first copy makes its link part of the tree, a duplicate prunes its link") {
    Tree tree{{}, Rng{1}};
    REQUIRE(tree.add_peer(a));
    REQUIRE(tree.add_peer(b));
    REQUIRE(tree.add_peer(c));
    CHECK(tree.on_payload(at(0s), a, item_of(1)) == Receipt::fresh);
    tree.on_valid(at(0s), item_of(1));
    auto pushes = only<Push>(tree.take_effects());
    REQUIRE(pushes.size() == 2);  // not back to a
    CHECK(pushes[0].peer == b);
    CHECK(tree.on_payload(at(1s), b, item_of(1)) == Receipt::duplicate);
    auto effects = tree.take_effects();
    REQUIRE(only<Prune>(effects).size() == 1);
    CHECK(only<Prune>(effects)[0].peer == b);
    CHECK(tree.eager_peers() == 2);
    // A second duplicate on a lazy link is not answered again.
    tree.on_payload(at(1s), b, item_of(1));
    CHECK(tree.take_effects().empty());
}

TEST_CASE("nothing is passed on before it is valid, and nothing invalid ever") {
    Tree tree{{}, Rng{1}};
    tree.add_peer(a);
    tree.add_peer(b);
    CHECK(tree.on_payload(at(0s), a, item_of(1)) == Receipt::fresh);
    CHECK(tree.take_effects().empty());
    tree.on_invalid(item_of(1));
    CHECK(tree.take_effects().empty());
    CHECK(tree.on_announce(at(0s), b, {item_of(1)}).news == 1);
    CHECK(tree.on_announce(at(0s), b, {item_of(1)}).news == 0);
    CHECK(tree.missing_items() == 0);  // known to be bad: not fetched
}

TEST_CASE("lazy peers hear announcements in batches") {
    Tree tree{{}, Rng{1}};
    tree.add_peer(a);
    tree.on_prune(a);
    for (unsigned i = 0; i < 5; ++i) tree.on_valid(at(0s), item_of(i));
    CHECK(tree.take_effects().empty());
    CHECK(tree.next_wakeup() >= Instant{160ms});
    CHECK(tree.next_wakeup() <= Instant{840ms});
    tree.on_timer({tree.next_wakeup(), {}});
    const auto announced = only<Announce>(tree.take_effects());
    REQUIRE(announced.size() == 1);
    CHECK(announced[0].items.size() == 5);
    CHECK(tree.next_wakeup() == never);
}

TEST_CASE("who joins the tree after the news was pushed to it still hears of it") {
    Tree tree{{}, Rng{1}};
    tree.add_peer(a);
    tree.on_prune(a);
    tree.on_valid(at(0s), item_of(1));
    CHECK(tree.take_effects().empty());
    tree.on_graft(a, {});
    tree.on_valid(at(1ms), item_of(2));
    const auto pushed = only<Push>(tree.take_effects());
    REQUIRE(pushed.size() == 1);
    CHECK(pushed[0].item == item_of(2));
    tree.on_timer(at(1s));
    const auto announced = only<Announce>(tree.take_effects());
    REQUIRE(announced.size() == 1);
    CHECK(announced[0].peer == a);
    CHECK(announced[0].items == std::vector{item_of(1)});
}

TEST_CASE("of two with the same news the later one need not say it") {
    Tree tree{{}, Rng{1}};
    tree.add_peer(a);
    tree.add_peer(b);
    tree.on_prune(a);
    tree.on_prune(b);
    tree.on_valid(at(0s), item_of(1));
    tree.on_announce(at(50ms), a, {item_of(1)});
    tree.on_timer({tree.next_wakeup(), {}});
    const auto announced = only<Announce>(tree.take_effects());
    REQUIRE(announced.size() == 1);
    CHECK(announced[0].peer == b);
}

TEST_CASE("a few lazy peers hear at once, the others later and of more") {
    Tree tree{{.announce_first_peers = 3, .announce_rest_interval = 6s}, Rng{1}};
    constexpr std::size_t lazy = 10;
    for (std::uint64_t i = 0; i < lazy; ++i) {
        tree.add_peer(PeerId{i});
        tree.on_prune(PeerId{i});
    }
    std::map<ItemId, std::set<PeerId>> told;
    Instant now{};
    std::size_t messages = 0;
    const auto run_until_announced = [&](std::size_t wanted) {
        for (std::size_t seen = 0; seen < wanted;) {
            now = tree.next_wakeup();
            REQUIRE(now != never);
            tree.on_timer({now, {}});
            for (const auto& announce : only<Announce>(tree.take_effects())) {
                ++messages;
                for (const auto& item : announce.items) {
                    CHECK(told[item].insert(announce.peer).second);  // nobody hears twice
                    ++seen;
                }
            }
        }
    };
    tree.on_valid({now, {}}, item_of(1));
    run_until_announced(3);
    CHECK(messages == 3);
    CHECK(now <= Instant{840ms});
    tree.on_valid({now, {}}, item_of(2));
    run_until_announced(3);
    CHECK(messages == 6);
    run_until_announced(14);  // the rest of both
    CHECK(now <= Instant{12s});
    CHECK(messages <= 6 + lazy);
    CHECK(told[item_of(1)].size() == lazy);
    CHECK(told[item_of(2)].size() == lazy);
    CHECK(tree.next_wakeup() == never);
}

TEST_CASE("what waits to be announced to the others is bounded") {
    Tree tree{{.announce_first_peers = 0, .announcements_per_peer_max = 10}, Rng{1}};
    tree.add_peer(a);
    tree.on_prune(a);
    for (unsigned i = 0; i < 9; ++i) tree.on_valid(at(0s), item_of(i));
    tree.on_timer(at(0s));  // so many that it is time
    const auto announced = only<Announce>(tree.take_effects());
    REQUIRE(announced.size() == 1);
    CHECK(announced[0].items.size() == 9);
    CHECK(tree.next_wakeup() == never);
}

TEST_CASE("a link that brings news outlives a copy, one that brings copies does not") {
    Tree tree{{.trial_every_items = 0, .credit_max = 2}, Rng{1}};
    tree.add_peer(a);
    tree.add_peer(b);
    unsigned n = 0;
    const auto item_from = [&](PeerId first, PeerId second) {
        const auto item = item_of(++n);
        CHECK(tree.on_payload(at(0s), first, item) == Receipt::fresh);
        CHECK(tree.on_payload(at(0s), second, item) == Receipt::duplicate);
        return only<Prune>(tree.take_effects()).size();
    };
    CHECK(item_from(a, b) == 1);  // b is pruned: no credit
    tree.on_payload(at(0s), b, item_of(100));
    CHECK(tree.eager_peers() == 2);  // it brought news
    CHECK(item_from(a, b) == 0);
    CHECK(item_from(a, b) == 1);
    // Never more credit than credit_max.
    for (unsigned i = 200; i < 210; ++i) tree.on_payload(at(0s), b, item_of(i));
    CHECK(item_from(a, b) == 0);
    CHECK(item_from(a, b) == 0);
    CHECK(item_from(a, b) == 1);
}

TEST_CASE("lazy links are tried as long as few copies come") {
    Tree tree{{.trial_every_items = 4, .trial_copies_percent_max = 20}, Rng{1}};
    tree.add_peer(a);
    for (std::uint64_t i = 10; i < 20; ++i) {
        tree.add_peer(PeerId{i});
        tree.on_prune(PeerId{i});
    }
    for (unsigned i = 0; i < 100; ++i) tree.on_payload(at(0s), a, item_of(i));
    auto tried = only<Graft>(tree.take_effects());
    CHECK(tried.size() == 10);  // all of them, each once
    CHECK(std::ranges::all_of(tried, [](const Graft& graft) { return graft.items.empty(); }));
    CHECK(tree.lazy_peers() == 0);

    for (std::uint64_t i = 10; i < 20; ++i) tree.on_prune(PeerId{i});
    for (unsigned i = 100; i < 200; ++i) {
        tree.on_payload(at(0s), a, item_of(i));
        tree.on_payload(at(0s), PeerId{10}, item_of(i));  // as many copies as items
    }
    tried = only<Graft>(tree.take_effects());
    CHECK(tried.size() <= 2);  // before it is seen how many come
}

TEST_CASE("a link of the tree that ends is replaced at once, a lazy one is not") {
    Tree tree{{.trial_every_items = 0}, Rng{1}};
    for (const PeerId peer : {a, b, c}) tree.add_peer(peer);
    tree.on_prune(b);
    tree.on_prune(c);
    (void)tree.take_effects();
    tree.remove_peer(at(1s), c);
    CHECK(tree.take_effects().empty());
    tree.remove_peer(at(1s), a);
    const auto grafts = only<Graft>(tree.take_effects());
    REQUIRE(grafts.size() == 1);
    CHECK(grafts[0].peer == b);
    CHECK(grafts[0].items.empty());
    tree.remove_peer(at(1s), b);  // nobody is left to replace it
    CHECK(tree.take_effects().empty());
}

TEST_CASE("what could not be sent is announced later") {
    Tree tree{{}, Rng{1}};
    tree.add_peer(a);
    tree.on_valid(at(0s), item_of(1));
    REQUIRE(only<Push>(tree.take_effects()).size() == 1);
    tree.push_failed(at(0s), a, item_of(1));
    for (int round = 0; round < 2; ++round) {
        tree.on_timer(tree.next_wakeup() == never ? at(9s) : Now{tree.next_wakeup(), {}});
        const auto announced = only<Announce>(tree.take_effects());
        REQUIRE(announced.size() == 1);
        CHECK(announced[0].items == std::vector{item_of(1)});
        if (round == 0) tree.push_failed(at(1s), a, item_of(1));
    }
    CHECK(tree.next_wakeup() == never);
}

TEST_CASE("a peer that takes nothing is not tried all the time, however much waits for it") {
    Tree tree{{.announcements_per_peer_max = 8}, Rng{1}};
    tree.add_peer(a);
    for (unsigned i = 0; i < 8; ++i) tree.on_valid(at(0s), item_of(i));
    Instant now{};
    for (const auto& push : only<Push>(tree.take_effects())) {
        tree.push_failed(at(0s), a, push.item);
    }
    for (int round = 0; round < 3; ++round) {
        CHECK(tree.next_wakeup() >= now + 160ms);
        now = tree.next_wakeup();
        tree.on_timer({now, {}});
        for (const auto& announce : only<Announce>(tree.take_effects())) {
            for (const auto& item : announce.items) tree.push_failed({now, {}}, a, item);
        }
    }
}

TEST_CASE("an announced item that does not come is fetched from one announcer after the other") {
    Tree tree{{}, Rng{1}};
    tree.add_peer(a);
    tree.add_peer(b);
    tree.on_prune(a);
    tree.on_prune(b);
    tree.on_announce(at(0s), b, {item_of(1)});
    tree.on_announce(at(1ms), a, {item_of(1)});
    CHECK(tree.next_wakeup() == Instant{500ms});
    tree.on_timer(at(500ms));
    auto grafts = only<Graft>(tree.take_effects());
    REQUIRE(grafts.size() == 1);
    CHECK(grafts[0].peer == b);
    CHECK(tree.eager_peers() == 1);
    CHECK(tree.next_wakeup() == Instant{900ms});
    tree.on_timer(at(900ms));
    grafts = only<Graft>(tree.take_effects());
    REQUIRE(grafts.size() == 1);
    CHECK(grafts[0].peer == a);
    CHECK(tree.on_payload(at(1s), a, item_of(1)) == Receipt::fresh);
    CHECK(tree.missing_items() == 0);
    // The first one still has its time.
    CHECK(tree.next_wakeup() == Instant{2500ms});
    SUBCASE("it delivers late") {
        CHECK(tree.on_payload(at(2s), b, item_of(1)) == Receipt::duplicate);
        CHECK(only<Withheld>(tree.take_effects()).empty());
    }
    SUBCASE("it does not deliver") {
        tree.on_timer(at(2500ms));
        const auto withheld = only<Withheld>(tree.take_effects());
        REQUIRE(withheld.size() == 1);
        CHECK(withheld[0].peer == b);
    }
    CHECK(tree.next_wakeup() == never);
}

TEST_CASE("what was refused is not fetched until there may be room, what is bad never") {
    Tree tree{{}, Rng{1}};
    tree.add_peer(a);
    for (const unsigned n : {1U, 2U}) {
        CHECK(tree.on_payload(at(0s), a, item_of(n)) == Receipt::fresh);
    }
    tree.on_refused(item_of(1));
    tree.on_invalid(item_of(2));
    tree.on_announce(at(0s), a, {item_of(1), item_of(2)});
    CHECK(tree.missing_items() == 0);
    CHECK(tree.on_payload(at(0s), a, item_of(1)) == Receipt::duplicate);
    CHECK(tree.rejected(item_of(2)));
    CHECK_FALSE(tree.rejected(item_of(1)));
    tree.forget_refused();
    CHECK_FALSE(tree.seen(item_of(1)));
    tree.on_announce(at(0s), a, {item_of(1), item_of(2)});
    CHECK(tree.missing_items() == 1);
    CHECK(tree.on_payload(at(0s), a, item_of(1)) == Receipt::fresh);
    tree.on_refused(item_of(1));  // anew
    CHECK(tree.seen(item_of(1)));
}

TEST_CASE("however many announce an item and withhold it, who has it is asked") {
    constexpr std::uint64_t withholders = 36;
    Tree tree{{}, Rng{1}};
    for (std::uint64_t i = 1; i <= withholders; ++i) tree.add_peer(PeerId{i});
    const PeerId honest{1000};
    tree.add_peer(honest);
    const auto announce = [&](Instant now, const ItemId& item) {
        for (std::uint64_t i = 1; i <= withholders; ++i) {
            tree.on_announce({now, {}}, PeerId{i}, {item});
        }
        tree.on_announce({now, {}}, honest, {item});
    };
    // How long it takes until it is asked.
    const auto asked_after = [&](Instant now, const ItemId& item) {
        announce(now, item);
        for (;;) {
            const Now then{tree.next_wakeup(), {}};
            REQUIRE(then.instant != never);
            tree.on_timer(then);
            const auto grafts = only<Graft>(tree.take_effects());
            if (std::ranges::find(grafts, honest, &Graft::peer) == grafts.end()) continue;
            tree.on_payload(then, honest, item);
            return then.instant - now;
        }
    };
    for (unsigned i = 0; i < 40; ++i) {
        const auto after = asked_after(Instant{1min * (i + 1)}, item_of(i));
        CHECK(after <= 1700ms);
        // Whom it asked in vain it asks no more while there are others.
        if (i >= 20) CHECK(after == 500ms);
    }
}

TEST_CASE("however many withhold an item, who has a lazy neighbour with it has it within 2 s") {
    constexpr std::size_t victim = 0, holder = 1, withholders = 36;
    // They say at once that they have it, or say nothing: then only the holder's word helps, which
    // most of its peers hear late.
    bool they_announce = false;
    SUBCASE("they announce") {
        they_announce = true;
    }
    SUBCASE("they say nothing") {}
    Duration longest{};
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        Net net{2 + withholders, seed};
        net.link(victim, holder);
        net.tree(victim).on_prune(PeerId{holder});
        net.tree(holder).on_prune(PeerId{victim});
        for (std::size_t i = 2; i < 2 + withholders; ++i) {
            net.link(victim, i);
            net.link(holder, i);
            net.tree(holder).on_prune(PeerId{i});
            net.silence(i);
        }
        const auto item = item_of(1);
        net.publish(holder, item);
        for (std::size_t i = 2; they_announce && i < 2 + withholders; ++i) {
            net.tree(victim).on_announce(at(0s), PeerId{i}, {item});
        }
        Duration waited{};
        for (; waited < 20s && !net.has(victim, item); waited += 10ms) net.run_for(10ms);
        longest = std::max(longest, waited);
    }
    MESSAGE("at most " << std::chrono::duration_cast<std::chrono::milliseconds>(longest).count()
                       << " ms");
    CHECK(longest <= 2s);
}

TEST_CASE("what a peer invents costs the same however many peers there are") {
    Tree tree{{}, Rng{1}};
    for (std::uint64_t i = 0; i < 1000; ++i) tree.add_peer(PeerId{i});
    std::vector<ItemId> inventions;
    for (unsigned i = 0; i < 4096; ++i) inventions.push_back(item_of(i));
    tree.on_announce(at(0s), PeerId{500}, inventions);
    REQUIRE(tree.missing_items() == inventions.size());
    while (tree.next_wakeup() != never) {
        tree.on_timer({tree.next_wakeup(), {}});
        tree.take_effects();
    }
    CHECK(tree.considered() == inventions.size());
}

TEST_CASE("who does not deliver is charged once a time-out, and less if it said nothing at all") {
    Tree tree{{}, Rng{1}};
    tree.add_peer(a);
    std::vector<ItemId> items;
    for (unsigned i = 0; i < 100; ++i) items.push_back(item_of(i));
    tree.on_announce(at(0s), a, items);
    tree.on_timer(at(500ms));
    tree.take_effects();
    SUBCASE("it stands still") {
        tree.on_announce(at(1400ms), a, {item_of(1000)});  // perhaps before it heard the question
        tree.on_timer(at(2500ms));
        const auto withheld = only<Withheld>(tree.take_effects());
        REQUIRE(withheld.size() == 1);
        CHECK(withheld[0].silent);
    }
    SUBCASE("it speaks of other things") {
        tree.on_announce(at(1600ms), a, {item_of(1000)});
        tree.on_timer(at(2500ms));
        const auto withheld = only<Withheld>(tree.take_effects());
        REQUIRE(withheld.size() == 1);
        CHECK_FALSE(withheld[0].silent);
    }
    SUBCASE("its path is slow") {
        tree.on_payload(at(1s), a, items[0]);
        tree.on_timer(at(2500ms));
        CHECK(only<Withheld>(tree.take_effects()).empty());
        CHECK(tree.on_payload(at(3s), a, items[1]) == Receipt::fresh);
    }
    CHECK(tree.missing_items() <= 1);
}

TEST_CASE("who delivered nothing may not fill the table again") {
    Tree tree{{}, Rng{1}};
    tree.add_peer(a);
    std::vector<ItemId> items;
    for (unsigned i = 0; i < 1000; ++i) items.push_back(item_of(i));
    tree.on_announce(at(0s), a, items);
    CHECK(tree.missing_items() == 1000);
    tree.on_timer(at(500ms));
    tree.on_timer(at(2500ms));
    CHECK(tree.missing_items() == 0);
    CHECK_FALSE(tree.on_announce(at(3s), a, items).too_many);
    CHECK(tree.missing_items() == 512);  // 8,192 / 16
    // What comes after all clears its name.
    tree.on_timer(at(4s));
    for (unsigned i = 0; i < 10; ++i) tree.on_payload(at(4s), a, items[i]);
    tree.on_announce(at(4s), a, items);
    CHECK(tree.missing_items() == 990);
}

TEST_CASE("a peer that leaves or has nothing hands the request to the next announcer at once") {
    Tree tree{{}, Rng{1}};
    for (const auto peer : {a, b, c}) tree.add_peer(peer);
    for (const auto peer : {a, b, c}) tree.on_announce(at(0s), peer, {item_of(1)});
    tree.on_timer(at(500ms));
    tree.take_effects();
    tree.remove_peer(at(600ms), a);
    auto grafts = only<Graft>(tree.take_effects());
    REQUIRE(grafts.size() == 1);
    const auto second = grafts[0].peer;
    const auto third = second == b ? c : b;
    CHECK(tree.on_missing(at(700ms), third, {item_of(1)}) == 0);  // not the one asked
    CHECK(tree.take_effects().empty());
    CHECK(tree.on_missing(at(700ms), second, {item_of(1), item_of(2)}) == 1);
    grafts = only<Graft>(tree.take_effects());
    REQUIRE(grafts.size() == 1);
    CHECK(grafts[0].peer == third);
    tree.on_missing(at(800ms), third, {item_of(1)});
    CHECK(tree.missing_items() == 0);
    CHECK(tree.next_wakeup() == never);
}

TEST_CASE("every table that a peer can fill is bounded") {
    TreeConfig config;
    config.missing_per_peer_max = 10;
    config.missing_items_max = 15;
    config.seen_items_max = 20;
    config.announcements_per_peer_max = 5;
    Tree tree{config, Rng{1}};
    tree.add_peer(a);
    tree.add_peer(b);
    std::vector<ItemId> many;
    for (unsigned i = 0; i < 100; ++i) many.push_back(item_of(i));
    CHECK(tree.on_announce(at(0s), a, many).too_many);
    CHECK(tree.missing_items() == 10);
    tree.on_announce(at(0s), b, many);
    CHECK(tree.missing_items() == 15);
    tree.on_prune(b);
    for (unsigned i = 200; i < 212; ++i) tree.on_valid(at(0s), item_of(i));
    tree.take_effects();
    tree.on_timer({tree.next_wakeup(), {}});
    const auto announced = only<Announce>(tree.take_effects());
    REQUIRE(announced.size() == 1);
    CHECK(announced[0].items.size() == 5);
    // Places return when their time comes, of those who left too.
    tree.remove_peer(at(0s), a);
    tree.remove_peer(at(0s), b);
    CHECK(tree.missing_items() > 0);
    tree.on_timer(at(500ms));
    CHECK(tree.missing_items() == 0);
    CHECK(tree.next_wakeup() == never);
}

TEST_CASE("a thousand peers get what one sends, and a place is reused clean") {
    Tree tree{{}, Rng{1}};
    for (std::uint64_t i = 0; i < 1000; ++i) CHECK(tree.add_peer(PeerId{i}));
    CHECK_FALSE(tree.add_peer(PeerId{999}));
    tree.on_payload(at(0s), PeerId{7}, item_of(1));
    tree.remove_peer(at(0s), PeerId{7});
    CHECK(tree.add_peer(PeerId{1000}));  // in the place of the one that left
    tree.on_valid(at(0s), item_of(1));
    const auto pushes = only<Push>(tree.take_effects());
    CHECK(pushes.size() == 1000);
    CHECK(std::ranges::any_of(pushes, [](const Push& p) { return p.peer == PeerId{1000}; }));
    // Those who sent it are not told again.
    tree.on_payload(at(1s), PeerId{900}, item_of(2));
    tree.on_valid(at(1s), item_of(2));
    CHECK(only<Push>(tree.take_effects()).size() == 999);
}

TEST_CASE("what a peer that left was asked for is asked of the other that announced it") {
    Tree tree{{}, Rng{1}};
    const PeerId leaver{1};
    const PeerId stayer{2};
    for (const auto peer : {leaver, stayer}) tree.add_peer(peer);
    for (const auto peer : {leaver, stayer})
        tree.on_announce(at(0s), peer, {item_of(1), item_of(2)});
    tree.on_timer(at(500ms));
    CHECK(only<Graft>(tree.take_effects()).size() == 1);
    tree.remove_peer(at(600ms), leaver);
    const auto grafts = only<Graft>(tree.take_effects());
    REQUIRE(grafts.size() == 1);
    CHECK(grafts[0].peer == stayer);
    CHECK(grafts[0].items == std::vector{item_of(1), item_of(2)});
    tree.remove_peer(at(700ms), stayer);
    CHECK(tree.missing_items() == 0);
    CHECK(tree.next_wakeup() == never);
}

TEST_CASE("in a network everybody gets everything, soon with hardly a second copy") {
    constexpr std::size_t nodes = 60;
    Net net{nodes};
    Rng rng{5};
    for (std::size_t i = 0; i < nodes; ++i) {
        net.link(i, (i + 1) % nodes);
        for (int k = 0; k < 4; ++k) net.link(i, (i + 2 + rng.below(nodes - 3)) % nodes);
    }
    unsigned item = 0;
    for (; item < 20; ++item) {
        net.publish(rng.below(nodes), item_of(item));
        net.run_for(3s);
        CHECK(net.holders(item_of(item)) == nodes);
    }
    const auto before = net.copies();
    for (; item < 120; ++item) {
        net.publish(rng.below(nodes), item_of(item));
        net.run_for(3s);
        CHECK(net.holders(item_of(item)) == nodes);
    }
    const double copies = static_cast<double>(net.copies() - before) / (100.0 * (nodes - 1));
    MESSAGE("copies of a payload a node, tree warmed up: " << copies);
    CHECK(copies < 1.3);
}

TEST_CASE("what some peers withhold is fetched elsewhere in bounded time") {
    constexpr std::size_t nodes = 40;
    Net net{nodes};
    Rng rng{6};
    for (std::size_t i = 0; i < nodes; ++i) {
        for (int k = 0; k < 5; ++k) net.link(i, (i + 1 + rng.below(nodes - 2)) % nodes);
    }
    for (std::size_t i = 0; i < 4; ++i) net.mute(i * 10);
    for (unsigned item = 0; item < 30; ++item) {
        net.publish(5, item_of(item));
        net.run_for(12s);
        CHECK(net.holders(item_of(item)) == nodes);
    }
}
