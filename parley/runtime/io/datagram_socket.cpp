#include <parley/runtime/io/datagram_socket.hpp>

#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/listen.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace parley::runtime {

namespace {

/// Room for the control message that names an address of this machine.
struct alignas(cmsghdr) AddressControl {
    std::array<std::byte, CMSG_SPACE(sizeof(in6_pktinfo))> bytes{};
};

/// The address of this machine that a datagram was sent to (RFC 3542, section 6; ip(7)).
IpAddress address_asked(msghdr& header) {
    for (auto* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            in_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(c), sizeof info);
            return IpAddress::v4(std::bit_cast<ByteArray<4>>(info.ipi_spec_dst));
        }
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            in6_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(c), sizeof info);
            return IpAddress::v6(std::bit_cast<ByteArray<16>>(info.ipi6_addr));
        }
    }
    return {};
}

template <class Info>
void write_control(msghdr& header, AddressControl& room, int level, int type, const Info& info) {
    header.msg_control = &room;
    header.msg_controllen = CMSG_SPACE(sizeof info);
    auto* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(c), &info, sizeof info);
}

void send_from(msghdr& header, AddressControl& room, const IpAddress& from) {
    if (from.is_unspecified()) {
        header.msg_control = nullptr;
        header.msg_controllen = 0;
    } else if (from.is_v4()) {
        in_pktinfo info{};
        std::memcpy(&info.ipi_spec_dst, from.bytes().data(), sizeof info.ipi_spec_dst);
        write_control(header, room, IPPROTO_IP, IP_PKTINFO, info);
    } else {
        in6_pktinfo info{};
        std::memcpy(&info.ipi6_addr, from.bytes().data(), sizeof info.ipi6_addr);
        write_control(header, room, IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
}

void add(SendResult& all, const SendResult& more) {
    all.sent += more.sent;
    all.no_room += more.no_room;
    all.refused += more.refused;
    if (more.refused == 0) return;
    all.error = more.error;
    all.refused_to = more.refused_to;
}

}  // namespace

/// The arguments of recvmmsg and sendmmsg, and the buffer that the first reads into.
struct DatagramSocket::Headers {
    std::array<mmsghdr, batch_max> messages{};
    std::array<iovec, batch_max> pieces{};
    std::array<sockaddr_in6, batch_max> names{};  // large enough for IPv4 as well
    std::array<AddressControl, batch_max> controls{};
    Buffer room;

    Headers() {
        for (std::size_t i = 0; i < batch_max; ++i) {
            auto& header = messages[i].msg_hdr;
            header.msg_name = &names[i];
            header.msg_iov = &pieces[i];
            header.msg_iovlen = 1;
        }
    }
};

DatagramSocket::DatagramSocket(UniqueFd fd, const Endpoint& local)
    : fd_(std::move(fd)),
      local_(local),
      in_(std::make_unique<Headers>()),
      out_(std::make_unique<Headers>()) {
    in_->room.resize(batch_max * size_bytes_max);
    for (std::size_t i = 0; i < batch_max; ++i) {
        in_->pieces[i] = {in_->room.data() + i * size_bytes_max, size_bytes_max};
    }
}
DatagramSocket::DatagramSocket(DatagramSocket&&) noexcept = default;
DatagramSocket& DatagramSocket::operator=(DatagramSocket&&) noexcept = default;
DatagramSocket::~DatagramSocket() = default;

Result<DatagramSocket, StartError> DatagramSocket::bind(const Endpoint& endpoint) {
    const auto failed = [&] {
        return std::unexpected{start_error("bind UDP on", endpoint.to_string(), errno)};
    };
    const bool v4 = endpoint.address.is_v4();
    UniqueFd fd{::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!fd) return failed();
    const int on = 1;
    if (!v4 && ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
        return failed();
    }
    const bool wildcard = endpoint.address.is_unspecified();
    if (wildcard && ::setsockopt(fd.get(), v4 ? IPPROTO_IP : IPPROTO_IPV6,
                                 v4 ? IP_PKTINFO : IPV6_RECVPKTINFO, &on, sizeof on) != 0) {
        return failed();
    }
    // The system grants what its own limit allows; less means that more is lost under a burst.
    const int buffer_bytes = 1 << 20;
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    const auto address = to_asio(endpoint);
    if (::bind(fd.get(), address.data(), static_cast<socklen_t>(address.size())) != 0) {
        return failed();
    }
    const auto local = local_endpoint(fd.get());
    return DatagramSocket{std::move(fd), local};
}

bool DatagramSocket::receive(DatagramBatch& out) {
    for (std::size_t i = 0; i < batch_max; ++i) {
        auto& header = in_->messages[i].msg_hdr;
        header.msg_namelen = sizeof(sockaddr_in6);
        header.msg_control = is_wildcard() ? &in_->controls[i] : nullptr;
        header.msg_controllen = is_wildcard() ? sizeof(AddressControl) : 0;
    }
    const int count = ::recvmmsg(fd_.get(), in_->messages.data(), batch_max, 0, nullptr);
    // An error is that of an earlier datagram (ICMP), or there is nothing.
    if (count < 0) return errno != EAGAIN && errno != EWOULDBLOCK;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        auto& message = in_->messages[i];
        if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) continue;
        const void* name = &in_->names[i];
        const auto from = endpoint_of(static_cast<const sockaddr*>(name));
        if (!from) continue;
        out.add(*from, Bytes{in_->room}.subspan(i * size_bytes_max, message.msg_len),
                address_asked(message.msg_hdr));
    }
    return static_cast<std::size_t>(count) == batch_max;
}

SendResult DatagramSocket::send(const DatagramBatch& batch) {
    std::vector<OutgoingDatagram> datagrams;
    datagrams.reserve(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto& to = batch.peer(i);
        if (to.address.is_v4() == local_.address.is_v4()) datagrams.push_back({to, {}, batch[i]});
    }
    return send(datagrams);
}

SendResult DatagramSocket::send(std::span<const OutgoingDatagram> datagrams) {
    SendResult all;
    while (!datagrams.empty()) {
        const auto part = datagrams.first(std::min(datagrams.size(), batch_max));
        add(all, flush(part));
        datagrams = datagrams.subspan(part.size());
    }
    return all;
}

/// At most batch_max.
SendResult DatagramSocket::flush(std::span<const OutgoingDatagram> datagrams) {
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
        const auto& datagram = datagrams[i];
        auto& header = out_->messages[i].msg_hdr;
        const auto to = to_asio(datagram.to);
        std::memcpy(&out_->names[i], to.data(), to.size());
        header.msg_namelen = static_cast<socklen_t>(to.size());
        out_->pieces[i] = {const_cast<std::byte*>(datagram.bytes.data()), datagram.bytes.size()};
        send_from(header, out_->controls[i], datagram.from);
    }
    SendResult result;
    // One that cannot go ends the call before it: go on behind it.
    for (std::size_t next = 0; next < datagrams.size();) {
        const int sent = ::sendmmsg(fd_.get(), out_->messages.data() + next,
                                    static_cast<unsigned>(datagrams.size() - next), 0);
        if (sent > 0) {
            result.sent += static_cast<std::size_t>(sent);
            next += static_cast<std::size_t>(sent);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            result.no_room += datagrams.size() - next;
            return result;
        }
        auto& header = out_->messages[next].msg_hdr;
        if (header.msg_controllen > 0) {  // the address may be gone
            send_from(header, out_->controls[next], {});
            continue;
        }
        ++result.refused;
        result.error = errno;
        result.refused_to = datagrams[next].to;
        ++next;
    }
    return result;
}

}  // namespace parley::runtime
