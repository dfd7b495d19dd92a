// Our endpoints as Asio's, and back. For sources of the runtime only.
#pragma once

#include <parley/identity/endpoint.hpp>

#include <boost/asio/ip/tcp.hpp>

namespace parley::runtime {

boost::asio::ip::tcp::endpoint to_asio(const Endpoint& endpoint);
Endpoint from_asio(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace parley::runtime
