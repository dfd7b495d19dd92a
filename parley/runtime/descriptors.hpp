// The process's limit of open file descriptors. Threading: any; the limit is the process's.
#pragma once

#include <cstdint>

namespace parley::runtime {

/// Raises the soft limit to `wanted` where the hard one lets it; never lowers it. What may be open
/// now.
std::uint64_t raise_descriptor_limit(std::uint64_t wanted);

}  // namespace parley::runtime
