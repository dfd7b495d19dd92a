// DatagramReader: reads a UDP socket and hands the node what came. It holds at most `untaken_max`
// batches that the node has not dealt with; what comes then waits in the system's buffer, and is
// lost when that is full.
// Threading: `taken` and `close` from any thread; the rest runs on its I/O thread.
#pragma once

#include <parley/runtime/io/datagram_socket.hpp>
#include <parley/runtime/io/node_inbox.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <atomic>
#include <cstddef>

namespace parley::runtime {

class DatagramReader {
public:
    static constexpr std::size_t untaken_max = 4;

    /// `index` comes back in Received::socket. `socket` outlives this.
    DatagramReader(boost::asio::io_context& context, DatagramSocket& socket, std::size_t index,
                   NodeInbox& inbox);
    ~DatagramReader();
    DatagramReader(const DatagramReader&) = delete;
    DatagramReader& operator=(const DatagramReader&) = delete;

    /// Before the I/O thread runs.
    void start() { await(); }
    /// The node dealt with one batch.
    void taken();
    void close();

private:
    void await();
    void read();

    boost::asio::io_context& context_;
    DatagramSocket& socket_;
    boost::asio::posix::stream_descriptor descriptor_;
    std::size_t index_;
    NodeInbox& inbox_;
    std::atomic<std::size_t> untaken_{0};
    std::atomic<bool> paused_{false};
    bool closed_ = false;
};

}  // namespace parley::runtime
