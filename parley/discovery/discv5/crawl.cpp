#include <parley/discovery/discv5/crawl.hpp>

#include <algorithm>
#include <set>

namespace parley::discovery::discv5 {

Crawl::Crawl(const Id& self, std::span<const Contact> seeds, const CrawlConfig& config)
    : config_(config), self_(self) {
    for (const auto& seed : seeds) hear(seed);
}

void Crawl::hear(const Contact& contact) {
    if (contact.id == self_) return;
    const auto found = nodes_.find(contact.id);
    if (found != nodes_.end()) {
        // A node that answers tells its own record; of any other, the next attempt goes to where
        // the newest record says.
        auto& node = found->second;
        if (!node.known.answered && !node.asked && node.known.contact.sequence < contact.sequence) {
            node.known.contact = contact;
        }
        return;
    }
    if (nodes_.size() >= config_.nodes_max) {
        full_ = true;
        return;
    }
    nodes_.emplace(contact.id, Node{.known = {.contact = contact}});
    waiting_.push_back(contact.id);
}

// --- Questions ---

std::vector<std::uint16_t> Crawl::distances(const Node& node) {
    if (node.width == 0) return {0};
    std::vector<std::uint16_t> distances;
    for (unsigned i = 0; i < node.width && i < node.top; ++i) {
        distances.push_back(static_cast<std::uint16_t>(node.top - i));
    }
    return distances;
}

std::optional<Crawl::Request> Crawl::next(Now now) {
    if (in_flight_ >= config_.in_flight_max) return std::nullopt;
    while (!begun_.empty() || !waiting_.empty()) {
        auto& queue = begun_.empty() ? waiting_ : begun_;
        auto& node = nodes_.find(queue.front())->second;
        queue.pop_front();
        if (given_up(node)) {
            end(node);
            continue;
        }
        node.asked = true;
        node.asked_at = now.instant;
        ++node.attempts;
        ++in_flight_;
        ++requests_;
        return Request{node.known.contact, distances(node)};
    }
    return std::nullopt;
}

/// A node that has not answered, at an address that never does.
bool Crawl::given_up(const Node& node) const {
    const auto& address = node.known.contact.endpoint.address;
    if (node.known.answered || is_exempt_from_group_limits(address)) return false;
    const auto found = failures_.find(exact_group(address));
    return found != failures_.end() && found->second >= config_.address_failures_max;
}

void Crawl::end(Node& node) {
    node.known.ended = true;
    ++ended_;
    if (!node.known.answered) ++silent_;
}

// --- Answers ---

/// The node whose answer is awaited, which ends with this; null: none is.
Crawl::Node* Crawl::asked(const Id& id) {
    const auto found = nodes_.find(id);
    if (found == nodes_.end() || !found->second.asked) return nullptr;
    found->second.asked = false;
    --in_flight_;
    return &found->second;
}

void Crawl::on_nodes(Now now, const Id& from, std::span<const Contact> nodes) {
    Node* node = asked(from);
    if (!node) return;
    auto& known = node->known;
    if (known.answered && node->attempts == 1) {  // the session may be gone by a further one
        const Duration took = now.instant - node->asked_at;
        known.round_trip = std::min(known.round_trip.value_or(took), took);
    }
    if (!known.answered) {
        ++answered_;
        failures_.erase(exact_group(known.contact.endpoint.address));
    }
    known.answered = true;
    if (proceed(*node, learn(*node, nodes))) {
        begun_.push_back(from);
    } else {
        end(*node);
    }
}

void Crawl::on_failure(const Id& from) {
    Node* node = asked(from);
    if (!node) return;
    if (!node->known.answered) ++failures_[exact_group(node->known.contact.endpoint.address)];
    if (node->attempts < config_.attempts_max) {
        waiting_.push_back(from);
    } else {
        end(*node);
    }
}

/// Hears of the nodes in an answer; returns how many others there were.
std::size_t Crawl::learn(Node& teller, std::span<const Contact> nodes) {
    const auto wanted = distances(teller);
    auto& contact = teller.known.contact;
    std::set<Id> told;
    for (const auto& node : nodes) {
        const auto distance = log_distance(contact.id, node.id);
        if (std::ranges::find(wanted, distance) == wanted.end()) continue;
        if (distance != 0) {
            if (node.id != self_ && told.insert(node.id).second) hear(node);
        } else if (contact.sequence < node.sequence) {
            contact.sequence = node.sequence;  // it is asked where it answered
            contact.record = node.record;
        }
    }
    teller.known.neighbours += told.size();
    return told.size();
}

/// Chooses the node's next request, after an answer that held so many others; false: none is left.
bool Crawl::proceed(Node& node, std::size_t told) const {
    node.attempts = 0;
    if (++node.requests >= config_.requests_max) return false;
    if (node.width == 0) {
        node.width = 1;
        return true;
    }
    const bool was_wide = node.width > 1;
    if (node.top <= node.width) return false;
    node.top = static_cast<std::uint16_t>(node.top - node.width);
    node.empty = was_wide && told == 0 ? node.empty + 1 : 0;
    if (told == 0) node.width = wide;
    return node.empty < wide_empty_max;
}

// --- Results ---

Crawl::Progress Crawl::progress() const {
    return {.found = nodes_.size(),
            .answered = answered_,
            .silent = silent_,
            .ended = ended_,
            .in_flight = in_flight_,
            .requests = requests_,
            .full = full_};
}

const CrawledNode* Crawl::find(const Id& id) const {
    const auto found = nodes_.find(id);
    return found == nodes_.end() ? nullptr : &found->second.known;
}

void Crawl::for_each(const std::function<void(const CrawledNode&)>& visit) const {
    for (const auto& [id, node] : nodes_) visit(node.known);
}

}  // namespace parley::discovery::discv5
