#include <parley/runtime/io/datagram_socket.hpp>

#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/listen.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace parley::runtime {

/// The arguments of recvmmsg and sendmmsg, and the buffer that the first reads into.
struct DatagramSocket::Headers {
    std::array<mmsghdr, batch_max> messages{};
    std::array<iovec, batch_max> pieces{};
    std::array<sockaddr_in6, batch_max> names{};  // large enough for IPv4 as well
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
    for (auto& message : in_->messages) message.msg_hdr.msg_namelen = sizeof(sockaddr_in6);
    const int count = ::recvmmsg(fd_.get(), in_->messages.data(), batch_max, 0, nullptr);
    // An error is that of an earlier datagram (ICMP), or there is nothing.
    if (count < 0) return errno != EAGAIN && errno != EWOULDBLOCK;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        const auto& message = in_->messages[i];
        if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) continue;
        const void* name = &in_->names[i];
        const auto from = endpoint_of(static_cast<const sockaddr*>(name));
        if (!from) continue;
        out.add(*from, Bytes{in_->room}.subspan(i * size_bytes_max, message.msg_len));
    }
    return static_cast<std::size_t>(count) == batch_max;
}

std::size_t DatagramSocket::send(const DatagramBatch& batch) {
    std::size_t taken = 0;
    for (std::size_t next = 0; next < batch.size();) {
        unsigned count = 0;
        for (; next < batch.size() && count < batch_max; ++next) {
            const auto& peer = batch.peer(next);
            if (peer.address.is_v4() != local_.address.is_v4()) continue;
            const auto to = to_asio(peer);
            std::memcpy(&out_->names[count], to.data(), to.size());
            out_->messages[count].msg_hdr.msg_namelen = static_cast<socklen_t>(to.size());
            const auto bytes = batch[next];
            out_->pieces[count] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
            ++count;
        }
        // A datagram that cannot go (no route) ends the call before it: go on behind it.
        for (unsigned done = 0; done < count;) {
            const int sent = ::sendmmsg(fd_.get(), out_->messages.data() + done, count - done, 0);
            if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return taken;
            taken += sent < 0 ? 0 : static_cast<unsigned>(sent);
            done += sent < 0 ? 1 : static_cast<unsigned>(sent);
        }
    }
    return taken;
}

}  // namespace parley::runtime
