// Delivered: the whole messages of a frame on their way to the node's thread, in the order in which
// they came. Small ones lie one after the other in one piece of memory; a large one owns its own.
// Threading: one thread at a time.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/transport/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace parley::transport {

/// Bounded by the size of a frame and what the lanes' windows let large messages have.
class Delivered {
public:
    /// A message as visit() gives it. Its bytes live as long as the Delivered does, unless taken.
    struct Item {
        LaneId lane;
        Code code;
        Bytes bytes;
        Buffer* own;  ///< of a large message: the memory of `bytes`, to be taken; else null
    };

    /// `small_bytes`: about what small messages will need, as those of a frame do with their
    /// headers.
    explicit Delivered(std::size_t small_bytes = 0) : small_bytes_(small_bytes) {}

    /// A copy of a small message.
    void add_small(LaneId lane, Code code, Bytes bytes) {
        const Header header{static_cast<std::uint32_t>(bytes.size()), code, lane};
        const auto size = small_size_ + sizeof header + bytes.size();
        if (size > small_room_) grow(std::max({small_bytes_, size, 2 * small_room_}));
        std::memcpy(small_.get() + small_size_, &header, sizeof header);
        if (!bytes.empty()) {
            std::memcpy(small_.get() + small_size_ + sizeof header, bytes.data(), bytes.size());
        }
        small_size_ = size;
    }
    void add_large(LaneId lane, Code code, Buffer&& bytes) {
        large_.push_back({small_size_, std::move(bytes), code, lane});
    }

    bool empty() const { return small_size_ == 0 && large_.empty(); }
    /// Memory beside that of the messages.
    std::size_t overhead_bytes() const {
        return large_.size() * sizeof(Large) + small_room_ - small_size_;
    }

    /// Calls `visit(Item)` for each, in order, until it returns false.
    template <class Visit>
    void visit(Visit visit) {
        std::size_t at = 0;
        auto large = large_.begin();
        while (true) {
            for (; large != large_.end() && large->after == at; ++large) {
                if (!visit(Item{large->lane, large->code, large->bytes, &large->bytes})) return;
            }
            if (at == small_size_) return;
            Header header;
            std::memcpy(&header, small_.get() + at, sizeof header);
            const Bytes bytes{small_.get() + at + sizeof header, header.size};
            at += sizeof header + bytes.size();
            if (!visit(Item{header.lane, header.code, bytes, nullptr})) return;
        }
    }

private:
    struct Header {
        std::uint32_t size;
        Code code;
        LaneId lane;
    };
    struct Large {
        std::size_t after;  // so many bytes of small_ come before
        Buffer bytes;
        Code code;
        LaneId lane;
    };

    void grow(std::size_t room) {
        auto larger = std::make_unique_for_overwrite<std::byte[]>(room);
        if (small_size_ > 0) std::memcpy(larger.get(), small_.get(), small_size_);
        small_ = std::move(larger);
        small_room_ = room;
    }

    std::size_t small_bytes_;
    std::size_t small_room_ = 0;
    std::size_t small_size_ = 0;
    std::unique_ptr<std::byte[]> small_;  // | Header | bytes | for each
    std::vector<Large> large_;
};

}  // namespace parley::transport
