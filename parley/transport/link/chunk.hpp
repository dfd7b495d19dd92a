// Chunks: the pieces of messages inside a frame's msg,
// `| lane u8 | flags u8 | size u16 | if first: code u16, total u32 | bytes |`.
// docs/formats/link.md.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/endian.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/transport/link/link_error.hpp>
#include <parley/transport/types.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace parley::transport {

/// The lane of control messages; those of topics follow.
inline constexpr LaneId control_lane = 0;
inline constexpr std::size_t chunk_header_bytes = 4;
inline constexpr std::size_t first_chunk_header_bytes = 10;
inline constexpr std::size_t chunk_bytes_max = 65535;
/// Of a chunk that is not the last of its message: a message in crumbs would cost its receiver far
/// more than its sender.
inline constexpr std::size_t part_bytes_min = 512;

namespace chunk_flag {
inline constexpr std::uint8_t first = 1, last = 2;
inline constexpr std::uint8_t known = first | last;
}  // namespace chunk_flag

/// A piece of a message, as it lies in a frame.
struct Chunk {
    LaneId lane = 0;
    std::uint8_t flags = 0;
    Code code = 0;            ///< only if first
    std::uint32_t total = 0;  ///< bytes of the whole message; only if first
    Bytes bytes;

    bool first() const { return (flags & chunk_flag::first) != 0; }
    bool last() const { return (flags & chunk_flag::last) != 0; }
};

/// Cuts the first chunk off `msg`. Precondition: `msg` is not empty.
/// Errors: truncated_chunk, unknown_flags. What depends on the lane is for LanesIn.
inline Result<Chunk, LinkError> take_chunk(Bytes& msg) {
    if (msg.size() < chunk_header_bytes) {
        return fail(LinkErrc::truncated_chunk, chunk_header_bytes, msg.size());
    }
    Chunk chunk;
    chunk.lane = std::to_integer<LaneId>(msg[0]);
    chunk.flags = std::to_integer<std::uint8_t>(msg[1]);
    if ((chunk.flags & ~chunk_flag::known) != 0) {
        return fail(LinkErrc::unknown_flags, chunk_flag::known, chunk.flags);
    }
    const std::size_t header = chunk.first() ? first_chunk_header_bytes : chunk_header_bytes;
    const std::size_t whole = header + load_be<std::uint16_t>(msg.subspan(2, 2));
    if (msg.size() < whole) return fail(LinkErrc::truncated_chunk, whole, msg.size());
    if (chunk.first()) {
        chunk.code = load_be<std::uint16_t>(msg.subspan(4, 2));
        chunk.total = load_be<std::uint32_t>(msg.subspan(6, 4));
    }
    chunk.bytes = msg.subspan(header, whole - header);
    msg = msg.subspan(whole);
    return chunk;
}

/// Writes what comes before a chunk's bytes; its size. Precondition: room for it.
inline std::size_t write_chunk_header(MutableBytes at, const Chunk& chunk) {
    at[0] = std::byte{chunk.lane};
    at[1] = std::byte{chunk.flags};
    store_be(at.subspan(2, 2), static_cast<std::uint16_t>(chunk.bytes.size()));
    if (!chunk.first()) return chunk_header_bytes;
    store_be(at.subspan(4, 2), chunk.code);
    store_be(at.subspan(6, 4), chunk.total);
    return first_chunk_header_bytes;
}

/// Messages up to this size may wait as chunks that are laid out already: they fit into any frame.
inline constexpr std::size_t laid_out_bytes_max = 512;
/// Most bytes of chunks that wait together: two such runs fit into one frame of 64 KiB, with what
/// the link itself has to say.
inline constexpr std::size_t laid_out_run_bytes_max = 32'000;

/// Adds a whole message of at most laid_out_bytes_max as one chunk. From the second one on memory
/// is taken for many; whoever keeps the run gives back what it did not need.
inline void lay_out(Buffer& chunks, LaneId lane, Code code, Bytes message) {
    const auto size = chunks.size() + first_chunk_header_bytes + message.size();
    if (size > chunks.capacity()) {
        constexpr std::size_t several = 4096;
        chunks.reserve(chunks.empty()    ? size
                       : size <= several ? several
                                         : std::max(size, laid_out_run_bytes_max));
    }
    const Chunk chunk{.lane = lane,
                      .flags = chunk_flag::first | chunk_flag::last,
                      .code = code,
                      .total = static_cast<std::uint32_t>(message.size()),
                      .bytes = message};
    ByteArray<first_chunk_header_bytes> header;
    write_chunk_header(header, chunk);
    append(chunks, header);
    append(chunks, message);
}
/// Bytes of the first message in chunks from lay_out. Precondition: there is one.
inline std::size_t first_laid_out(Bytes chunks) {
    return load_be<std::uint16_t>(chunks.subspan(2, 2));
}

/// Lays chunks out at their place in a frame's msg. Small ones are copied there, large ones only
/// noted: the cipher reads them where they are.
class ChunkWriter {
public:
    static constexpr std::size_t copied_bytes_max = 2048;

    explicit ChunkWriter(MutableBytes msg) : msg_(msg) {}

    std::size_t size() const { return size_; }
    std::size_t room() const { return msg_.size() - size_; }
    bool empty() const { return size_ == 0; }

    /// Lays out the header and bytes of a chunk. Precondition: room for both.
    void put(const Chunk& chunk) {
        put_header(chunk);
        copy(chunk.bytes);
    }
    /// As put, for a chunk whose bytes are a part of `owner`, kept alive until the writer goes.
    void put(const Chunk& chunk, const SharedBytes& owner) {
        put_header(chunk);
        put_bytes(chunk.bytes, owner);
    }
    /// Whole chunks, as they are: a part of `owner`, as in put. Precondition: room for them.
    void put_laid_out(Bytes chunks, const SharedBytes& owner) { put_bytes(chunks, owner); }
    /// All parts, in order, that make the msg.
    std::span<const Bytes> parts() {
        end_run();
        return std::span{parts_}.first(parts_count_);
    }

private:
    void put_header(const Chunk& chunk) { size_ += write_chunk_header(msg_.subspan(size_), chunk); }
    void put_bytes(Bytes bytes, const SharedBytes& owner) {
        if (bytes.size() <= copied_bytes_max || held_count_ == held_.size()) return copy(bytes);
        end_run();
        parts_[parts_count_++] = bytes;
        held_[held_count_++] = owner;
        size_ += bytes.size();
        run_start_ = size_;
    }
    void copy(Bytes bytes) {
        if (!bytes.empty()) std::memcpy(msg_.subspan(size_).data(), bytes.data(), bytes.size());
        size_ += bytes.size();
    }
    void end_run() {
        if (size_ > run_start_) {
            parts_[parts_count_++] = msg_.subspan(run_start_, size_ - run_start_);
        }
        run_start_ = size_;
    }

    // 65,536 bytes hold at most this many chunks above copied_bytes_max.
    static constexpr std::size_t held_max = 32;

    MutableBytes msg_;
    std::size_t size_ = 0;
    std::size_t run_start_ = 0;  // of the bytes already at their place
    std::size_t parts_count_ = 0;
    std::size_t held_count_ = 0;
    std::array<Bytes, 2 * held_max + 1> parts_;
    std::array<SharedBytes, held_max> held_;
};

}  // namespace parley::transport
