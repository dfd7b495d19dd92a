#include "device.hpp"
#include "end.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
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

UniqueFd make_device() {
    UniqueFd device{::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)};
    if (!device) throw NotHere{"needs /dev/net/tun"};
    ifreq wanted{};
    std::ranges::copy(device_name, wanted.ifr_name);
    wanted.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (::ioctl(device.get(), TUNSETIFF, &wanted) != 0) refuse("cannot make a TUN device");
    return device;
}

/// The three values of tcp_rmem or tcp_wmem are least, first and most.
void set_tcp_buffers(std::uint64_t bytes_max) {
    for (const char* path : {"/proc/sys/net/ipv4/tcp_rmem", "/proc/sys/net/ipv4/tcp_wmem"}) {
        std::ofstream{path} << "4096 131072 " << bytes_max << '\n';
    }
}

/// The calling thread is in a new namespace from now on.
UniqueFd leave_namespace() {
    if (::unshare(CLONE_NEWNET) != 0) throw NotHere{"needs root"};
    UniqueFd space{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    if (!space) refuse("/proc/thread-self/ns/net");
    return space;
}

End make_here(std::size_t number, const WanOptions& options) {
    End end;
    end.space = leave_namespace();
    end.device = make_device();
    set_ipv4(device_name, Wan::address(number), "255.255.255.0");
    set_mtu(device_name, options.mtu);
    set_queue(device_name, device_queue_packets);
    bring_up(device_name);
    bring_up("lo");
    if (options.tcp_buffer_bytes_max > 0) set_tcp_buffers(options.tcp_buffer_bytes_max);
    return end;
}

/// Runs `call` on a thread of its own: it can leave its namespace and need not come back.
template <class Call>
auto elsewhere(const Call& call) {
    decltype(call()) out;
    std::exception_ptr failure;
    std::thread{[&] {
        try {
            out = call();
        } catch (...) {
            failure = std::current_exception();
        }
    }}.join();
    if (failure) std::rethrow_exception(failure);
    return out;
}

}  // namespace

End make_end(std::size_t number, const WanOptions& options) {
    return elsewhere([&] { return make_here(number, options); });
}

UniqueFd make_namespace(const std::function<void()>& furnish) {
    return elsewhere([&] {
        auto space = leave_namespace();
        bring_up("lo");
        furnish();
        return space;
    });
}

}  // namespace parley::wan
