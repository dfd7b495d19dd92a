#include "end.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <exception>
#include <fstream>
#include <system_error>
#include <thread>

namespace parley::wan {

using runtime::UniqueFd;

namespace {

constexpr std::string_view device_name = "wan";
/// A whole window of large packets, so that the device loses none before the line decides.
constexpr int device_queue_packets = 10'000;

[[noreturn]] void refuse(const char* what) {
    throw std::system_error{errno, std::system_category(), what};
}

void request(int fd, unsigned long code, ifreq& body, const char* what) {
    if (::ioctl(fd, code, &body) != 0) refuse(what);
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

void bring_up(int socket, std::string_view device) {
    auto flags = named(device);
    request(socket, SIOCGIFFLAGS, flags, "cannot read a device's flags");
    flags.ifr_flags = static_cast<short>(flags.ifr_flags | IFF_UP | IFF_RUNNING);
    request(socket, SIOCSIFFLAGS, flags, "cannot bring a device up");
}

UniqueFd make_device() {
    UniqueFd device{::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)};
    if (!device) throw NotHere{"needs /dev/net/tun"};
    auto wanted = named(device_name);
    wanted.ifr_flags = IFF_TUN | IFF_NO_PI;
    request(device.get(), TUNSETIFF, wanted, "cannot make a TUN device");
    return device;
}

/// The three values of tcp_rmem or tcp_wmem are least, first and most.
void set_tcp_buffers(std::uint64_t bytes_max) {
    for (const char* path : {"/proc/sys/net/ipv4/tcp_rmem", "/proc/sys/net/ipv4/tcp_wmem"}) {
        std::ofstream{path} << "4096 131072 " << bytes_max << '\n';
    }
}

End make_here(std::size_t number, const WanOptions& options) {
    if (::unshare(CLONE_NEWNET) != 0) throw NotHere{"needs root"};
    End end;
    end.space = UniqueFd{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    if (!end.space) refuse("/proc/thread-self/ns/net");
    end.device = make_device();
    const UniqueFd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    auto body = named(device_name);
    body.ifr_addr = ipv4(Wan::address(number));
    request(socket.get(), SIOCSIFADDR, body, "cannot set a device's address");
    body.ifr_netmask = ipv4("255.255.255.0");
    request(socket.get(), SIOCSIFNETMASK, body, "cannot set a device's netmask");
    body.ifr_mtu = static_cast<int>(options.mtu);
    request(socket.get(), SIOCSIFMTU, body, "cannot set a device's MTU");
    body.ifr_qlen = device_queue_packets;
    request(socket.get(), SIOCSIFTXQLEN, body, "cannot set a device's queue");
    bring_up(socket.get(), device_name);
    bring_up(socket.get(), "lo");
    if (options.tcp_buffer_bytes_max > 0) set_tcp_buffers(options.tcp_buffer_bytes_max);
    return end;
}

}  // namespace

End make_end(std::size_t number, const WanOptions& options) {
    // A thread can leave its namespace and need not come back.
    End end;
    std::exception_ptr failure;
    std::thread{[&] {
        try {
            end = make_here(number, options);
        } catch (...) {
            failure = std::current_exception();
        }
    }}.join();
    if (failure) std::rethrow_exception(failure);
    return end;
}

}  // namespace parley::wan
