// ByteArena: memory for many small pieces of bytes that go all at once.
// Bounded by its owner. Threading: a value.
#pragma once

#include <parley/base/bytes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

namespace parley::chain::trie {

class ByteArena {
public:
    /// Bytes without a value yet. They stay where they are for as long as the arena, even if that
    /// is moved; nothing may be taken from one that was moved from.
    MutableBytes take(std::size_t size) {
        if (size > left_.size()) add_chunk(size);
        const auto out = left_.first(size);
        left_ = left_.subspan(size);
        return out;
    }
    Bytes copy(Bytes bytes) {
        const auto out = take(bytes.size());
        if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
        return out;
    }

private:
    static constexpr std::size_t chunk_bytes_min = 1024;
    static constexpr std::size_t doublings_max = 6;

    /// Small tries are many, so the first chunks are small.
    void add_chunk(std::size_t size) {
        const auto usual = chunk_bytes_min << std::min(chunks_.size(), doublings_max);
        const auto bytes = std::max(size, usual);
        chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(bytes));
        left_ = {chunks_.back().get(), bytes};
    }

    std::vector<std::unique_ptr<std::byte[]>> chunks_;
    MutableBytes left_;
};

}  // namespace parley::chain::trie
