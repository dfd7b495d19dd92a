// DatagramSockets: all UDP sockets of a node. A peer is answered from the address that it asked: a
// node with several addresses is otherwise silent to whoever waits for an answer from that one, as
// routers and every peer's own tables do.
//
// Bounds: peers whose way is remembered; the least recent is forgotten first, and is then sent to
// as a stranger is, from the address that the system chooses.
// Threading: add() before any other; send() and note() on the node's thread, and each socket's
// receive() on one thread of its own.
#pragma once

#include <parley/base/lru.hpp>
#include <parley/identity/datagram.hpp>
#include <parley/runtime/io/datagram_socket.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace parley::runtime {

class DatagramSockets {
public:
    static constexpr std::size_t peers_max = 8192;

    /// `salt`: random.
    explicit DatagramSockets(std::uint64_t salt) : ways_(peers_max, salt) {}

    /// Returns the new one, whose index is size() - 1.
    DatagramSocket& add(DatagramSocket socket);
    std::size_t size() const { return sockets_.size(); }
    /// These came on the socket of that index.
    void note(std::size_t socket, const DatagramBatch& received);
    /// Each on one socket.
    void send(const DatagramBatch& datagrams);
    const DatagramCounts& counts() const { return counts_; }

private:
    struct Way {
        std::size_t socket = 0;
        IpAddress from;
    };

    const Way* way_to(const Endpoint& peer);
    void count(const SendResult& result);

    std::vector<std::unique_ptr<DatagramSocket>> sockets_;
    bool has_choice_ = false;  // of the address that a datagram comes from
    LruMap<ByteArray<19>, Way> ways_;
    std::vector<Way> strangers_;                           // the first socket of each family
    std::vector<std::vector<OutgoingDatagram>> outgoing_;  // by socket; scratch
    DatagramCounts counts_;
};

}  // namespace parley::runtime
