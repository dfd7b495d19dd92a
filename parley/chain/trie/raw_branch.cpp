#include <parley/chain/trie/raw_branch.hpp>

#include <cstring>

namespace parley::chain::trie {
namespace {

// Of a list, whose size follows.
constexpr std::byte one_byte_size{0xf8};
constexpr std::byte two_byte_size{0xf9};
constexpr std::byte empty_item{0x80};
constexpr std::byte hash_item{0xa0};
constexpr std::size_t hash_item_bytes = 33;
constexpr std::size_t children_max = 16;
constexpr unsigned raw_ways_min = 2;
/// Two children at least make a list of more than 55 bytes.
constexpr std::size_t short_header_bytes = 2;
constexpr std::size_t long_header_bytes = 3;

/// The bits that are set. Without a flag for newer processors std::popcount is a call.
constexpr unsigned count_bits(std::uint16_t bits) {
    unsigned pairs = bits - ((bits >> 1) & 0x5555U);
    pairs = (pairs & 0x3333) + ((pairs >> 2) & 0x3333);
    pairs = (pairs + (pairs >> 4)) & 0x0f0f;
    return (pairs + (pairs >> 8)) & 31;
}

constexpr std::size_t payload_bytes(unsigned children) {
    return 17 + 32 * std::size_t{children};
}
constexpr std::size_t header_bytes_for(unsigned children) {
    return payload_bytes(children) < 256 ? short_header_bytes : long_header_bytes;
}

void write_header(std::byte* at, unsigned children) {
    const auto header = header_bytes_for(children);
    const auto size = payload_bytes(children);
    at[0] = header == short_header_bytes ? one_byte_size : two_byte_size;
    if (header == long_header_bytes) at[1] = static_cast<std::byte>(size >> 8);
    at[header - 1] = static_cast<std::byte>(size & 255);
}

}  // namespace

std::optional<RawBranch> RawBranch::read(Bytes rlp, ByteArena& memory) {
    if (rlp.size() < short_header_bytes) return std::nullopt;
    const std::size_t header = rlp[0] == one_byte_size ? short_header_bytes : long_header_bytes;
    std::size_t at = header;
    unsigned children = 0;
    unsigned others = 0;
    for (unsigned i = 0; i < children_max; ++i) {
        if (at >= rlp.size()) return std::nullopt;
        // Without a branch in the program: which children are there is anybody's guess.
        const bool is_hash = rlp[at] == hash_item;
        others |= static_cast<unsigned>(!is_hash && rlp[at] != empty_item);
        children |= static_cast<unsigned>(is_hash) << i;
        at += 1 + (hash_item_bytes - 1) * static_cast<std::size_t>(is_hash);
    }
    const unsigned ways = count_bits(static_cast<std::uint16_t>(children));
    if (others != 0 || ways < raw_ways_min || at + 1 != rlp.size() || rlp[at] != empty_item)
        return std::nullopt;
    std::byte expected[long_header_bytes];
    write_header(expected, ways);
    if (header != header_bytes_for(ways) || !equal(rlp.first(header), Bytes{expected, header})) {
        return std::nullopt;
    }
    return RawBranch{rlp, header, static_cast<std::uint16_t>(children), memory};
}

RawBranch::RawBranch(Bytes rlp, std::size_t header_bytes, std::uint16_t children, ByteArena& memory)
    : rlp_(memory.take(rlp.size()).data()),
      size_(static_cast<std::uint16_t>(rlp.size())),
      header_bytes_(static_cast<std::uint16_t>(header_bytes)),
      children_(children) {
    std::memcpy(rlp_, rlp.data(), rlp.size());
}

std::size_t RawBranch::offset(std::uint8_t nibble) const {
    const auto before = static_cast<std::uint16_t>(children_ & ((1U << nibble) - 1));
    return header_bytes_ + nibble + (hash_item_bytes - 1) * std::size_t{count_bits(before)};
}

Reference RawBranch::child(std::uint8_t nibble) const {
    if (!has_child(nibble)) return {};
    if ((changed_ >> nibble & 1U) != 0) return Reference::changed(indexes_[nibble]);
    return Reference::hash(array_of<32>(Bytes{rlp_ + offset(nibble) + 1, 32}));
}

void RawBranch::set_hash(std::uint8_t nibble, const Hash256& hash) {
    assert(has_child(nibble));
    std::memcpy(rlp_ + offset(nibble) + 1, hash.data(), hash.size());
    changed_ = static_cast<std::uint16_t>(changed_ & ~(1U << nibble));
}

void RawBranch::add_changed(std::uint8_t nibble, Index index, ByteArena& memory) {
    assert(!has_child(nibble));
    const auto at = offset(nibble);
    const auto ways = count_bits(children_) + 1;
    const auto header = header_bytes_for(ways);
    const auto larger = memory.take(header + payload_bytes(ways));
    write_header(larger.data(), ways);
    const std::size_t before = at - header_bytes_;
    std::memcpy(larger.data() + header, rlp_ + header_bytes_, before);
    larger[header + before] = hash_item;
    std::memcpy(larger.data() + header + before + hash_item_bytes, rlp_ + at + 1, size_ - at - 1);
    rlp_ = larger.data();
    size_ = static_cast<std::uint16_t>(larger.size());
    header_bytes_ = static_cast<std::uint16_t>(header);
    children_ = static_cast<std::uint16_t>(children_ | 1U << nibble);
    set_changed(nibble, index);
}

Branch RawBranch::decoded() const {
    Branch out;
    for (std::uint8_t i = 0; i < children_max; ++i) out.children[i] = child(i);
    return out;
}

}  // namespace parley::chain::trie
