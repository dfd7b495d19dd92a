// The rule for two that dial each other: every interleaving as a table, and two switches that
// play it out over links with random delays.
#include <parley/transport/switch/test_switch.hpp>

#include <fmt/format.h>

#include <map>
#include <queue>
#include <set>
#include <sstream>

using namespace parley;
using namespace parley::transport;
using namespace parley::transport::test;

namespace {

struct Step {
    const char* action;   ///< of our dial d, or of the callers a, b, c
    const char* effects;  ///< what the switch commands then, in order
};
struct Case {
    const char* name;
    bool we_are_lower;
    std::vector<Step> steps;
    Words events;        ///< on the hub, in order
    std::size_t peers;   ///< that are up at the end
    std::size_t tokens;  ///< that are out at the end
};

class Player {
public:
    explicit Player(bool we_are_lower) : lower_(we_are_lower) {}

    std::string play(const std::string& action) {
        std::istringstream in{action};
        std::string who, what, more;
        in >> who >> what >> more;
        if (what == "dials") {
            links_[who] = rig.dial(peer());
        } else if (what == "calls") {
            links_[who] = rig.accept();
        } else if (what == "proves") {
            rig.prove(links_.at(who), peer());
        } else if (what == "up") {
            rig.event(links_.at(who), Up{});
        } else if (what == "alive") {
            rig.event(links_.at(who), Alive{});
        } else if (what == "ends") {
            rig.closed(links_.at(who));
        } else if (what == "unconnected") {
            rig.node->on_connect_failed(rig.now(), links_.at(who), "refused");
        } else if (what == "goodbye") {
            Closed closed{CloseReason::duplicate, "", Goodbye{CloseReason::duplicate, {}, {}, {}},
                          0, 0};
            if (more == "full") closed.reason = CloseReason::too_many_peers;
            rig.event(links_.at(who), std::move(closed));
        } else if (what == "disconnect") {
            rig.node->disconnect(rig.now(), peer().id(), CloseReason::requested);
        } else if (what == "dialable?") {
            const Target target{peer().id(), endpoint("127.0.0.1")};
            const auto again = rig.node->dial(rig.now(), target, SlotClass::ordinary);
            REQUIRE_FALSE(again.has_value());
            return again.error() == DialError::already ? "already" : "another error";
        } else {
            FAIL("unknown action: " << action);
        }
        return effects();
    }
    std::string effects() {
        rig.take();
        std::string words;
        for (SwitchEffect& effect : rig.effects) {
            if (!words.empty()) words += ", ";
            if (const auto* open = std::get_if<OpenLink>(&effect)) {
                words += fmt::format("{} open", who(open->link));
            } else {
                auto& command = std::get<CommandLink>(effect);
                words += fmt::format("{} {}", who(command.link), rig.in_words(command.command));
            }
        }
        rig.effects.clear();
        return words;
    }

private:
    const NodeKey& peer() const { return lower_ ? keys_[2] : keys_[0]; }
    std::string who(LinkId link) const {
        for (const auto& [name, id] : links_) {
            if (id == link) return name;
        }
        return "d";  // the OpenLink comes before its number is known
    }

    bool lower_;
    std::vector<NodeKey> keys_ = sorted_keys(3);
    std::map<std::string, LinkId> links_;

public:
    TestModule module{spec("chat")};
    Rig rig{keys_[1], {&module}};
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all{
        {"their M3 comes while we connect: theirs is accepted, ours given up",
         true,
         {{"d dials", "d open"},
          {"a calls", ""},
          {"a proves", "d abandon tie_lost, a proceed"},
          {"d dialable?", "already"},
          {"d unconnected", ""}},
         {"up inbound", "failed tie_lost"},
         1,
         1},
        {"the same for the higher side; our M2 crosses the command",
         false,
         {{"d dials", "d open"},
          {"a calls", ""},
          {"a proves", "d abandon tie_lost, a proceed"},
          {"d proves", ""},
          {"d ends", ""},
          {"d dialable?", "already"}},
         {"up inbound", "failed tie_lost alive"},
         1,
         1},
        {"both committed, we are lower: theirs is parked until ours is up",
         true,
         {{"d dials", "d open"},
          {"a calls", ""},
          {"d proves", "d proceed"},
          {"a proves", ""},
          {"d up", "a refuse duplicate"},
          {"a ends", ""}},
         {"up outbound"},
         1,
         1},
        {"both committed, we are lower: the parked one goes away by itself",
         true,
         {{"d dials", "d open"},
          {"a calls", ""},
          {"d proves", "d proceed"},
          {"a proves", ""},
          {"a ends", ""},
          {"d up", ""}},
         {"up outbound"},
         1,
         1},
        {"both committed, we are lower: ours fails, the parked one is promoted",
         true,
         {{"d dials", "d open"},
          {"a calls", ""},
          {"d proves", "d proceed"},
          {"a proves", ""},
          {"d ends", "a proceed"}},
         {"failed truncated alive", "up inbound"},
         1,
         1},
        {"both committed, we are lower: ours is told duplicate while theirs is parked here",
         true,
         {{"d dials", "d open"},
          {"a calls", ""},
          {"d proves", "d proceed"},
          {"a proves", ""},
          {"d goodbye duplicate", "a proceed"},
          {"d dialable?", "already"}},
         {"failed duplicate alive", "up inbound"},
         1,
         1},
        {"both committed, we are lower, ours fails after theirs went: nothing is left",
         true,
         {{"d dials", "d open"},
          {"a calls", ""},
          {"d proves", "d proceed"},
          {"a proves", ""},
          {"a ends", ""},
          {"d goodbye full", ""}},
         {"failed too_many_peers alive"},
         0,
         0},
        {"both committed, we are higher: theirs is promoted at once, ours given up",
         false,
         {{"d dials", "d open"},
          {"a calls", ""},
          {"d proves", "d proceed"},
          {"a proves", "d abandon tie_lost, a proceed"},
          {"d up", ""},
          {"d ends", ""}},
         {"up inbound", "failed tie_lost alive"},
         1,
         1},
        {"a second caller while one is parked is a duplicate",
         true,
         {{"d dials", "d open"},
          {"a calls", ""},
          {"b calls", ""},
          {"d proves", "d proceed"},
          {"a proves", ""},
          {"b proves", "b refuse duplicate"},
          {"d up", "a refuse duplicate"},
          {"b ends", ""},
          {"a ends", ""}},
         {"up outbound"},
         1,
         1},
        {"a returning peer: the old link answers, the new one is a duplicate",
         true,
         {{"a calls", ""},
          {"a proves", "a proceed"},
          {"b calls", ""},
          {"b proves", "a probe"},
          {"a alive", "b refuse duplicate"},
          {"b ends", ""},
          {"a alive", ""}},
         {"up inbound"},
         1,
         1},
        {"a returning peer: the old link is dead, the new one is promoted after its end",
         true,
         {{"a calls", ""},
          {"a proves", "a proceed"},
          {"b calls", ""},
          {"b proves", "a probe"},
          {"a ends", "b proceed"}},
         {"up inbound", "down truncated", "up inbound"},
         1,
         1},
        {"a returning peer to our own dial's link",
         false,
         {{"d dials", "d open"},
          {"d proves", "d proceed"},
          {"d up", ""},
          {"a calls", ""},
          {"a proves", "d probe"},
          {"b calls", ""},
          {"b proves", "b refuse duplicate"},
          {"d ends", "a proceed"},
          {"b ends", ""}},
         {"up outbound", "down truncated", "up inbound"},
         1,
         1},
        {"the new one goes away during the probe",
         true,
         {{"a calls", ""},
          {"a proves", "a proceed"},
          {"b calls", ""},
          {"b proves", "a probe"},
          {"b ends", ""},
          {"a alive", ""},
          {"c calls", ""},
          {"c proves", "a probe"},
          {"a ends", "c proceed"}},
         {"up inbound", "down truncated", "up inbound"},
         1,
         1},
        {"a caller waits for a link that is closing, without a probe",
         true,
         {{"a calls", ""},
          {"a proves", "a proceed"},
          {"x disconnect", "a refuse requested"},
          {"d dialable?", "already"},
          {"b calls", ""},
          {"b proves", ""},
          {"a ends", "b proceed"}},
         {"up inbound", "down requested", "up inbound"},
         1,
         1},
        {"a disconnect ends the dial and the parked caller",
         true,
         {{"d dials", "d open"},
          {"a calls", ""},
          {"d proves", "d proceed"},
          {"a proves", ""},
          {"x disconnect", "d refuse requested, a refuse requested"},
          {"d ends", ""},
          {"d dialable?", "already"},
          {"a ends", ""}},
         {"failed requested alive"},
         0,
         0},
        {"two callers of one ID: the first is up, the second waits for its sign of life",
         false,
         {{"a calls", ""},
          {"b calls", ""},
          {"b proves", "b proceed"},
          {"a proves", "b probe"},
          {"b alive", "a refuse duplicate"},
          {"a ends", ""}},
         {"up inbound"},
         1,
         1},
    };
    return all;
}

}  // namespace

TEST_CASE("dial rule: every interleaving") {
    for (const Case& c : cases()) {
        INFO(std::string{c.name});
        Player player{c.we_are_lower};
        for (const Step& step : c.steps) {
            CAPTURE(std::string{step.action});
            CHECK(player.play(step.action) == std::string{step.effects});
            CHECK(player.rig.node->slots().consistent());
        }
        CHECK(player.rig.take_events() == c.events);
        CHECK(player.rig.node->peers().size() == c.peers);
        CHECK(player.rig.node->slots().in_use_total() == c.tokens);
        CHECK(player.module.peers_most <= 1);  // modules see one peer, once
    }
}

TEST_CASE("dial rule: when their link finds no place, our own dial goes on") {
    const auto keys = sorted_keys(3);
    for (const NodeKey* peer : {&keys[0], &keys[2]}) {
        TestModule module{spec("chat")};
        SwitchConfig config;
        config.slots.inbound_max = 0;
        Rig rig{keys[1], {&module}, config};
        const LinkId ours = rig.dial(*peer);
        rig.prove(ours, *peer);
        const LinkId theirs = rig.accept();
        rig.prove(theirs, *peer);
        const bool we_are_lower = peer == &keys[2];
        CHECK(rig.command(theirs) ==
              std::string{we_are_lower ? "nothing" : "refuse too_many_peers"});
        rig.event(ours, Up{});
        CHECK(rig.commands(ours) == Words{"open", "proceed"});
        CHECK(rig.take_events() == Words{"up outbound"});
        rig.closed(theirs);
        CHECK(rig.node->slots().in_use_total() == 1);
    }
}

TEST_CASE("dial rule: a feeler gives way and never counts as committed") {
    const auto keys = sorted_keys(2);
    TestModule module{spec("chat")};
    Rig rig{keys[0], {&module}};
    const LinkId feeler = rig.dial(keys[1], SlotClass::feeler);
    rig.prove(feeler, keys[1]);
    CHECK(rig.commands(feeler) == Words{"open", "refuse rotated"});
    CHECK(rig.in_use(SlotKind::feeler) == 1);
    const LinkId theirs = rig.accept();
    rig.prove(theirs, keys[1]);
    CHECK(rig.command(theirs) == "proceed");
    rig.closed(feeler, CloseReason::rotated);
    CHECK(rig.take_events() == Words{"up inbound", "failed rotated alive"});
    CHECK(rig.last_failure->slot_class == SlotClass::feeler);
    CHECK(rig.in_use(SlotKind::feeler) == 0);
}

// --- Two switches over links that the test plays ---------------------------------------------

namespace {

/// Nodes and links with random delays, in order per direction, as TCP gives it.
class TwoNodes {
public:
    TwoNodes(std::uint64_t seed, SwitchConfig config) : rng_(seed) {
        for (std::size_t i = 0; i < 2; ++i) {
            modules_[i] = std::make_unique<TestModule>(spec("chat"));
            nodes_[i] = std::make_unique<Rig>(keys_[i],
                                              std::vector<PeerHandler*>{modules_[i].get()}, config);
        }
    }

    void dial(std::size_t from, Duration when) {
        at(when, [this, from] {
            const Target target{keys_[1 - from].id(), endpoint("127.0.0.1")};
            (void)node(from).dial(now(), target, SlotClass::ordinary);
        });
    }
    void run() {
        while (!events_.empty()) {
            const auto first = events_.begin();
            time_ = first->first.first;
            const auto action = std::move(first->second);
            events_.erase(first);
            action();
            for (std::size_t i = 0; i < 2; ++i) apply_effects(i);
        }
    }
    Rig& rig(std::size_t i) { return *nodes_[i]; }
    TestModule& module(std::size_t i) { return *modules_[i]; }
    /// The links that are up, as pipes: the same number means the same connection.
    std::set<std::size_t> up(std::size_t i) {
        std::set<std::size_t> pipes;
        for (const PeerInfo& info : node(i).peers()) pipes.insert(ends_.at({i, info.link}).pipe);
        return pipes;
    }
    bool modules_agree(std::size_t i) const { return modules_[i]->peers_most <= 1; }

private:
    enum class Word { m1, m2, m3, ready, goodbye, end };
    struct End {
        std::size_t pipe;
        bool dialed;
        bool closed = false;
        Duration last_arrival{};  // of what this end sent
    };
    struct EndKey {
        std::size_t node;
        LinkId link;
        friend auto operator<=>(const EndKey&, const EndKey&) = default;
    };
    struct Pipe {
        std::size_t dialer;
        LinkId dialer_link;
        std::optional<LinkId> other_link;
        bool cut = false;
    };

    Switch& node(std::size_t i) { return *nodes_[i]->node; }
    Now now() const { return {Instant{} + time_, UnixTime{} + std::chrono::hours{1}}; }
    void at(Duration when, std::function<void()> what) {
        events_.emplace(std::pair{when, ++sequence_}, std::move(what));
    }
    Duration delay() { return std::chrono::microseconds{rng_.below(20'000)}; }

    void apply_effects(std::size_t i) {
        for (SwitchEffect& effect : node(i).take_effects()) {
            if (auto* open = std::get_if<OpenLink>(&effect)) {
                connect(i, open->link);
            } else {
                auto& command = std::get<CommandLink>(effect);
                on_command(i, command.link, command.command);
            }
        }
        nodes_[i]->hub.deliver();
        REQUIRE(node(i).slots().consistent());
    }
    void connect(std::size_t i, LinkId link) {
        pipes_.push_back({i, link, std::nullopt});
        const std::size_t pipe = pipes_.size() - 1;
        ends_[{i, link}] = {pipe, true, false, {}};
        const Duration arrival = time_ + delay();
        ends_[{i, link}].last_arrival = arrival;
        at(arrival, [this, i, pipe] {
            const std::size_t other = 1 - i;
            const auto accepted = node(other).on_accept(now(), endpoint("127.0.0.1"));
            if (!accepted) {
                close(i, pipes_[pipe].dialer_link, CloseReason::truncated, std::nullopt);
                return;
            }
            pipes_[pipe].other_link = *accepted;
            ends_[{other, *accepted}] = {pipe, false, false, {}};
            say(i, pipes_[pipe].dialer_link, Word::m1);
        });
    }
    void say(std::size_t i, LinkId link, Word word, std::optional<Goodbye> goodbye = {}) {
        End& end = ends_.at({i, link});
        end.last_arrival = std::max(time_ + delay(), end.last_arrival);
        at(end.last_arrival, [this, i, pipe = end.pipe, word, goodbye = std::move(goodbye)] {
            const Pipe& p = pipes_[pipe];
            const std::size_t other = 1 - i;
            const auto to = p.dialer == other ? std::optional{p.dialer_link} : p.other_link;
            if (!to || ends_.at({other, *to}).closed) return;
            hear(other, *to, word, goodbye);
        });
    }
    void hear(std::size_t i, LinkId link, Word word, const std::optional<Goodbye>& goodbye) {
        const NodeKey& peer = keys_[1 - i];
        switch (word) {
            case Word::m1:
                return say(i, link, Word::m2);
            case Word::m2:
            case Word::m3:
                return nodes_[i]->prove(link, peer);
            case Word::ready:
                return nodes_[i]->event(link, Up{});
            case Word::goodbye:
                return close(i, link, goodbye->reason, goodbye);
            case Word::end:
                return close(i, link, CloseReason::truncated, std::nullopt);
        }
    }
    void close(std::size_t i, LinkId link, CloseReason reason, std::optional<Goodbye> goodbye) {
        End& end = ends_.at({i, link});
        if (std::exchange(end.closed, true)) return;
        nodes_[i]->event(link, Closed{reason, "", std::move(goodbye), 0, 0});
    }
    void on_command(std::size_t i, LinkId link, LinkCommand& command) {
        End& end = ends_.at({i, link});
        if (end.closed) return;
        const auto later_closed = [this, i, link](CloseReason reason) {
            at(time_ + delay(), [this, i, link, reason] { close(i, link, reason, {}); });
        };
        if (std::holds_alternative<Proceed>(command)) {
            say(i, link, end.dialed ? Word::m3 : Word::ready);
        } else if (auto* refuse = std::get_if<Refuse>(&command)) {
            if (end.dialed) say(i, link, Word::m3);
            say(i, link, Word::goodbye, refuse->goodbye);
            later_closed(refuse->goodbye.reason);
        } else if (auto* abandon = std::get_if<Abandon>(&command)) {
            say(i, link, Word::end);
            later_closed(abandon->reason);
        } else if (std::holds_alternative<transport::Probe>(command)) {
            at(time_ + 2 * delay(), [this, i, link] {
                const Pipe& p = pipes_[ends_.at({i, link}).pipe];
                const auto other = p.dialer == i ? p.other_link : std::optional{p.dialer_link};
                if (ends_.at({i, link}).closed) return;
                if (other && !ends_.at({1 - i, *other}).closed) {
                    nodes_[i]->event(link, Alive{});
                } else {
                    close(i, link, CloseReason::silent, {});
                }
            });
        }
    }

    Rng rng_;
    std::vector<NodeKey> keys_ = sorted_keys(2);
    std::array<std::unique_ptr<TestModule>, 2> modules_;
    std::array<std::unique_ptr<Rig>, 2> nodes_;
    std::map<std::pair<Duration, std::uint64_t>, std::function<void()>> events_;
    std::map<EndKey, End> ends_;
    std::vector<Pipe> pipes_;
    Duration time_{};
    std::uint64_t sequence_ = 0;
};

}  // namespace

TEST_CASE("dial rule: two that dial at once keep exactly one link, the same, seen once") {
    std::size_t inbound_at_lower = 0;
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        CAPTURE(seed);
        TwoNodes nodes{seed, {}};
        Rng rng{seed * 77};
        nodes.dial(0, std::chrono::microseconds{rng.below(30'000)});
        nodes.dial(1, std::chrono::microseconds{rng.below(30'000)});
        nodes.run();
        REQUIRE(nodes.up(0).size() == 1);
        REQUIRE(nodes.up(0) == nodes.up(1));
        for (std::size_t i = 0; i < 2; ++i) {
            REQUIRE(nodes.module(i).made == 1);
            REQUIRE(nodes.module(i).destroyed == 0);
            REQUIRE(nodes.rig(i).node->slots().in_use_total() == 1);
        }
        if (nodes.rig(0).in_use(SlotKind::inbound) == 1) ++inbound_at_lower;
    }
    CHECK(inbound_at_lower > 100);  // the delays make both outcomes happen
    CHECK(inbound_at_lower < 900);
}

TEST_CASE("dial rule: with few slots and repeated dials both sides still agree") {
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        CAPTURE(seed);
        Rng rng{seed * 99};
        SwitchConfig config;
        config.slots.inbound_max = rng.below(2);
        TwoNodes nodes{seed, config};
        for (int i = 0; i < 6; ++i) {
            nodes.dial(rng.below(2), std::chrono::microseconds{rng.below(200'000)});
        }
        nodes.run();
        REQUIRE(nodes.up(0) == nodes.up(1));
        REQUIRE(nodes.up(0).size() <= 1);
        for (std::size_t i = 0; i < 2; ++i) {
            REQUIRE(nodes.modules_agree(i));
            REQUIRE(nodes.rig(i).node->slots().in_use_total() == nodes.up(i).size());
        }
    }
}
