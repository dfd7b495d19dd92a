#include <parley/runtime/io/source_address.hpp>

#include <parley/runtime/io/asio_endpoint.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

namespace parley::runtime {

namespace {

using boost::asio::ip::udp;

/// What the system would send from. Connecting a datagram socket chooses a route, and sends
/// nothing; any public address will do.
std::optional<IpAddress> source_address(bool v4) {
    boost::asio::io_context context;
    boost::system::error_code error;
    udp::socket socket{context};
    const auto far = boost::asio::ip::make_address(v4 ? "192.0.2.1" : "2001:db8::1");
    socket.connect(udp::endpoint{far, 9}, error);
    if (error) return std::nullopt;
    const auto local = socket.local_endpoint(error);
    if (error) return std::nullopt;
    return IpAddress::parse(local.address().to_string());
}

}  // namespace

std::optional<IpAddress> guessed_address(const Endpoint& bound, bool allow_private) {
    if (!bound.address.is_unspecified()) return std::nullopt;
    const auto own = source_address(bound.address.is_v4());
    if (!own || own->is_unspecified()) return std::nullopt;
    if (!own->is_public() && !allow_private) return std::nullopt;
    return own;
}

}  // namespace parley::runtime
