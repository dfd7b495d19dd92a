// End: a network namespace with a TUN device, whose packets this process reads and writes.
#pragma once

#include "wan.hpp"
#include <parley/runtime/io/unique_fd.hpp>

#include <cstddef>
#include <functional>

namespace parley::wan {

struct End {
    runtime::UniqueFd space;
    runtime::UniqueFd device;  ///< one IPv4 packet a read or write; does not block
};

/// Makes the namespace of end `number` and its device, and brings both up.
/// Throws NotHere, or std::system_error.
End make_end(std::size_t number, const WanOptions& options);
/// A namespace with nothing but a loopback device; `furnish` runs inside it. Gone with the last
/// descriptor and process. Throws as make_end.
runtime::UniqueFd make_namespace(const std::function<void()>& furnish);

}  // namespace parley::wan
