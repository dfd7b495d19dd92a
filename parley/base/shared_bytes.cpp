#include <parley/base/shared_bytes.hpp>

#include <cstring>
#include <new>

namespace parley {

SharedBytes SharedBytes::copy(Bytes bytes) {
    void* memory = ::operator new(sizeof(Block) + bytes.size());
    auto* block = new (memory) Block;
    auto* data = static_cast<std::byte*>(memory) + sizeof(Block);
    if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
    return {block, Bytes{data, bytes.size()}};
}

SharedBytes SharedBytes::own(Buffer&& buffer) {
    auto* block = new (::operator new(sizeof(Block))) Block;
    block->buffer = std::move(buffer);
    return {block, Bytes{block->buffer}};
}

SharedBytes SharedBytes::slice(std::size_t offset, std::size_t size) const {
    SharedBytes part{*this};
    part.view_ = view_.subspan(offset, size);
    return part;
}

void SharedBytes::free_block() {
    block_->~Block();
    ::operator delete(block_);
}

}  // namespace parley
