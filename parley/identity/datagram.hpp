// DatagramBatch: datagrams that came or are to go, back to back in one piece of memory; and what
// became of those that went.
// Threading: values only.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/identity/endpoint.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace parley {

/// Keeps its memory when cleared: a batch that is used again and again allocates no more.
class DatagramBatch {
public:
    /// One more; the bytes are copied. `local`: see local().
    void add(const Endpoint& peer, Bytes bytes, const IpAddress& local = {}) {
        write(peer, [&](Buffer& out) { append(out, bytes); });
        entries_.back().local = local;
    }
    /// One more, which `call` appends to the Buffer that it is given, where it stays.
    template <class Call>
    void write(const Endpoint& peer, Call call) {
        const std::size_t offset = bytes_.size();
        call(bytes_);
        entries_.push_back({peer, {}, offset, bytes_.size() - offset});
    }
    /// No datagrams; the memory stays.
    void clear() {
        bytes_.clear();
        entries_.clear();
    }

    std::size_t size() const { return entries_.size(); }      ///< datagrams
    bool empty() const { return entries_.empty(); }           ///< no datagrams
    std::size_t size_bytes() const { return bytes_.size(); }  ///< of all datagrams
    /// Where a datagram came from or goes to. Precondition: i < size().
    const Endpoint& peer(std::size_t i) const { return entries_[i].peer; }
    /// Which of this machine's addresses one that came was sent to; unspecified where the socket
    /// that it came on has just one. Precondition: i < size().
    const IpAddress& local(std::size_t i) const { return entries_[i].local; }
    /// A datagram's bytes, valid until the batch changes. Precondition: i < size().
    Bytes operator[](std::size_t i) const {
        return Bytes{bytes_}.subspan(entries_[i].offset, entries_[i].size);
    }

private:
    struct Entry {
        Endpoint peer;
        IpAddress local;
        std::size_t offset, size;
    };
    Buffer bytes_;
    std::vector<Entry> entries_;
};

/// What became of the datagrams that a node sent, since its start.
struct DatagramCounts {
    std::uint64_t sent = 0;
    std::uint64_t no_socket = 0;  ///< there is none of the family
    std::uint64_t no_room = 0;    ///< in the system's buffer
    std::uint64_t refused = 0;    ///< by the system: no route, a firewall of this machine
    std::string last_refusal;     ///< "192.0.2.1:9000: Network is unreachable"; empty: none
};

}  // namespace parley
