#include "dht.hpp"
#include "dht_node.hpp"
#include "harness.hpp"
#include <parley/base/endian.hpp>
#include <parley/crypto/aead.hpp>
#include <parley/crypto/kdf.hpp>
#include <parley/runtime/io/datagram_socket.hpp>

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

namespace parley::bench {

using namespace discovery::discv5;
using runtime::DatagramSocket;

namespace {

constexpr std::uint64_t warm_up_requests = 20'000;
constexpr double measured_seconds = 1;

void wait_for(int fd) {
    pollfd polled{fd, POLLIN, 0};
    ::poll(&polled, 1, -1);
}

DatagramSocket loopback_socket() {
    auto socket = DatagramSocket::bind(Endpoint::parse("127.0.0.1:0").value());
    if (!socket) throw std::runtime_error{"no UDP socket"};
    return std::move(*socket);
}

PeerProcess load_on(const DatagramSocket& socket, const NodeId& key, const char* kind) {
    return PeerProcess{
        {"dht-load", std::to_string(socket.local().port), to_hex(key.bytes()), kind}};
}

/// `serve` takes what waits and says how many requests were answered in all.
template <class Serve>
double measure(Serve serve) {
    std::uint64_t from = 0;
    double began = 0;
    for (;;) {
        const std::uint64_t answered = serve();
        if (began == 0) {
            if (answered < warm_up_requests) continue;
            from = answered;
            began = thread_seconds_now();
        }
        const double seconds = thread_seconds_now() - began;
        if (seconds >= measured_seconds) return static_cast<double>(answered - from) / seconds;
    }
}

/// The system calls and the cryptography alone. One session's keys do for all.
class BareServer {
public:
    BareServer(DhtNode& node, const DatagramSocket& socket)
        : id_(node.service().id()), traffic_(dht_traffic(node)), fd_(socket.fd()) {
        for (std::size_t i = 0; i < batch; ++i) {
            place(in_, i, packet_bytes_max);
            place(out_, i, packet_bytes_max);
        }
    }

    std::uint64_t serve() {
        for (auto& message : in_.messages) message.msg_hdr.msg_namelen = sizeof(sockaddr_in);
        const int count = ::recvmmsg(fd_, in_.messages.data(), batch, 0, nullptr);
        if (count < 0) {
            wait_for(fd_);
            return answered_;
        }
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
            const Bytes plain = open(Bytes{in_.bytes[i]}.first(in_.messages[i].msg_len));
            const bool ping = plain[0] == traffic_.ping[0];
            for (const auto size : ping ? traffic_.pong_bytes : traffic_.nodes_bytes) {
                answer(in_.names[i], size);
            }
            ++answered_;
        }
        flush();
        return answered_;
    }

private:
    static constexpr std::size_t batch = DatagramSocket::batch_max;
    struct Batch {
        std::array<PacketBuffer, batch> bytes{};
        std::array<iovec, batch> pieces{};
        std::array<sockaddr_in, batch> names{};
        std::array<mmsghdr, batch> messages{};
    };
    static void place(Batch& in, std::size_t i, std::size_t size) {
        in.pieces[i] = {in.bytes[i].data(), size};
        auto& header = in.messages[i].msg_hdr;
        header.msg_name = &in.names[i];
        header.msg_namelen = sizeof(sockaddr_in);
        header.msg_iov = &in.pieces[i];
        header.msg_iovlen = 1;
    }
    void mask(Bytes in, MutableBytes out) {
        crypto::aes128_ctr(array_of<16>(id_), array_of<16>(in), in.subspan(16), out.subspan(16));
    }
    Bytes open(Bytes datagram) {
        const auto header = MutableBytes{header_}.first(ordinary_header_bytes);
        std::ranges::copy(datagram.first(16), header.begin());
        mask(datagram.first(header.size()), header);
        const Bytes sealed = datagram.subspan(header.size());
        const auto plain = MutableBytes{plain_}.first(sealed.size() - crypto::gcm_tag_bytes);
        if (!crypto::open_once(key_, header.subspan(25, 12), header, sealed, plain)) {
            throw std::runtime_error{"a packet does not open"};
        }
        return plain;
    }
    void answer(const sockaddr_in& to, std::size_t size) {
        const auto out =
            MutableBytes{out_.bytes[waiting_]}.first(ordinary_header_bytes + size + 16);
        const auto header = out.first(ordinary_header_bytes);
        std::ranges::copy(Bytes{header_}.first(header.size()), header.begin());
        store_be(header.subspan(25), ++nonces_);
        crypto::seal_once(key_, header.subspan(25, 12), header, Bytes{text_}.first(size),
                          out.subspan(header.size()));
        mask(header, header);
        out_.names[waiting_] = to;
        out_.pieces[waiting_].iov_len = out.size();
        if (++waiting_ == batch) flush();
    }
    void flush() {
        for (std::size_t done = 0; done < waiting_;) {
            const int sent = ::sendmmsg(fd_, out_.messages.data() + done,
                                        static_cast<unsigned>(waiting_ - done), 0);
            if (sent < 0) break;
            done += static_cast<std::size_t>(sent);
        }
        waiting_ = 0;
    }

    Id id_;
    DhtTraffic traffic_;
    int fd_;
    const SessionKey key_ = dht_bare_key;
    Batch in_, out_;
    std::size_t waiting_ = 0;
    std::uint64_t nonces_ = 0, answered_ = 0;
    PacketBuffer header_{}, plain_{}, text_{};
};

}  // namespace

double dht_requests() {
    DhtNode node;
    auto& service = node.service();
    auto socket = loopback_socket();
    const auto load = load_on(socket, node.key(), "ours");
    const auto before = service.counters().answered;
    DatagramBatch in;
    return measure([&] {
        in.clear();
        (void)socket.receive(in);
        if (in.empty()) wait_for(socket.fd());
        const Now now = node.now();
        for (std::size_t i = 0; i < in.size(); ++i) service.on_datagram(now, in.peer(i), in[i]);
        (void)socket.send(service.outbox());
        service.outbox().clear();
        return service.counters().answered - before;
    });
}

double bare_dht_requests() {
    DhtNode node;
    auto socket = loopback_socket();
    const auto load = load_on(socket, node.key(), "bare");
    const auto server = std::make_unique<BareServer>(node, socket);
    return measure([&] { return server->serve(); });
}

}  // namespace parley::bench
