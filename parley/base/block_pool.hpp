// BlockPool: memory for small blocks that one thread makes and another one frees, as messages are
// that a module sends and an I/O thread has sealed. A general allocator pays for that with a
// contended lock on every free; here blocks change threads in magazines of many (Bonwick and
// Adams, "Magazines and Vmem", 2001). Bounded: what does not fit goes back to the heap.
// Threading: any thread.
#pragma once

#include <cstddef>

namespace parley {

/// Blocks of up to this many bytes come from the pool, larger ones from the heap.
inline constexpr std::size_t pooled_block_bytes_max = 512;

/// At least `size_bytes`, aligned for any type.
void* take_block(std::size_t size_bytes);
/// `size_bytes` as it was given to take_block.
void give_block(void* block, std::size_t size_bytes) noexcept;

}  // namespace parley
