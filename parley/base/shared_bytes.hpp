// SharedBytes: immutable bytes with a reference count, so that a broadcast copies nothing.
#pragma once

#include <parley/base/bytes.hpp>

#include <atomic>
#include <cstddef>
#include <utility>

namespace parley {

/// A view into immutable, counted bytes. Copying shares; slicing shares. The count is atomic:
/// copies may live on several threads.
class SharedBytes {
public:
    SharedBytes() = default;
    /// One allocation, one copy.
    static SharedBytes copy(Bytes bytes);
    /// Takes the buffer over; no copy.
    static SharedBytes own(Buffer&& buffer);

    SharedBytes(const SharedBytes& other) noexcept : block_(other.block_), view_(other.view_) {
        if (block_) block_->references.fetch_add(1, std::memory_order_relaxed);
    }
    SharedBytes(SharedBytes&& other) noexcept
        : block_(std::exchange(other.block_, nullptr)), view_(std::exchange(other.view_, {})) {}
    SharedBytes& operator=(SharedBytes other) noexcept {
        std::swap(block_, other.block_);
        std::swap(view_, other.view_);
        return *this;
    }
    ~SharedBytes() {
        if (block_ && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) free_block();
    }

    Bytes view() const { return view_; }
    operator Bytes() const { return view_; }  // NOLINT(google-explicit-constructor): a view of it
    std::size_t size() const { return view_.size(); }
    bool empty() const { return view_.empty(); }
    /// A part of it, sharing the same bytes. Precondition: inside.
    SharedBytes slice(std::size_t offset, std::size_t size) const;
    /// The same of a view of a part; nothing of an empty one. Precondition: `part` is inside.
    SharedBytes part(Bytes part) const {
        if (part.empty()) return {};
        return slice(static_cast<std::size_t>(part.data() - view_.data()), part.size());
    }

private:
    struct Block {
        std::atomic<std::size_t> references{1};
        std::size_t memory_bytes = 0;  // of the block and what follows it
        Buffer buffer;  // empty when the bytes follow the block in the same allocation
    };

public:
    static constexpr std::size_t overhead_bytes = sizeof(Block);  ///< of a copy, in memory

private:
    SharedBytes(Block* block, Bytes view) : block_(block), view_(view) {}
    void free_block();

    Block* block_ = nullptr;
    Bytes view_;
};

}  // namespace parley
