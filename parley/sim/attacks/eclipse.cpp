#include <parley/sim/attacks/eclipse.hpp>

#include <parley/crypto/hash.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/identity/as_map.hpp>
#include <parley/transport/switch/switch_config.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace parley::sim {

namespace {

using discovery::AddressBook;
using discovery::Source;
using discovery::SourceKind;
using std::chrono::hours;
using std::chrono::minutes;
using transport::CloseReason;
using transport::Direction;
using transport::LinkId;
using transport::SlotClass;

constexpr std::uint64_t network = 7;
constexpr Duration answer_time = std::chrono::milliseconds{200};
constexpr Duration dead_time = std::chrono::seconds{5};
constexpr std::size_t records_told = 16;
constexpr std::size_t hear_from_max = 6;  // honest nodes tell of others so often an hour
constexpr double honest_room = 0.5;
constexpr double honest_gone = 1.0 / 3;

// Where addresses are, by their first byte; a part of the honest ones is among the attackers.
constexpr std::uint8_t honest_base = 20;
constexpr std::uint8_t attacker_base = 22;
constexpr std::size_t honest_groups_per_as = 2;
constexpr std::size_t providers = 16;

NodeKey key_of(char kind, std::uint64_t n) {
    const auto text = std::string{kind} + std::to_string(n);
    return *NodeKey::from_secret(crypto::sha256(bytes_of(text)));
}

Enr record_of(char kind, std::uint64_t n, const Endpoint& endpoint) {
    ParleyEntry entry;
    entry.network_id = network;
    return *EnrBuilder{1}
                .ip(endpoint.address)
                .tcp(endpoint.port)
                .parley(entry)
                .sign(key_of(kind, n));
}

/// Address `n` of those in so many /16s.
IpAddress address_in(std::size_t n, std::size_t groups, std::uint8_t base) {
    const std::size_t group = n % groups;
    const std::size_t within = n / groups;
    return IpAddress::v4({static_cast<std::byte>(base + group / 256),
                          static_cast<std::byte>(group % 256), static_cast<std::byte>(within % 256),
                          static_cast<std::byte>(1 + within / 256)});
}

/// All /16s where nodes are, and whose they are: from `attacker_base` on they are the providers'.
OwnerGroups autonomous_systems(const EclipseOptions& options) {
    const auto all = std::max<std::size_t>(options.honest_groups, 512 + options.groups);
    std::string text;
    for (std::size_t n = 0; n < all; ++n) {
        const std::size_t first = 256 * (attacker_base - honest_base);
        const std::size_t as =
            n < first ? 1000 + n / honest_groups_per_as : 1 + (n - first) % providers;
        text += group_of(address_in(n, all, honest_base), 16, 16).to_string() + ' ' +
                std::to_string(as) + '\n';
    }
    return OwnerGroups{std::make_shared<const AsMap>(*AsMap::parse(text))};
}

/// The chance that an honest node has room for the victim, after that part of the attack. The
/// attackers may have what Slots lets their groups have; a node that is full makes room for one
/// newcomer in each eviction interval, for one of each group in a longer one.
double room_at(const EclipseOptions& options, double part_of_attack) {
    if (!options.fill_slots) return honest_room;
    const transport::SwitchConfig node;
    const auto slots = static_cast<double>(node.slots.inbound_max);
    const auto groups = static_cast<double>(options.groups);
    const auto addresses = static_cast<double>(options.addresses);
    const auto per_group =
        std::min(slots / static_cast<double>(node.slots.inbound_wide_group_part),
                 addresses / groups * static_cast<double>(node.slots.inbound_per_group_max));
    const double filled = part_of_attack * std::min(1.0, groups * per_group / slots);
    // The victim calls before the next attacker does, or all groups of these had their turns.
    const auto seconds = [](Duration d) { return std::chrono::duration<double>(d).count(); };
    const double interval = seconds(node.eviction_interval);
    const double between_calls = static_cast<double>(options.honest) / addresses;
    const double turns = seconds(node.eviction_group_interval) / interval;
    const double owners =
        options.all_by_as ? std::min(groups, static_cast<double>(providers)) : groups;
    const double granted = std::max(between_calls / (interval + between_calls), 1 - owners / turns);
    return (1 - filled) * honest_room + filled * std::min(granted, honest_room);
}

/// Who answers the victim's dials, in virtual time.
class Surroundings final : public discovery::Dialer {
public:
    Surroundings(const EclipsePopulation& population, Rng rng) : rng_(rng) {
        for (const Enr& record : population.attackers) attackers_.insert(record.id());
        for (const auto* records : {&population.honest, &population.attackers}) {
            for (const Enr& record : *records) records_.emplace(record.id(), &record);
        }
    }
    bool is_attacker(const NodeId& id) const { return attackers_.contains(id); }
    void set_gone(std::set<NodeId> gone) { gone_ = std::move(gone); }
    /// The chance that an honest node has room.
    void set_room(double room) { room_ = room; }

    Result<LinkId, transport::DialError> dial(Now now, const Target& target,
                                              SlotClass slot_class) override {
        const bool dead = gone_.contains(target.id);
        const LinkId link{++last_link_};
        planned_.emplace(now.instant + (dead ? dead_time : answer_time),
                         Dialed{target, slot_class, link, dead});
        return link;
    }
    void hang_up(Now, const NodeId& id) override { hung_up_.push_back(id); }

    Instant next() const { return planned_.empty() ? never : planned_.begin()->first; }
    /// Publishes what became of dials until now.
    void run(Now now, Hub& hub) {
        for (const NodeId& id : std::exchange(hung_up_, {})) {
            const auto found =
                std::ranges::find(up_, id, [](const auto& l) { return l.second.id; });
            if (found != up_.end()) end(now, hub, found->first);
        }
        while (!planned_.empty() && planned_.begin()->first <= now.instant) {
            finish(now, hub, planned_.extract(planned_.begin()).mapped());
        }
    }
    /// Links that the victim holds: those that it dialed.
    struct Link {
        NodeId id;
        Endpoint endpoint;
        Instant since;
    };
    const std::map<LinkId, Link>& up() const { return up_; }

private:
    struct Dialed {
        Target target;
        SlotClass slot_class;
        LinkId link;
        bool dead;
    };
    void finish(Now now, Hub& hub, const Dialed& dial) {
        const auto failed = [&](CloseReason reason, bool alive) {
            hub.publish(transport::DialFailed{dial.target, dial.slot_class, reason, alive, {}});
        };
        if (dial.dead) return failed(CloseReason::dial_failed, false);
        if (dial.slot_class == SlotClass::feeler) return failed(CloseReason::rotated, true);
        if (!is_attacker(dial.target.id) && !rng_.chance(room_)) {
            return failed(CloseReason::too_many_peers, true);
        }
        up_.emplace(dial.link, Link{dial.target.id, dial.target.endpoint, now.instant});
        hub.publish(transport::PeerUp{dial.link, dial.target.id, dial.target.endpoint,
                                      Direction::outbound, dial.slot_class,
                                      transport::Hello{*records_.at(dial.target.id)}});
    }
    void end(Now now, Hub& hub, LinkId link) {
        const auto node = up_.extract(link);
        hub.publish(transport::PeerDown{link, node.mapped().id, node.mapped().endpoint,
                                        Direction::outbound, CloseReason::rotated,
                                        now.instant - node.mapped().since, 0, 0});
    }

    Rng rng_;
    double room_ = honest_room;
    std::set<NodeId> attackers_, gone_;
    std::map<NodeId, const Enr*> records_;
    std::multimap<Instant, Dialed> planned_;
    std::map<LinkId, Link> up_;
    std::vector<NodeId> hung_up_;
    std::uint64_t last_link_ = 0;
};

/// One life of the victim's discovery.
class Victim {
public:
    Victim(const EclipseOptions& options, const OwnerGroups& owners, Surroundings& around,
           Store& store, Now now, Rng rng)
        : around_(around),
          book_(book_config(options, owners), {network, {}}, key_of('v', 0).id(),
                rng.split("book")),
          now_(now) {
        (void)book_.load(store);
        engine_.emplace(config(options), book_, around, hub_, no_log(), rng.split("engine"));
    }
    AddressBook& book() { return book_; }
    Now now() const { return now_; }

    void run_for(Duration time) {
        const Instant end = now_.instant + time;
        for (;;) {
            const Instant next = std::min(around_.next(), engine_->next_wakeup());
            if (next > end) break;
            go_to(std::max(next, now_.instant));
            around_.run(now_, hub_);
            hub_.deliver();
            engine_->on_timer(now_);
            around_.run(now_, hub_);
        }
        go_to(end);
    }
    void save(Store& store) {
        while (book_.has_changes()) (void)store.write(book_.take_changes());
    }

private:
    static discovery::BookConfig book_config(const EclipseOptions& options,
                                             const OwnerGroups& owners) {
        discovery::BookConfig out;
        out.owners = owners;
        out.resist = options.resist;
        return out;
    }
    static discovery::EngineConfig config(const EclipseOptions& options) {
        discovery::EngineConfig out;
        out.dials.outbound_target = options.outbound;
        out.dials.tried_first = options.resist;
        if (!options.resist) out.dials.feeler_interval = hours{24 * 365};
        return out;
    }
    void go_to(Instant instant) {
        now_.unix_time +=
            std::chrono::duration_cast<std::chrono::milliseconds>(instant - now_.instant);
        now_.instant = instant;
    }

    Surroundings& around_;
    Hub hub_;
    AddressBook book_;
    std::optional<discovery::Engine> engine_;  // begins with the book that was loaded
    Now now_;
};

Source heard_from(const Enr& teller) {
    return {SourceKind::pex, teller.id(), teller.tcp_endpoint()->address};
}

const Enr& any_of(const std::vector<Enr>& records, Rng& rng) {
    return records[static_cast<std::size_t>(rng.below(records.size()))];
}

void count_tables(AddressBook& book, const Surroundings& around, EclipseResult& out) {
    for (std::size_t i = 0; i < book.size(); ++i) {
        const auto& entry = book.nth(i);
        if (entry.place == discovery::no_place) continue;
        const bool tried = book.table_of(entry.place) == discovery::BookTable::tried;
        const bool owned = around.is_attacker(entry.id);
        ++(tried ? out.tried : out.untried);
        if (owned) ++(tried ? out.tried_owned : out.untried_owned);
    }
}

}  // namespace

EclipsePopulation::EclipsePopulation(const EclipseOptions& options) {
    if (options.by_as) owners = autonomous_systems(options);
    for (std::size_t n = 0; n < options.honest; ++n) {
        honest.push_back(
            record_of('h', n, {address_in(n, options.honest_groups, honest_base), 30303}));
    }
    for (std::size_t n = 0; n < options.addresses; ++n) {
        // Some groups are those of honest nodes, too.
        const IpAddress address = address_in(n, options.groups, attacker_base);
        for (std::size_t i = 0; i < options.ids_per_address; ++i) {
            attackers.push_back(record_of('a', n * options.ids_per_address + i,
                                          {address, static_cast<std::uint16_t>(30303 + i)}));
        }
    }
}

EclipseResult run_eclipse(const EclipseOptions& options, const EclipsePopulation& population,
                          std::uint64_t seed) {
    Rng rng{seed};
    Surroundings around{population, rng.split("around")};
    std::set<NodeId> gone;
    for (const Enr& record : population.honest) {
        if (rng.chance(honest_gone)) gone.insert(record.id());
    }
    around.set_gone(gone);
    MemoryStore store;
    Now now{Instant{} + hours{1}, unix_from_milliseconds(1'750'000'000'000)};
    {
        Victim victim{options, population.owners, around, store, now, rng.split("first life")};
        auto& book = victim.book();
        const auto hear_from_honest = [&] {
            for (std::size_t i = 0; i < hear_from_max; ++i) {
                const Source teller = heard_from(any_of(population.honest, rng));
                for (std::size_t r = 0; r < records_told; ++r) {
                    book.add_record(victim.now(), any_of(population.honest, rng), teller);
                }
            }
        };
        for (Duration lived{}; lived < options.lived; lived += hours{1}) {
            hear_from_honest();
            victim.run_for(hours{1});
        }
        // All attackers in turn, evenly over the attack.
        const auto steps = static_cast<std::size_t>(options.attack / minutes{10});
        std::size_t caller = 0;
        for (std::size_t step = 0; step < steps; ++step) {
            const std::size_t until = population.attackers.size() * (step + 1) / steps;
            for (; caller < until; ++caller) {
                const Enr& attacker = population.attackers[caller];
                const Endpoint endpoint = *attacker.tcp_endpoint();
                book.add_record(victim.now(), attacker,
                                {SourceKind::inbound, attacker.id(), endpoint.address});
                book.on_connected(victim.now(), attacker.id(), Direction::inbound, endpoint);
                for (std::size_t r = 0; r < records_told; ++r) {
                    book.add_record(victim.now(), any_of(population.attackers, rng),
                                    heard_from(attacker));
                }
                book.on_disconnected(victim.now(), attacker.id(), CloseReason::requested,
                                     minutes{1});
            }
            if (step % 6 == 0) hear_from_honest();
            around.set_room(
                room_at(options, static_cast<double>(step) / static_cast<double>(steps)));
            victim.run_for(minutes{10});
        }
        book.set_anchors({});  // they are dead
        victim.save(store);
        now = victim.now();
    }
    EclipseResult out;
    Surroundings after{population, rng.split("after")};
    after.set_gone(gone);
    after.set_room(room_at(options, 1));
    Victim victim{options, population.owners, after, store, now, rng.split("second life")};
    count_tables(victim.book(), after, out);
    for (int i = 0; i < 60 && after.up().size() < options.outbound; ++i) {
        victim.run_for(std::chrono::seconds{10});
    }
    out.outbound = after.up().size();
    for (const auto& [link, peer] : after.up()) out.owned += after.is_attacker(peer.id) ? 1 : 0;
    return out;
}

EclipseScore score_eclipse(const EclipseOptions& options, std::size_t runs, std::uint64_t seed) {
    const EclipsePopulation population{options};
    EclipseScore score;
    const auto share = [](std::size_t part, std::size_t whole) {
        return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
    };
    for (std::size_t run = 0; run < runs; ++run) {
        const auto result = run_eclipse(options, population, seed + run);
        ++score.runs;
        if (result.outbound > 0 && result.owned == result.outbound) ++score.all_owned;
        score.owned_share += share(result.owned, result.outbound);
        score.tried_share += share(result.tried_owned, result.tried);
        score.untried_share += share(result.untried_owned, result.untried);
    }
    for (double* mean : {&score.owned_share, &score.tried_share, &score.untried_share}) {
        *mean /= static_cast<double>(std::max<std::size_t>(1, runs));
    }
    return score;
}

}  // namespace parley::sim
