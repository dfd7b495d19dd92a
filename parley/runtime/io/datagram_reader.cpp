#include <parley/runtime/io/datagram_reader.hpp>

#include <boost/asio/post.hpp>

#include <utility>

namespace parley::runtime {

DatagramReader::DatagramReader(boost::asio::io_context& context, DatagramSocket& socket,
                               std::size_t index, NodeInbox& inbox)
    : context_(context),
      socket_(socket),
      descriptor_(context, socket.fd()),
      index_(index),
      inbox_(inbox) {}

DatagramReader::~DatagramReader() {
    descriptor_.release();  // the socket owns it
}

void DatagramReader::taken() {
    --untaken_;
    if (paused_.exchange(false)) boost::asio::post(context_, [this] { read(); });
}

void DatagramReader::close() {
    boost::asio::post(context_, [this] {
        closed_ = true;
        descriptor_.cancel();
    });
}

void DatagramReader::await() {
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [this](const boost::system::error_code& error) {
                               if (!error) read();
                           });
}

void DatagramReader::read() {
    if (closed_) return;
    if (untaken_ >= untaken_max) {
        // The node may have taken one meanwhile, and not have seen that it should say so.
        paused_ = true;
        if (untaken_ >= untaken_max || !paused_.exchange(false)) return;
    }
    Received received{.datagrams = {}, .socket = index_};
    const bool more = socket_.receive(received.datagrams);
    if (!received.datagrams.empty()) {
        ++untaken_;
        inbox_.push(std::move(received));
    }
    if (more) {
        boost::asio::post(context_, [this] { read(); });
    } else {
        await();
    }
}

}  // namespace parley::runtime
