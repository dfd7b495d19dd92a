// A network of tables without cryptography and packets, for tests of lookups: nodes are random IDs
// at random addresses, and a node that is asked answers from its table.
#pragma once

#include <parley/discovery/discv5/lookup.hpp>
#include <parley/discovery/discv5/table.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <queue>
#include <span>
#include <string>
#include <vector>

namespace parley::discovery::discv5::test {

/// An address of a /24 of its own for each n below 2^21.
inline Endpoint endpoint_in(std::uint32_t group, std::uint32_t host = 1) {
    return {IpAddress::v4({static_cast<std::byte>(64 + (group >> 16)),
                           static_cast<std::byte>(group >> 8 & 0xff),
                           static_cast<std::byte>(group & 0xff), static_cast<std::byte>(host)}),
            30303};
}

inline Now at(Duration since_start) {
    return {Instant{} + 1h + since_start, UnixTime{}};
}

/// What became of one lookup.
struct Outcome {
    bool found = false;
    std::vector<Contact> closest;
    std::size_t requests = 0;
    unsigned hops = 0;
    Duration took{};
};

class Network {
public:
    struct Node {
        Contact contact;
        bool dead = false;
        bool liar = false;
        std::unique_ptr<Table> table = {};
    };

    explicit Network(std::uint64_t seed, bool address_limits = true)
        : rng_(seed), limits_(address_limits) {}

    /// Adds nodes without tables.
    void add_honest(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            nodes_.push_back({Contact{random_id(rng_), endpoint_in(next_group_++), 1, {}}});
        }
        sort();
    }
    /// Liars share more bits with `around` than any honest node does, and live in few groups.
    void add_liars(std::size_t count, std::size_t groups, const Id& around) {
        unsigned nearest = log_distance_max;
        for (const auto& node : nodes_) {
            const unsigned distance = log_distance(node.contact.id, around);
            if (distance > 0) nearest = std::min(nearest, distance);
        }
        for (std::size_t i = 0; i < count; ++i) {
            Node node{Contact{random_at_distance(around, nearest - 1, rng_),
                              endpoint_in(next_group_ + static_cast<std::uint32_t>(i % groups),
                                          static_cast<std::uint32_t>(1 + i / groups)),
                              1,
                              {}}};
            node.liar = true;
            nodes_.push_back(std::move(node));
        }
        next_group_ += static_cast<std::uint32_t>(groups);
        sort();
    }
    void sort() {
        std::ranges::sort(nodes_, {}, [](const Node& n) -> const Id& { return n.contact.id; });
    }

    std::vector<Node>& nodes() { return nodes_; }
    Rng& rng() { return rng_; }
    Node* find(const Id& id) {
        const auto at = std::ranges::lower_bound(
            nodes_, id, {}, [](const Node& n) -> const Id& { return n.contact.id; });
        return at == nodes_.end() || at->contact.id != id ? nullptr : &*at;
    }

    /// What a healthy table looks like: in each bucket as many as fit, by chance, and some waiting.
    /// Called again, it adds nodes that came since.
    void fill_tables() {
        for (auto& node : nodes_) {
            if (!node.liar) fill_table(node);
        }
    }
    void fill_table(Node& node) {
        const Id& self = node.contact.id;
        if (!node.table) {
            TableConfig config;
            config.address_limits = limits_;
            node.table = std::make_unique<Table>(config, self, rng_.split("table"));
        }
        auto first = nodes_.begin(), last = nodes_.end();
        for (unsigned distance = log_distance_max; distance > 0 && last - first > 1; --distance) {
            const std::size_t byte = (log_distance_max - distance) / 8;
            const auto mask = std::byte{1} << ((distance - 1) % 8);
            const auto middle = std::partition_point(first, last, [&](const Node& n) {
                return (n.contact.id[byte] & mask) == std::byte{0};
            });
            const bool low = (self[byte] & mask) == std::byte{0};
            fill_bucket(*node.table, low ? middle : first, low ? last : middle);
            (low ? last : first) = middle;
        }
    }
    /// All start with one node, look themselves up, then a random target in some of their buckets;
    /// what they hear of is checked at once.
    void join() {
        for (auto& node : nodes_) {
            TableConfig config;
            config.address_limits = limits_;
            node.table = std::make_unique<Table>(config, node.contact.id, rng_.split("table"));
            add(*node.table, nodes_.front().contact);
        }
        learn_ = true;
        for (auto& node : nodes_) play(Goal::closest, node, node.contact.id);
        for (unsigned distance = log_distance_max; distance > log_distance_max - 8; --distance) {
            for (auto& node : nodes_) {
                play(Goal::closest, node, random_at_distance(node.contact.id, distance, rng_));
            }
        }
        learn_ = false;
    }
    void kill(double part) {
        for (auto& node : nodes_) node.dead = rng_.chance(part);
    }

    void set_silent_liars(bool silent) { silent_ = silent; }

    /// Plays a lookup of `from`. Each request or its answer is lost with the given probability, and
    /// sent again when it is late, as Requests does.
    Outcome play(Goal goal, Node& from, const Id& target, double loss = 0.0) {
        const auto seeds = from.table->seeds(target);
        Lookup lookup{goal, from.contact.id, target, seeds, limits_};
        struct Event {
            Duration when;
            Id asked;
            std::vector<Contact> answer;
            bool failed = false;
            bool late = false;
            bool operator>(const Event& other) const { return when > other.when; }
        };
        std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
        Outcome outcome;
        while (!lookup.done()) {
            while (const auto request = lookup.next()) {
                Event event{.when = outcome.took, .asked = request->node.id, .answer = {}};
                const Node* node = find(event.asked);
                const bool silent = !node || node->dead || (node->liar && silent_);
                int lost = 0;
                while (lost < sends_max && (silent || rng_.chance(loss))) ++lost;
                event.failed = lost == sends_max;
                if (lost > 0) {
                    events.push({.when = event.when + late_after,
                                 .asked = event.asked,
                                 .answer = {},
                                 .late = true});
                }
                event.when += lost * late_after;
                if (!event.failed) {
                    event.when += rng_.jitter(Duration{100ms}, 0.9);
                    event.answer = ask(*node, *request, from.contact.endpoint.address);
                    if (learn_) {
                        add(*node->table, from.contact);
                        for (const auto& told : event.answer) add(*from.table, told);
                    }
                }
                events.push(std::move(event));
            }
            if (events.empty()) break;
            const Event event = events.top();
            events.pop();
            outcome.took = event.when;
            if (event.late) {
                lookup.on_late(event.asked);
            } else if (event.failed) {
                lookup.on_failure(event.asked);
            } else {
                lookup.on_nodes(event.asked, event.answer);
            }
        }
        outcome.found = lookup.found().has_value();
        outcome.closest = lookup.closest();
        outcome.requests = lookup.requests();
        outcome.hops = lookup.hops();
        return outcome;
    }

    /// The IDs of the 16 closest that live, the closest first.
    std::vector<Id> truly_closest(const Id& target, const Id& except) {
        std::vector<Id> ids;
        for (const auto& node : nodes_) {
            if (!node.dead && node.contact.id != except) ids.push_back(node.contact.id);
        }
        const auto end = ids.begin() + static_cast<std::ptrdiff_t>(
                                           std::min<std::size_t>(ids.size(), Lookup::results_max));
        std::ranges::partial_sort(ids, end,
                                  [&](const Id& a, const Id& b) { return closer(target, a, b); });
        ids.erase(end, ids.end());
        return ids;
    }

private:
    using Place = std::vector<Node>::iterator;
    static constexpr int sends_max = 4;
    static constexpr Duration late_after = 250ms;

    static void add(Table& table, const Contact& contact) {
        table.add(at(0s), contact, Origin::met);
        table.on_alive(at(0s), contact.id, contact.endpoint);
    }

    void fill_bucket(Table& table, Place first, Place last) {
        const auto size = static_cast<std::size_t>(last - first);
        constexpr std::size_t wanted = Table::entries_max + 4;
        if (size <= wanted) {
            std::vector<Place> some;
            for (auto node = first; node != last; ++node) some.push_back(node);
            rng_.shuffle(some);
            for (const Place node : some) add(table, node->contact);
            return;
        }
        for (std::size_t i = 0; i < wanted; ++i) {
            add(table, first[static_cast<std::ptrdiff_t>(rng_.below(size))].contact);
        }
    }

    /// A liar tells of 16 other liars, as close to the target as they come, and of no other node.
    std::vector<Contact> ask(const Node& node, const Lookup::Request& request,
                             const IpAddress& asker) {
        std::vector<Contact> answer;
        if (!node.liar) {
            for (const auto* entry : node.table->at_distances(request.distances, 16, asker)) {
                answer.push_back(entry->contact);
            }
            return answer;
        }
        if (liars_.empty()) {
            for (const auto& other : nodes_) {
                if (other.liar) liars_.push_back(other.contact);
            }
        }
        for (const auto distance : request.distances) {
            std::vector<const Contact*> fit;
            for (const auto& other : liars_) {
                if (log_distance(node.contact.id, other.id) == distance) fit.push_back(&other);
            }
            rng_.shuffle(fit);
            for (const auto* contact : fit) {
                if (answer.size() < 16) answer.push_back(*contact);
            }
        }
        return answer;
    }

    Rng rng_;
    bool limits_;
    bool silent_ = false;
    bool learn_ = false;
    std::uint32_t next_group_ = 0;
    std::vector<Node> nodes_;  // sorted by ID
    std::vector<Contact> liars_;
};

}  // namespace parley::discovery::discv5::test
