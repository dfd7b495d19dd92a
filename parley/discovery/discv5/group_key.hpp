// group_key: the network group by which table and lookups of Node Discovery v5.1 limit nodes.
#pragma once

#include <parley/base/endian.hpp>
#include <parley/identity/endpoint.hpp>

#include <cstdint>

namespace parley::discovery::discv5 {

/// Equal for addresses of one /24 (IPv6: /48) and for no others; 0 for loopback and private ones,
/// which are not counted.
inline std::uint64_t group_key(const IpAddress& address) {
    if (is_exempt_from_group_limits(address)) return 0;
    const NetworkGroup group = inbound_group(address);
    return load_be<std::uint64_t>(group.prefix) | (group.v4 ? 4 : 6);
}

}  // namespace parley::discovery::discv5
