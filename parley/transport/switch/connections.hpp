// Connections: the table of all links of a Switch, and the effects that wait for its driver.
// Internal to transport. Threading: the node's thread.
#pragma once

#include <parley/transport/switch/connection.hpp>
#include <parley/transport/switch/switch_events.hpp>

#include <boost/container/flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace parley::transport {

/// Bounded by the tokens: each connection holds one of Slots until it is erased. References to
/// a Connection stay valid until then.
class Connections {
public:
    using Table = boost::container::flat_map<LinkId, std::unique_ptr<Connection>>;

    /// Dialing or handshaking, as the direction says.
    Connection& add(Instant now, const Endpoint& endpoint, Direction direction, SlotToken token);
    /// Null: it has ended.
    Connection* find(LinkId link) const;
    void erase(LinkId link) { table_.erase(link); }
    const Table& all() const { return table_; }

    /// From now on it is in phase up.
    void set_up(Instant now, Connection& connection);
    void remove_up(Connection& connection) { std::erase(up_, &connection); }
    /// By LinkId; in phase up, or closing after that.
    const std::vector<Connection*>& up() const { return up_; }

    void open(const Connection& connection, const Target& target) {
        effects_.emplace_back(OpenLink{connection.link, target});
    }
    void command(LinkId link, LinkCommand command) {
        effects_.emplace_back(std::in_place_type<CommandLink>, link, std::move(command));
    }
    /// A Send; small ones to one lane in a row become one SendChunks.
    void send(LinkId link, LaneId lane, Code code, SharedBytes message);
    /// The same of bytes that stay the caller's.
    void send_copy(LinkId link, LaneId lane, Code code, Bytes message);
    /// Swaps the effects so far into `out`, whose memory is used for the next ones.
    void take_effects(std::vector<SwitchEffect>& out) {
        out.clear();
        std::swap(out, effects_);
    }

private:
    bool add_to_run(LinkId link, LaneId lane, Code code, Bytes message);
    static void add(SendChunks& run, Code code, Bytes message);

    Table table_;
    std::vector<Connection*> up_;
    std::vector<SwitchEffect> effects_;
    std::uint64_t last_link_ = 0;
};

}  // namespace parley::transport
