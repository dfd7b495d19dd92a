// Our endpoints as Asio's, and back. For sources of the runtime only.
#pragma once

#include <parley/identity/endpoint.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <sys/socket.h>

#include <optional>

namespace parley::runtime {

boost::asio::ip::tcp::endpoint to_asio(const Endpoint& endpoint);
Endpoint from_asio(const boost::asio::ip::tcp::endpoint& endpoint);
/// The system's form of an address; nothing if it is null or of a family other than IPv4 and IPv6.
std::optional<IpAddress> address_of(const sockaddr* raw);
std::optional<Endpoint> endpoint_of(const sockaddr* raw);

}  // namespace parley::runtime
