// DatagramReader: reads a UDP socket and hands the datagrams to the node in batches.
// Bounds: untaken_max batches that the node has not dealt with. Further datagrams wait in the
// system's buffer, and are lost when that is full. Threading: `taken` and `close` from any thread;
// the rest runs on the poller's.
#pragma once

#include <parley/runtime/io/datagram_socket.hpp>
#include <parley/runtime/io/node_inbox.hpp>
#include <parley/runtime/io/poller.hpp>

#include <atomic>
#include <cstddef>

namespace parley::runtime {

class DatagramReader final : public Poller::Watcher {
public:
    /// Batches, of at most DatagramSocket::batch_max datagrams each.
    static constexpr std::size_t untaken_max = 4;

    /// `index` comes back in Received::socket. `poller`, `socket` and `inbox` outlive this.
    DatagramReader(Poller& poller, DatagramSocket& socket, std::size_t index, NodeInbox& inbox);
    ~DatagramReader() override;
    DatagramReader(const DatagramReader&) = delete;
    DatagramReader& operator=(const DatagramReader&) = delete;

    /// Begins to read. Before the poller runs.
    void start();
    /// The node has dealt with one batch.
    void taken();
    /// Stops reading, soon; a batch may still come.
    void close();
    /// There are datagrams.
    void on_ready(Poller::Ready ready) override;

private:
    void read();

    Poller& poller_;
    DatagramSocket& socket_;
    std::size_t index_;
    NodeInbox& inbox_;
    std::atomic<std::size_t> untaken_{0};
    std::atomic<bool> paused_{false};
    bool closed_ = false;
};

}  // namespace parley::runtime
