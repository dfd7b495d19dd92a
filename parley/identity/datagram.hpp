// DatagramBatch: datagrams that came or are to go, back to back in one piece of memory.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/identity/endpoint.hpp>

#include <cstddef>
#include <vector>

namespace parley {

/// Keeps its memory when cleared: a batch that is used again and again allocates no more.
class DatagramBatch {
public:
    void add(const Endpoint& peer, Bytes bytes) {
        write(peer, [&](Buffer& out) { append(out, bytes); });
    }
    /// One more, which `call` appends to the Buffer that it is given, where it stays.
    template <class Call>
    void write(const Endpoint& peer, Call call) {
        const std::size_t offset = bytes_.size();
        call(bytes_);
        entries_.push_back({peer, offset, bytes_.size() - offset});
    }
    void clear() {
        bytes_.clear();
        entries_.clear();
    }

    std::size_t size() const { return entries_.size(); }
    bool empty() const { return entries_.empty(); }
    std::size_t size_bytes() const { return bytes_.size(); }
    /// Whom it came from or goes to.
    const Endpoint& peer(std::size_t i) const { return entries_[i].peer; }
    Bytes operator[](std::size_t i) const {
        return Bytes{bytes_}.subspan(entries_[i].offset, entries_[i].size);
    }

private:
    struct Entry {
        Endpoint peer;
        std::size_t offset, size;
    };
    Buffer bytes_;
    std::vector<Entry> entries_;
};

}  // namespace parley
