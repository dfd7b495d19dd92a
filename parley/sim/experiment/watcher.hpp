// Watcher: a module that counts the peers that it is told of. Tests and checkers plug it in.
// Threading: the node's.
#pragma once

#include <parley/transport/module.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace parley::sim {

class Watcher final : public transport::PeerHandler {
public:
    explicit Watcher(std::string topic = "watch") : topic_(std::move(topic)) {}

    transport::TopicSpec topic() const override { return {.name = topic_, .version = 1}; }
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override {
        ++seen_[context.id()];
        ++here_[context.id()];
        most_at_once_ = std::max(most_at_once_, here_[context.id()]);
        return std::make_unique<Peer>(*this, context.id());
    }

    /// How often a peer was announced to the module.
    std::size_t seen(const NodeId& id) const { return count(seen_, id); }
    /// Announced and not yet closed.
    std::size_t here(const NodeId& id) const { return count(here_, id); }
    /// The most that one peer was announced at once: 1 if all is well.
    std::size_t most_at_once() const { return most_at_once_; }
    /// Announced peers that are not closed, in all.
    std::size_t open() const {
        std::size_t sum = 0;
        for (const auto& [id, n] : here_) sum += n;
        return sum;
    }

private:
    class Peer final : public transport::TopicHandler {
    public:
        Peer(Watcher& watcher, const NodeId& id) : watcher_(watcher), id_(id) {}
        Result<void, transport::Offence> handle(transport::Code, transport::Message) override {
            return {};
        }
        void on_closed(transport::CloseReason) override { --watcher_.here_[id_]; }

    private:
        Watcher& watcher_;
        NodeId id_;
    };
    static std::size_t count(const std::map<NodeId, std::size_t>& map, const NodeId& id) {
        const auto found = map.find(id);
        return found == map.end() ? 0 : found->second;
    }

    std::string topic_;
    std::map<NodeId, std::size_t> seen_;
    std::map<NodeId, std::size_t> here_;
    std::size_t most_at_once_ = 0;
};

}  // namespace parley::sim
