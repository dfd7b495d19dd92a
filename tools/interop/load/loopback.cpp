#include "loopback.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace parley::interop {

namespace {

constexpr std::size_t batch_max = 64;
constexpr std::size_t datagram_bytes_max = 1500;
constexpr std::uint32_t first_address = 0x7f'64'00'01;  // 127.100.0.1

}  // namespace

/// What sendmmsg and recvmmsg are told: for each datagram its bytes, the peer and our address.
struct LoopbackSocket::Batch {
    struct alignas(cmsghdr) Control {
        std::array<char, CMSG_SPACE(sizeof(in_pktinfo))> bytes;
    };
    std::array<mmsghdr, batch_max> messages{};
    std::array<iovec, batch_max> pieces{};
    std::array<Control, batch_max> controls{};
    std::array<ByteArray<datagram_bytes_max>, batch_max> room{};
    sockaddr_in peer{};
    std::size_t count = 0;

    /// `to`: of what is sent; null for what comes.
    explicit Batch(const sockaddr_in* to) {
        if (to != nullptr) peer = *to;
        for (std::size_t i = 0; i < batch_max; ++i) {
            pieces[i] = {room[i].data(), room[i].size()};
            auto& header = messages[i].msg_hdr;
            header.msg_iov = &pieces[i];
            header.msg_iovlen = 1;
            header.msg_control = controls[i].bytes.data();
            header.msg_controllen = controls[i].bytes.size();
            if (to == nullptr) continue;
            header.msg_name = &peer;
            header.msg_namelen = sizeof peer;
            auto* control = CMSG_FIRSTHDR(&header);
            control->cmsg_level = IPPROTO_IP;
            control->cmsg_type = IP_PKTINFO;
            control->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
        }
    }
    in_pktinfo info(std::size_t i) {
        in_pktinfo out{};
        std::memcpy(&out, CMSG_DATA(CMSG_FIRSTHDR(&messages[i].msg_hdr)), sizeof out);
        return out;
    }
    void set_info(std::size_t i, const in_pktinfo& info) {
        std::memcpy(CMSG_DATA(CMSG_FIRSTHDR(&messages[i].msg_hdr)), &info, sizeof info);
    }
};

LoopbackSocket::LoopbackSocket(const Endpoint& peer)
    : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    if (!peer.address.is_v4() || !peer.address.is_loopback()) {
        throw std::runtime_error{"expected an IPv4 loopback address: " + peer.to_string()};
    }
    const int on = 1;
    const int buffer_bytes = 4 << 20;
    sockaddr_in any{};
    any.sin_family = AF_INET;
    socklen_t size = sizeof any;
    void* const name = &any;
    if (!fd_ || ::setsockopt(fd_.get(), IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0 ||
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes) != 0 ||
        ::bind(fd_.get(), static_cast<sockaddr*>(name), size) != 0 ||
        ::getsockname(fd_.get(), static_cast<sockaddr*>(name), &size) != 0) {
        throw std::runtime_error{std::string{"no UDP socket: "} + std::strerror(errno)};
    }
    port_ = ntohs(any.sin_port);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(peer.port);
    std::memcpy(&to.sin_addr, peer.address.bytes().data(), sizeof to.sin_addr);
    in_ = std::make_unique<Batch>(nullptr);
    out_ = std::make_unique<Batch>(&to);
}

LoopbackSocket::~LoopbackSocket() = default;

Endpoint LoopbackSocket::endpoint(std::uint32_t index) const {
    return {IpAddress::v4(std::bit_cast<ByteArray<4>>(htonl(first_address + index))), port_};
}

void LoopbackSocket::send(std::uint32_t index, Bytes datagram) {
    if (out_->count == batch_max) flush();
    const std::size_t i = out_->count++;
    std::ranges::copy(datagram, out_->room[i].begin());
    out_->pieces[i].iov_len = datagram.size();
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(first_address + index);
    out_->set_info(i, info);
}

void LoopbackSocket::flush() {
    for (std::size_t done = 0; done < out_->count;) {
        const int sent = ::sendmmsg(fd_.get(), out_->messages.data() + done,
                                    static_cast<unsigned>(out_->count - done), 0);
        if (sent < 0) throw std::runtime_error{std::string{"sendmmsg: "} + std::strerror(errno)};
        done += static_cast<std::size_t>(sent);
    }
    out_->count = 0;
}

bool LoopbackSocket::exchange(Duration patience, const OnDatagram& on_datagram) {
    flush();
    pollfd wait{fd_.get(), POLLIN, 0};
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
    if (::poll(&wait, 1, static_cast<int>(milliseconds)) <= 0) return false;
    for (auto& message : in_->messages) message.msg_hdr.msg_controllen = sizeof(Batch::Control);
    const int count = ::recvmmsg(fd_.get(), in_->messages.data(), batch_max, MSG_DONTWAIT, nullptr);
    for (std::size_t i = 0; static_cast<int>(i) < count; ++i) {
        const std::uint32_t index = ntohl(in_->info(i).ipi_addr.s_addr) - first_address;
        if (index >= addresses_max) continue;
        on_datagram(index, Bytes{in_->room[i]}.first(in_->messages[i].msg_len));
    }
    return count > 0;
}

}  // namespace parley::interop
