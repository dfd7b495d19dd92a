#include <parley/discovery/discv5/lookup.hpp>

#include <parley/codec/endian.hpp>

#include <boost/container/flat_map.hpp>

#include <algorithm>
#include <utility>

namespace parley::discovery::discv5 {

namespace {

/// Equal for addresses of one /24 (IPv6: /48); 0 for those that are not counted.
std::uint64_t group_key(const IpAddress& address) {
    if (is_exempt_from_group_limits(address)) return 0;
    const NetworkGroup group = inbound_group(address);
    return load_be<std::uint64_t>(group.prefix) | (group.v4 ? 4 : 6);
}

std::uint8_t bit(std::size_t path) {
    return static_cast<std::uint8_t>(1U << path);
}

}  // namespace

std::vector<std::uint16_t> lookup_distances(const Id& node, const Id& target) {
    const unsigned distance = log_distance(node, target);
    std::vector<std::uint16_t> distances{static_cast<std::uint16_t>(distance)};
    if (distance < log_distance_max) distances.push_back(static_cast<std::uint16_t>(distance + 1));
    if (distance > 1) distances.push_back(static_cast<std::uint16_t>(distance - 1));
    return distances;
}

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
        if (found_ && found_->sequence >= contact.sequence) return;
        found_ = contact;
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
    // closest nodes it is enough that somebody asked them.
    return goal_ == Goal::closest || candidate.state == State::heard || candidate.path == path;
}

/// What a path works on, in the order in which it does. Candidates of a network group of which
/// others are asked, or would be before, are put behind all those of which that is not so.
std::vector<Lookup::Place> Lookup::view(std::size_t path) {
    const unsigned group_max = goal_ == Goal::resolve ? 1 : 2;
    boost::container::flat_map<std::uint64_t, unsigned> of_group;
    for (const auto& candidate : candidates_) {
        if (candidate.group != 0 && candidate.state != State::heard) ++of_group[candidate.group];
    }
    std::vector<Place> view;
    for (auto at = candidates_.begin(); at != candidates_.end(); ++at) {
        if (!in_view(*at, path)) continue;
        if (at->state == State::heard) {
            at->tier = at->group == 0
                           ? std::uint8_t{0}
                           : static_cast<std::uint8_t>(of_group[at->group]++ / group_max);
        }
        view.push_back(at);
    }
    std::ranges::stable_sort(view, {}, [](Place at) { return at->tier; });
    return view;
}

/// Forgets the last of those who were not asked, if a path has too many.
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

/// The first of the 16 best that was not asked; then who failed and would be among them. Null when
/// the path has nobody to ask.
Lookup::Candidate* Lookup::next_of(std::size_t path) {
    Candidate* again = nullptr;
    std::size_t good = 0;
    for (const Place at : view(path)) {
        if (good == results_max) break;
        if (at->state == State::failed) {
            const bool ours = at->path == path && at->attempts < attempts_max;
            if (ours && (!again || at->attempts < again->attempts)) again = &*at;
            continue;
        }
        if (at->state == State::heard) return &*at;
        ++good;
    }
    return again;
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
        candidate->state = State::asked;
        candidate->path = static_cast<std::uint8_t>(path);
        ++candidate->attempts;
        ++in_flight_[path];
        ++requests_;
        return Request{candidate->contact, lookup_distances(candidate->contact.id, target_)};
    }
    return std::nullopt;
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
    --in_flight_[teller->path];
    const std::size_t path = teller->path;
    const unsigned hops = teller->hops + 1U;
    const auto wanted = lookup_distances(from, target_);
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

void Lookup::on_failure(const Id& from) {
    Candidate* candidate = asked(from);
    if (!candidate) return;
    candidate->state = State::failed;
    --in_flight_[candidate->path];
}

bool Lookup::done() {
    if (found_) return true;
    if (in_flight_[0] + in_flight_[1] + in_flight_[2] > 0) return false;
    if (requests_ >= requests_max) return true;
    for (std::size_t path = 0; path < paths; ++path) {
        if (next_of(path)) return false;
    }
    return true;
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
