#include <parley/sim/attacks/attack_rewriter.hpp>

#include <parley/transport/handshake/hello_check.hpp>
#include <parley/transport/link/lanes_out.hpp>

#include <algorithm>
#include <utility>

namespace parley::sim {

using namespace transport;

void Rewriter::send_to_all(std::string_view topic, Code code, const SharedBytes& message) {
    world().call(host(),
                 [&](p2p::NodeCore& core, Now) { core.links().broadcast(topic, code, message); });
}

// --- Commands --------------------------------------------------------------------------------

void Rewriter::on_node_effects(Now now, std::vector<SwitchEffect>& effects) {
    std::erase_if(effects, [&](SwitchEffect& effect) {
        auto* command = std::get_if<CommandLink>(&effect);
        return command != nullptr && !keep(now, *command);
    });
}

bool Rewriter::keep(Now now, CommandLink& command) {
    if (auto* send = std::get_if<Send>(&command.command)) return rewrite(now, command.link, *send);
    if (auto* refuse = std::get_if<Refuse>(&command.command)) on_goodbye(refuse->goodbye);
    return on_command(now, command.command);
}

bool Rewriter::rewrite(Now now, LinkId link, Send& send) {
    const auto found = links_.find(link);
    if (found == links_.end() || send.lane == 0 || send.lane > found->second.size()) return true;
    auto& lane = found->second[send.lane - 1U];
    const auto believed = credit_cost(send.message.size());
    const bool kept = on_send(now, link, lane.topic, send);
    count(lane, {believed, kept ? credit_cost(send.message.size()) : 0});
    return kept;
}

// --- Accounts --------------------------------------------------------------------------------

void Rewriter::count(Lane& lane, Waiting message) {
    if (message.unchanged() && !lane.waiting.empty() && lane.waiting.back().unchanged()) {
        lane.waiting.back().believed += message.believed;
        lane.waiting.back().real += message.real;
    } else {
        lane.waiting.push_back(message);
    }
}

/// What the node believes to have left when so much has.
std::uint64_t Rewriter::believed_of(Lane& lane, std::uint64_t real) {
    std::uint64_t believed = 0;
    while (!lane.waiting.empty()) {
        auto& first = lane.waiting.front();
        if (first.real > real) {
            if (first.unchanged()) {
                first.believed -= real;
                first.real -= real;
                believed += real;
            }
            break;
        }
        real -= first.real;
        believed += first.believed;
        lane.waiting.pop_front();
    }
    return believed;
}

// --- Events ----------------------------------------------------------------------------------

void Rewriter::on_node_events(Now now, LinkId link, std::vector<LinkEvent>& events) {
    for (auto& event : events) {
        if (const auto* authenticated = std::get_if<Authenticated>(&event)) {
            remember(link, authenticated->hello);
            on_authenticated(now, *authenticated);
        } else if (auto* drained = std::get_if<Drained>(&event)) {
            const auto found = links_.find(link);
            if (found == links_.end() || drained->lane == 0 ||
                drained->lane > found->second.size()) {
                continue;
            }
            drained->bytes = believed_of(found->second[drained->lane - 1U], drained->bytes);
        } else if (std::holds_alternative<Closed>(event)) {
            links_.erase(link);
        }
    }
}

void Rewriter::remember(LinkId link, const Hello& theirs) {
    const auto identity = node().links().identity();
    std::vector<Lane> lanes;
    for (const auto& topic : common_topics(identity->hello, theirs)) {
        lanes.push_back({topic.name, {}});
    }
    // Links of an earlier life did not say that they ended.
    if (links_.size() >= links_max) links_.erase(links_.begin());
    links_.insert_or_assign(link, std::move(lanes));
}

}  // namespace parley::sim
