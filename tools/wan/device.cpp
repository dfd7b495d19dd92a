#include "device.hpp"
#include <parley/runtime/io/unique_fd.hpp>

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace parley::wan {

using runtime::UniqueFd;

namespace {

[[noreturn]] void refuse(const char* what) {
    throw std::system_error{errno, std::system_category(), what};
}

UniqueFd any_socket(int family) {
    UniqueFd socket{::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    if (!socket) refuse("cannot open a socket");
    return socket;
}

void request(unsigned long code, ifreq& body, const char* what) {
    if (::ioctl(any_socket(AF_INET).get(), code, &body) != 0) refuse(what);
}

ifreq named(std::string_view name) {
    ifreq out{};
    std::ranges::copy(name, out.ifr_name);
    return out;
}

sockaddr ipv4(const std::string& text) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, text.c_str(), &address.sin_addr);
    return std::bit_cast<sockaddr>(address);
}

/// The kernel's in6_ifreq, whose header cannot be included beside those of the C library.
struct Ipv6Request {
    in6_addr address;
    std::uint32_t prefix_bits;
    int device;
};

}  // namespace

void bring_up(std::string_view device) {
    auto flags = named(device);
    request(SIOCGIFFLAGS, flags, "cannot read a device's flags");
    flags.ifr_flags = static_cast<short>(flags.ifr_flags | IFF_UP | IFF_RUNNING);
    request(SIOCSIFFLAGS, flags, "cannot bring a device up");
}

void set_ipv4(std::string_view device, const std::string& address, const std::string& netmask) {
    auto body = named(device);
    body.ifr_addr = ipv4(address);
    request(SIOCSIFADDR, body, "cannot set a device's address");
    body.ifr_netmask = ipv4(netmask);
    request(SIOCSIFNETMASK, body, "cannot set a device's netmask");
}

void add_ipv6(std::string_view device, const std::string& address) {
    Ipv6Request body{.address = {}, .prefix_bits = 128, .device = 0};
    ::inet_pton(AF_INET6, address.c_str(), &body.address);
    body.device = static_cast<int>(::if_nametoindex(std::string{device}.c_str()));
    if (::ioctl(any_socket(AF_INET6).get(), SIOCSIFADDR, &body) != 0) {
        refuse("cannot add an IPv6 address to a device");
    }
}

void set_mtu(std::string_view device, unsigned bytes) {
    auto body = named(device);
    body.ifr_mtu = static_cast<int>(bytes);
    request(SIOCSIFMTU, body, "cannot set a device's MTU");
}

void set_queue(std::string_view device, int packets) {
    auto body = named(device);
    body.ifr_qlen = packets;
    request(SIOCSIFTXQLEN, body, "cannot set a device's queue");
}

}  // namespace parley::wan
