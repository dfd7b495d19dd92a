#include "chain/block_file.hpp"
#include "folder.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <iostream>
#include <utility>

namespace parley::app {
namespace {

// The first byte of a list in RLP (Yellow Paper, appendix B).
constexpr unsigned short_list = 0xc0;
constexpr unsigned long_list = 0xf7;  ///< and how many bytes of length follow

}  // namespace

std::istream& BlockFile::in() {
    return path_ == "-" ? std::cin : file_;
}

std::unexpected<Failure> BlockFile::fault(const std::string& what) const {
    return failed(fmt::format("{}: at byte {}: {}", path_, offset_, what));
}

Result<BlockFile, Failure> BlockFile::open(const std::string& path) {
    BlockFile out{path};
    if (path == "-") return out;
    out.file_.open(path, std::ios::binary);
    if (!out.file_) return failed(fmt::format("cannot read {}: {}", path, system_message(errno)));
    return out;
}

Result<std::optional<chain::Block>, Failure> BlockFile::next(const chain::BlockLimits& limits) {
    std::string raw;
    const int first = in().get();
    if (first == std::char_traits<char>::eof()) return std::nullopt;
    raw.push_back(static_cast<char>(first));
    const auto kind = static_cast<unsigned>(first);
    if (kind < short_list) {
        const bool is_gzip = kind == 0x1f && in().peek() == 0x8b;
        return fault(is_gzip ? "expected a block, got gzip: unpack the file first"
                             : fmt::format("expected a list, got 0x{:02x}", kind));
    }
    std::uint64_t size = kind - short_list;
    if (kind > long_list) {
        size = 0;
        for (unsigned i = 0; i < kind - long_list; ++i) {
            const int byte = in().get();
            if (byte == std::char_traits<char>::eof()) return fault("the file ends in a block");
            raw.push_back(static_cast<char>(byte));
            size = size << 8 | static_cast<unsigned>(byte);
        }
    }
    if (size > limits.bytes_max) {
        return fault(
            fmt::format("expected a block of at most {} bytes, got {}", limits.bytes_max, size));
    }
    const auto header_bytes = raw.size();
    raw.resize(header_bytes + size);
    in().read(raw.data() + header_bytes, static_cast<std::streamsize>(size));
    if (static_cast<std::uint64_t>(in().gcount()) != size) return fault("the file ends in a block");
    auto block = chain::decode_block(SharedBytes::copy(bytes_of(raw)), limits);
    if (!block) return fault(message(block.error()));
    offset_ += raw.size();
    return std::optional{std::move(*block)};
}

}  // namespace parley::app
