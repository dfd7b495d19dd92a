// Rewriter: an Actor that knows its node's links: the topic of each lane, and the peer. It may
// change, replace and drop messages, and keeps its node's account of the bytes that wait to be sent
// consistent. For the sources of sim/attacks alone.
#pragma once

#include <parley/sim/attacks/attack_actor.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace parley::sim {

class Rewriter : public Actor {
public:
    using Actor::Actor;

protected:
    /// One message on a topic, before it leaves. False: it never does.
    virtual bool on_send(Now, transport::LinkId, std::string_view /*topic*/, transport::Send&) {
        return true;
    }
    /// A Goodbye, before it leaves.
    virtual void on_goodbye(transport::Goodbye&) {}
    /// Any other command. False: it is dropped.
    virtual bool on_command(Now, transport::LinkCommand&) { return true; }
    /// A peer proved its ID.
    virtual void on_authenticated(Now, const transport::Authenticated&) {}

    /// Has the node send a message on every link that has the topic and room. Only in timers.
    void send_to_all(std::string_view topic, transport::Code code, const SharedBytes& message);

private:
    /// A message, or several that were left alone: its bytes as the node counts them (believed),
    /// and as the link does (real).
    struct Waiting {
        std::uint64_t believed = 0, real = 0;
        bool unchanged() const { return believed == real; }
    };
    struct Lane {
        std::string topic;
        std::deque<Waiting> waiting;  // bounded by the topic's send budget
    };
    static constexpr std::size_t links_max = 256;

    void on_node_effects(Now now, std::vector<transport::SwitchEffect>& effects) final;
    void on_node_events(Now now, transport::LinkId link,
                        std::vector<transport::LinkEvent>& events) final;
    void remember(transport::LinkId link, const transport::Hello& theirs);
    bool keep(Now now, transport::CommandLink& command);
    bool rewrite(Now now, transport::LinkId link, transport::Send& send);
    static void count(Lane& lane, Waiting message);
    static std::uint64_t believed_of(Lane& lane, std::uint64_t real);

    std::map<transport::LinkId, std::vector<Lane>> links_;  // lane - 1
};

}  // namespace parley::sim
