// Conversions between Parley's endpoints, Asio's and the system's. Internal to runtime.
// Threading: any.
#pragma once

#include <parley/identity/endpoint.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <sys/socket.h>

#include <optional>

namespace parley::runtime {

/// IPv4 stays IPv4 (AF_INET), IPv6 has no zone.
boost::asio::ip::tcp::endpoint to_asio(const Endpoint& endpoint);
Endpoint from_asio(const boost::asio::ip::tcp::endpoint& endpoint);
/// From the system's form of an address; nothing if it is null or of a family other than IPv4 and
/// IPv6. The size of what it points to is that of its family.
std::optional<IpAddress> address_of(const sockaddr* raw);
std::optional<Endpoint> endpoint_of(const sockaddr* raw);
/// The other end of a connected socket; nothing if it is not connected any more.
std::optional<Endpoint> peer_of(int socket);

}  // namespace parley::runtime
