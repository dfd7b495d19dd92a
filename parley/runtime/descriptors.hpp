// The process's file descriptors. Threading: any; they are the process's.
#pragma once

#include <cstdint>

namespace parley::runtime {

/// Raises the soft limit to `wanted` where the hard one lets it; never lowers it. What may be open
/// now.
std::uint64_t raise_descriptor_limit(std::uint64_t wanted);

/// Opens those of 0 to 2 (standard input, output and error) that are closed on /dev/null. Otherwise
/// the next file to be opened gets such a number, and what is printed goes into it. Call first.
void open_standard_descriptors();

}  // namespace parley::runtime
