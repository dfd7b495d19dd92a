// Who asks in dht.requests. All requests are sealed before the first is sent, and answers are
// counted, not read: so one core that serves is never kept waiting by another that asks.
#include "dht.hpp"
#include "dht_node.hpp"
#include <parley/runtime/io/datagram_socket.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <list>
#include <stdexcept>

namespace parley::bench {

using namespace discovery::discv5;
using runtime::DatagramSocket;

namespace {

constexpr std::size_t sockets = 4;
constexpr std::size_t peers_each = 32;
constexpr std::size_t burst = 32;  ///< requests, half of each kind
constexpr std::size_t bursts_in_flight = 2;
constexpr std::size_t bursts_prepared = 16;
constexpr int patience_ms = 20;  ///< then what is missing is lost

/// One address that asks.
class Asker {
public:
    Asker(std::size_t number, const Endpoint& node)
        : socket_(DatagramSocket::bind({IpAddress::v4({std::byte{127}, std::byte{0}, std::byte{0},
                                                       static_cast<std::byte>(2 + number)}),
                                        0})
                      .value()),
          node_(node) {
        for (std::size_t i = 0; i < DatagramSocket::batch_max; ++i) {
            pieces_[i] = {bytes_[i].data(), bytes_[i].size()};
            headers_[i].msg_hdr.msg_iov = &pieces_[i];
            headers_[i].msg_hdr.msg_iovlen = 1;
        }
    }

    int fd() const { return socket_.fd(); }
    Buffer exchange(Bytes datagram) {
        DatagramBatch batch;
        batch.add(node_, datagram);
        (void)socket_.send(batch);
        DatagramBatch answers;
        while (answers.empty()) {
            pollfd polled{fd(), POLLIN, 0};
            if (::poll(&polled, 1, 1000) == 0) throw std::runtime_error{"no answer"};
            (void)socket_.receive(answers);
        }
        return to_buffer(answers[0]);
    }
    void prepare(Bytes datagram) {
        if (prepared_.empty() || prepared_.back().size() == burst) prepared_.emplace_back();
        prepared_.back().add(node_, datagram);
    }
    void send() {
        (void)socket_.send(prepared_[next_]);
        next_ = (next_ + 1) % prepared_.size();
    }
    /// How many packets came.
    std::size_t drain() {
        std::size_t packets = 0;
        for (;;) {
            const int count =
                ::recvmmsg(fd(), headers_.data(), DatagramSocket::batch_max, MSG_DONTWAIT, nullptr);
            if (count <= 0) return packets;
            packets += static_cast<std::size_t>(count);
        }
    }

    std::size_t awaited = 0;  ///< packets

private:
    DatagramSocket socket_;
    Endpoint node_;
    std::vector<DatagramBatch> prepared_;
    std::size_t next_ = 0;
    std::array<ByteArray<16>, DatagramSocket::batch_max> bytes_{};  // the rest is cut off
    std::array<iovec, DatagramSocket::batch_max> pieces_{};
    std::array<mmsghdr, DatagramSocket::batch_max> headers_{};
};

/// Peers at the asker's address, their sessions, and what they ask.
void prepare(Asker& asker, std::size_t number, const NodeId& node, const DhtTraffic& traffic,
             bool bare) {
    std::list<DhtPeer> peers;
    for (std::size_t i = 0; i < peers_each; ++i) {
        auto& peer = peers.emplace_back(dht_peer(10 + number * peers_each + i));
        if (bare) {
            peer.keys.seal = dht_bare_key;
        } else {
            const auto challenge = asker.exchange(peer.random_packet(node));
            (void)asker.exchange(peer.handshake(node, challenge, traffic.ping));
        }
    }
    auto peer = peers.begin();
    for (std::size_t i = 0; i < burst * bursts_prepared; ++i) {
        asker.prepare(peer->sealed(node, i % 2 == 0 ? traffic.ping : traffic.find_node));
        if (i % 2 == 1 && ++peer == peers.end()) peer = peers.begin();
    }
}

}  // namespace

int dht_load(const std::vector<std::string>& arguments) {
    const auto port = static_cast<std::uint16_t>(std::stoul(arguments.at(0)));
    const NodeId key{array_from_hex<33>(arguments.at(1)).value()};
    const bool bare = arguments.at(2) == "bare";
    DhtNode same;  // as the one that is asked
    const auto traffic = dht_traffic(same);
    const std::size_t burst_answers =
        burst / 2 * (traffic.pong_bytes.size() + traffic.nodes_bytes.size());

    std::list<Asker> askers;
    std::vector<pollfd> polled;
    for (std::size_t i = 0; i < sockets; ++i) {
        auto& asker =
            askers.emplace_back(i, Endpoint{Endpoint::parse("127.0.0.1:1")->address, port});
        prepare(asker, i, key, traffic, bare);
        polled.push_back({asker.fd(), POLLIN, 0});
    }
    for (;;) {
        for (auto& asker : askers) {
            asker.awaited -= std::min(asker.awaited, asker.drain());
            while (asker.awaited <= (bursts_in_flight - 1) * burst_answers) {
                asker.send();
                asker.awaited += burst_answers;
            }
        }
        if (::poll(polled.data(), polled.size(), patience_ms) == 0) {
            for (auto& asker : askers) asker.awaited = 0;
        }
    }
}

}  // namespace parley::bench
