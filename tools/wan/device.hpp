// What the system is asked about network devices of the calling thread's namespace. Internal to
// tools. All throw std::system_error.
#pragma once

#include <string>
#include <string_view>

namespace parley::wan {

void bring_up(std::string_view device);
/// An alias ("lo:1") is one more address of its device. On the loopback device all of `netmask`
/// belongs to this machine.
void set_ipv4(std::string_view device, const std::string& address, const std::string& netmask);
/// One more address, /128.
void add_ipv6(std::string_view device, const std::string& address);
void set_mtu(std::string_view device, unsigned bytes);
/// Packets that wait in the device.
void set_queue(std::string_view device, int packets);

}  // namespace parley::wan
