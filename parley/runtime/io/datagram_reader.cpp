#include <parley/runtime/io/datagram_reader.hpp>

#include <cerrno>
#include <system_error>
#include <utility>

namespace parley::runtime {

DatagramReader::DatagramReader(Poller& poller, DatagramSocket& socket, std::size_t index,
                               NodeInbox& inbox)
    : poller_(poller), socket_(socket), index_(index), inbox_(inbox) {}

DatagramReader::~DatagramReader() {
    poller_.remove(socket_.fd(), *this);
}

void DatagramReader::start() {
    if (!poller_.add(socket_.fd(), *this)) {
        throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
    }
}

void DatagramReader::taken() {
    --untaken_;
    if (paused_.exchange(false)) poller_.post([this] { read(); });
}

void DatagramReader::close() {
    poller_.post([this] { closed_ = true; });
}

void DatagramReader::on_ready(Poller::Ready ready) {
    if (ready.readable && !paused_) read();
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
    if (more) poller_.post([this] { read(); });
}

}  // namespace parley::runtime
