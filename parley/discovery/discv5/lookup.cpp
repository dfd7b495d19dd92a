#include <parley/discovery/discv5/lookup.hpp>

#include <parley/discovery/discv5/group_key.hpp>

#include <boost/container/flat_map.hpp>

#include <algorithm>
#include <utility>

namespace parley::discovery::discv5 {

namespace {

std::uint8_t bit(std::size_t path) {
    return static_cast<std::uint8_t>(1U << path);
}

/// The distances from a node at log distance `edge` of the target at which others of that same log
/// distance stand. The nearest come first: it may know more than an answer holds.
std::vector<std::uint16_t> neighbours_of(unsigned edge) {
    constexpr unsigned depth = 10;
    std::vector<std::uint16_t> distances;
    for (unsigned distance = edge > depth ? edge - depth : 1; distance < edge; ++distance) {
        distances.push_back(static_cast<std::uint16_t>(distance));
    }
    return distances;
}

}  // namespace

Lookup::Lookup(Goal goal, const Id& self, const Id& target, std::span<const Contact> seeds,
               bool address_limits)
    : goal_(goal), self_(self), target_(target), address_limits_(address_limits) {
    for (std::size_t i = 0; i < seeds.size(); ++i) hear(seeds[i], i % paths, 0);
    for (std::size_t path = 0; path < paths; ++path) prune(path);
}

// --- Candidates ---

void Lookup::hear(const Contact& contact, std::size_t path, unsigned hops) {
    if (contact.id == self_) return;
    if (goal_ == Goal::resolve && contact.id == target_) {
        if (contact.sequence < found_sequence_min_) return;
        found_ = contact;
        found_sequence_min_ = contact.sequence + 1;
        found_hops_ = hops;
        return;
    }
    auto place = std::ranges::lower_bound(
        candidates_, contact.id, [&](const Id& a, const Id& b) { return closer(target_, a, b); },
        [](const Candidate& c) -> const Id& { return c.contact.id; });
    if (place == candidates_.end() || place->contact.id != contact.id) {
        Candidate candidate{contact};
        candidate.hops = static_cast<std::uint8_t>(hops);
        place = candidates_.insert(place, std::move(candidate));
        place->group = address_limits_ ? group_key(contact.endpoint.address) : 0;
    } else if (place->state == State::heard) {
        place->hops = std::min(place->hops, static_cast<std::uint8_t>(hops));
        if (place->contact.sequence < contact.sequence) {
            place->contact = contact;
            place->group = address_limits_ ? group_key(contact.endpoint.address) : 0;
        }
    }
    place->heard_by |= bit(path);
}

bool Lookup::in_view(const Candidate& candidate, std::size_t path) const {
    if ((candidate.heard_by & bit(path)) == 0) return false;
    // To resolve an ID each path asks 16 nodes of its own; it hardly ever comes to that. For the
    // closest nodes it is enough that any path asked them.
    return goal_ == Goal::closest || candidate.state == State::heard || candidate.path == path;
}

/// The candidates of a path in the order in which it asks them: the closest first, but nodes of a
/// network group of which enough were asked, or come before them, stand behind all others.
std::vector<Lookup::Place> Lookup::view(std::size_t path) {
    const unsigned group_max = goal_ == Goal::resolve ? 1 : 2;
    boost::container::flat_map<std::uint64_t, unsigned> of_group;
    for (const auto& candidate : candidates_) {
        if (candidate.group != 0 && candidate.state != State::heard) ++of_group[candidate.group];
    }
    std::vector<Place> view;
    for (auto at = candidates_.begin(); at != candidates_.end(); ++at) {
        if (!in_view(*at, path)) continue;
        view.push_back(at);
        if (at->state != State::heard || at->group == 0) continue;
        at->tier = static_cast<std::uint8_t>(std::min(of_group[at->group]++ / group_max, 255U));
    }
    std::ranges::stable_sort(view, {}, [](Place at) { return at->tier; });
    return view;
}

/// Forgets the last candidates that were not asked, if a path has too many.
void Lookup::prune(std::size_t path) {
    std::size_t kept = 0;
    for (const Place at : view(path)) {
        if (at->state != State::heard || ++kept <= path_candidates_max) continue;
        at->heard_by &= static_cast<std::uint8_t>(~bit(path));
    }
    std::erase_if(candidates_,
                  [](const Candidate& c) { return c.state == State::heard && c.heard_by == 0; });
}

// --- Questions ---

/// The log distance from the target of the farthest of the 16 closest nodes that are known.
unsigned Lookup::radius() const {
    std::size_t good = 0;
    for (const auto& candidate : candidates_) {
        if (candidate.state != State::failed && ++good == results_max) {
            return log_distance(candidate.contact.id, target_);
        }
    }
    return log_distance_max;
}

/// 1 to 3 distances, the most useful first: the node fills its answer with records of the first one
/// before it goes on. All nodes that it knows nearer to the target than itself, at log distance d,
/// are in its bucket d: so that comes first. But nodes at the same distance know much the same
/// there: for the closest nodes, a path that had an answer from one of them asks the next for it
/// last. Bucket d - 1 holds nodes about as near as itself. Then comes the edge of the 16 closest,
/// if the node stands within.
std::vector<std::uint16_t> Lookup::distances(const Id& node, std::size_t path) const {
    const unsigned distance = log_distance(node, target_);
    const bool known =
        goal_ == Goal::closest && std::ranges::any_of(candidates_, [&](const Candidate& candidate) {
            return candidate.state == State::answered && candidate.path == path &&
                   log_distance(candidate.contact.id, target_) == distance;
        });
    std::vector<std::uint16_t> distances;
    const auto add = [&](unsigned wanted) {
        const auto value = static_cast<std::uint16_t>(wanted);
        if (value > 0 && std::ranges::find(distances, value) == distances.end()) {
            distances.push_back(value);
        }
    };
    if (!known) add(distance);
    if (distance > 1) add(distance - 1);
    if (distance < radius()) {
        add(radius());
    } else if (distance > 2) {
        add(distance - 2);
    }
    add(distance);
    return distances;
}

/// The first of the 16 best that was not asked. Null when the path has no node to ask.
Lookup::Candidate* Lookup::next_of(std::size_t path) {
    std::size_t good = 0;
    for (const Place at : view(path)) {
        if (good == results_max) break;
        if (at->state == State::heard) return &*at;
        if (at->state != State::failed && !at->late) ++good;
    }
    return nullptr;
}

/// When no path has a node to ask or an answer to wait for: a node at the edge that has not listed
/// its neighbours, while too few have. Only nodes that answered count: those that a liar invents
/// neither move the edge nor are asked in vain. The paths take turns: one may have fallen among
/// liars.
Lookup::Candidate* Lookup::next_of_edge() {
    if (goal_ != Goal::closest) return nullptr;
    unsigned edge = log_distance_max;
    std::size_t good = 0;
    for (const auto& candidate : candidates_) {
        const bool awaited = candidate.state == State::asked && !candidate.late;
        if (awaited && candidate.listed_at == 0) return nullptr;
        if (candidate.spoke && ++good == results_max) {
            edge = log_distance(candidate.contact.id, target_);
        }
    }
    if (edge <= 1) return nullptr;
    std::array<unsigned, paths> listed{};
    std::array<Candidate*, paths> first{};
    for (auto& candidate : candidates_) {
        if (!candidate.spoke || log_distance(candidate.contact.id, target_) != edge) continue;
        if (candidate.listed_at == edge) {
            ++listed[candidate.path];
        } else if (first[candidate.path] == nullptr) {
            first[candidate.path] = &candidate;
        }
    }
    if (listed[0] + listed[1] + listed[2] >= edge_answers_min) return nullptr;
    Candidate* next = nullptr;
    for (Candidate* candidate : first) {
        if (candidate && (!next || listed[candidate->path] < listed[next->path])) next = candidate;
    }
    return next;
}

Lookup::Request Lookup::ask(Candidate& candidate, std::size_t path,
                            std::vector<std::uint16_t> distances) {
    candidate.state = State::asked;
    candidate.path = static_cast<std::uint8_t>(path);
    ++in_flight_[path];
    ++requests_;
    candidate.distances = std::move(distances);
    return Request{candidate.contact, candidate.distances};
}

std::optional<Lookup::Request> Lookup::next() {
    if (found_ || requests_ >= requests_max) return std::nullopt;
    if (in_flight_[0] + in_flight_[1] + in_flight_[2] >= int{in_flight_max}) return std::nullopt;
    // The path with the fewest requests under way; of several by turns.
    std::array<std::size_t, paths> order{};
    for (std::size_t i = 0; i < paths; ++i) order[i] = (turn_ + i) % paths;
    ++turn_;
    std::ranges::stable_sort(order, {}, [&](std::size_t path) { return in_flight_[path]; });
    for (const std::size_t path : order) {
        Candidate* candidate = next_of(path);
        if (!candidate) continue;
        return ask(*candidate, path, distances(candidate->contact.id, path));
    }
    auto* candidate = next_of_edge();
    if (!candidate) return std::nullopt;
    const unsigned edge = log_distance(candidate->contact.id, target_);
    candidate->listed_at = edge;
    return ask(*candidate, candidate->path, neighbours_of(edge));
}

Lookup::Candidate* Lookup::asked(const Id& id) {
    const auto place = std::ranges::find_if(candidates_, [&](const Candidate& c) {
        return c.state == State::asked && c.contact.id == id;
    });
    return place == candidates_.end() ? nullptr : &*place;
}

void Lookup::on_nodes(const Id& from, std::span<const Contact> nodes) {
    Candidate* teller = asked(from);
    if (!teller) return;
    teller->state = State::answered;
    teller->spoke = true;
    const std::size_t path = teller->path;
    release(*teller);
    const unsigned hops = teller->hops + 1U;
    const auto wanted = std::move(teller->distances);
    std::vector<const Contact*> told;
    for (const Contact& node : nodes) {
        const auto distance = static_cast<std::uint16_t>(log_distance(from, node.id));
        if (std::ranges::find(wanted, distance) != wanted.end()) told.push_back(&node);
    }
    std::ranges::sort(
        told, [&](const Contact* a, const Contact* b) { return closer(target_, a->id, b->id); });
    if (told.size() > answer_records_max) told.resize(answer_records_max);
    // Paths that got no seed share what the first ones hear.
    std::vector<std::size_t> takers{path};
    for (std::size_t other = 0; other < paths; ++other) {
        const bool idle = std::ranges::none_of(
            candidates_, [&](const Candidate& c) { return (c.heard_by & bit(other)) != 0; });
        if (idle) takers.push_back(other);
    }
    for (std::size_t i = 0; i < told.size(); ++i) hear(*told[i], takers[i % takers.size()], hops);
    for (const std::size_t taker : takers) prune(taker);
}

void Lookup::release(Candidate& candidate) {
    if (!candidate.late) --in_flight_[candidate.path];
    candidate.late = false;
}

void Lookup::on_late(const Id& from) {
    Candidate* candidate = asked(from);
    if (!candidate) return;
    release(*candidate);
    candidate->late = true;
}

void Lookup::on_failure(const Id& from) {
    Candidate* candidate = asked(from);
    if (!candidate) return;
    candidate->state = candidate->spoke ? State::answered : State::failed;
    release(*candidate);
}

bool Lookup::done() {
    if (found_) return true;
    if (in_flight_[0] + in_flight_[1] + in_flight_[2] > 0) return false;
    if (requests_ >= requests_max) return true;
    for (std::size_t path = 0; path < paths; ++path) {
        if (next_of(path)) return false;
    }
    return !waits() && next_of_edge() == nullptr;
}

/// Whether a late answer may come from a node among the 16 closest.
bool Lookup::waits() const {
    std::size_t answered = 0;
    for (const auto& candidate : candidates_) {
        if (answered == results_max) return false;
        if (candidate.state == State::asked) return true;
        if (candidate.state == State::answered) ++answered;
    }
    return false;
}

void Lookup::refuse_found() {
    found_.reset();
}

// --- Results ---

std::vector<Contact> Lookup::closest() const {
    std::vector<Contact> closest;
    for (const auto& candidate : candidates_) {
        if (closest.size() == results_max) break;
        if (candidate.state == State::answered) closest.push_back(candidate.contact);
    }
    return closest;
}

unsigned Lookup::hops() const {
    if (found_) return found_hops_;
    const auto best = std::ranges::find(candidates_, State::answered, &Candidate::state);
    return best == candidates_.end() ? 0 : best->hops;
}

}  // namespace parley::discovery::discv5
