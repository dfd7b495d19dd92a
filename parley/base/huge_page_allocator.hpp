// HugePageAllocator: for large tables that are read all over. Where the system grants huge pages on
// request (Linux, "madvise"), a look-up then seldom waits for the address of its page as well.
// Threading: as std::allocator.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace parley {

template <class T>
class HugePageAllocator {
public:
    using value_type = T;

    HugePageAllocator() = default;
    template <class U>
    explicit HugePageAllocator(const HugePageAllocator<U>&) {}

    /// Throws std::bad_alloc.
    T* allocate(std::size_t count) {
        const auto bytes = count * sizeof(T);
        if (bytes < page_bytes) return static_cast<T*>(::operator new(bytes));
        const auto whole_pages = (bytes + page_bytes - 1) / page_bytes * page_bytes;
        void* const out = std::aligned_alloc(page_bytes, whole_pages);
        if (out == nullptr) throw std::bad_alloc{};
#ifdef __linux__
        madvise(out, whole_pages, MADV_HUGEPAGE);  // a wish: nothing fails without
#endif
        return static_cast<T*>(out);
    }
    void deallocate(T* at, std::size_t count) {
        if (count * sizeof(T) < page_bytes) {
            ::operator delete(at);
        } else {
            std::free(at);
        }
    }
    friend bool operator==(const HugePageAllocator&, const HugePageAllocator&) = default;

private:
    static constexpr std::size_t page_bytes = std::size_t{2} << 20;
    static_assert(alignof(T) <= alignof(std::max_align_t));
};

}  // namespace parley
