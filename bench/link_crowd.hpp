// LinkCrowd: thousands of peers on one thread: Link machines on sockets, with no node behind them.
// Each has an ID and a loopback address of its own; keys come from its number, so that two
// processes know the same crowd.
#pragma once

#include "sockets.hpp"
#include <parley/base/rng.hpp>
#include <parley/identity/node_key.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/transport/link/link.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace parley::bench {

class LinkCrowd {
public:
    LinkCrowd(std::size_t peers, std::vector<transport::TopicSpec> topics, std::uint64_t network_id,
              const transport::ForkRules& forks = {});
    ~LinkCrowd();
    LinkCrowd(const LinkCrowd&) = delete;
    LinkCrowd& operator=(const LinkCrowd&) = delete;

    static NodeKey key(std::size_t peer);
    /// Where a peer listens, if listen() said this port.
    static Endpoint endpoint(std::size_t peer, std::uint16_t port);

    /// From here on all peers take callers. The port.
    std::uint16_t listen();
    void dial(std::size_t peer, const Target& target);
    /// Dials for those that have no link, so many at a time, and lets `time` pass.
    void dial_missing(const Target& target, std::size_t at_a_time, Duration time);
    bool up(std::size_t peer) const { return peers_[peer].up; }
    bool busy(std::size_t peer) const { return peers_[peer].fd >= 0; }
    std::size_t up_count() const { return up_; }
    std::size_t failed_count() const { return failed_; }
    /// Queues a message; lanes are those of `topics` by name, from 1.
    void send(std::size_t peer, transport::LaneId lane, transport::Code code, Bytes message);
    /// Says goodbye.
    void hang_up(std::size_t peer);
    /// Closes the socket as a crash does.
    void vanish(std::size_t peer);
    void run_for(Duration time);

    /// Called for each message.
    std::function<void(std::size_t peer, transport::LaneId, transport::Code, Bytes)> on_message;

private:
    struct Peer {
        std::optional<transport::Link> link;
        std::shared_ptr<const transport::LinkIdentity> identity;
        Buffer out;
        std::size_t out_sent = 0;
        int fd = -1;
        bool up = false, awaits_writable = false, dialed = false;
    };
    const std::shared_ptr<const transport::LinkIdentity>& identity(std::size_t peer);
    void watch(std::size_t peer, bool writable);
    void accept_all();
    void attach(std::size_t peer, int fd, transport::Link link);
    void read(std::size_t peer);
    void settle(std::size_t peer);
    void handle(std::size_t peer);
    void now_up(Peer& peer);
    void take(std::size_t peer, transport::Delivered& delivered);
    void end(std::size_t peer);

    std::vector<transport::TopicSpec> topics_;
    std::uint64_t network_id_;
    transport::ForkRules forks_;
    runtime::OsEntropy entropy_;
    std::vector<NodeKey> keys_;
    std::vector<Peer> peers_;
    std::vector<transport::LinkEvent> events_;
    Buffer scratch_;
    int epoll_ = -1, listener_ = -1;
    std::size_t up_ = 0, failed_ = 0;
    Instant look_at_timers_{};
};

}  // namespace parley::bench
