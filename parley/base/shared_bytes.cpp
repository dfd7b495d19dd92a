#include <parley/base/shared_bytes.hpp>

#include <parley/base/block_pool.hpp>

#include <cstring>
#include <new>

namespace parley {

SharedBytes SharedBytes::copy(Bytes bytes) {
    const std::size_t memory_bytes = sizeof(Block) + bytes.size();
    void* memory = take_block(memory_bytes);
    auto* block = new (memory) Block;
    block->memory_bytes = memory_bytes;
    auto* data = static_cast<std::byte*>(memory) + sizeof(Block);
    if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
    return {block, Bytes{data, bytes.size()}};
}

SharedBytes SharedBytes::own(Buffer&& buffer) {
    auto* block = new (take_block(sizeof(Block))) Block;
    block->memory_bytes = sizeof(Block);
    block->buffer = std::move(buffer);
    return {block, Bytes{block->buffer}};
}

SharedBytes SharedBytes::slice(std::size_t offset, std::size_t size) const {
    SharedBytes part{*this};
    part.view_ = view_.subspan(offset, size);
    return part;
}

void SharedBytes::free_block() {
    const std::size_t memory_bytes = block_->memory_bytes;
    block_->~Block();
    give_block(block_, memory_bytes);
}

}  // namespace parley
