#include <parley/runtime/io/asio_endpoint.hpp>

#include <cstring>

namespace parley::runtime {

namespace ip = boost::asio::ip;

ip::tcp::endpoint to_asio(const Endpoint& endpoint) {
    const Bytes bytes = endpoint.address.bytes();
    if (endpoint.address.is_v4()) {
        ip::address_v4::bytes_type v4{};
        std::memcpy(v4.data(), bytes.data(), v4.size());
        return {ip::address_v4{v4}, endpoint.port};
    }
    ip::address_v6::bytes_type v6{};
    std::memcpy(v6.data(), bytes.data(), v6.size());
    return {ip::address_v6{v6}, endpoint.port};
}

Endpoint from_asio(const ip::tcp::endpoint& endpoint) {
    const auto address = endpoint.address();
    if (address.is_v4()) {
        const auto v4 = address.to_v4().to_bytes();
        return {IpAddress::v4(array_of<4>(std::as_bytes(std::span{v4}))), endpoint.port()};
    }
    const auto v6 = address.to_v6().to_bytes();
    return {IpAddress::v6(array_of<16>(std::as_bytes(std::span{v6}))), endpoint.port()};
}

std::optional<Endpoint> endpoint_of(const sockaddr* raw) {
    if (raw == nullptr || (raw->sa_family != AF_INET && raw->sa_family != AF_INET6)) {
        return std::nullopt;
    }
    ip::tcp::endpoint endpoint;
    const std::size_t size = raw->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(endpoint.data(), raw, size);
    endpoint.resize(size);
    return from_asio(endpoint);
}

std::optional<IpAddress> address_of(const sockaddr* raw) {
    const auto endpoint = endpoint_of(raw);
    return endpoint ? std::optional{endpoint->address} : std::nullopt;
}

std::optional<Endpoint> peer_of(int socket) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    auto* const raw = reinterpret_cast<sockaddr*>(&peer);
    if (::getpeername(socket, raw, &size) != 0) return std::nullopt;
    return endpoint_of(raw);
}

}  // namespace parley::runtime
