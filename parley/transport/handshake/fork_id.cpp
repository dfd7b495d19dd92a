#include <parley/transport/handshake/fork_id.hpp>

#include <parley/base/endian.hpp>

#include <array>

namespace parley::transport {

namespace {

/// CRC-32 of IEEE 802.3, reflected polynomial.
constexpr std::uint32_t polynomial = 0xedb88320;

constexpr auto crc_table = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value >> 1) ^ ((value & 1) != 0 ? polynomial : 0);
        }
        table[i] = value;
    }
    return table;
}();

/// Continues the checksum `crc` (0 at the start) with more bytes.
std::uint32_t crc32(std::uint32_t crc, Bytes bytes) {
    crc = ~crc;
    for (const auto b : bytes) {
        crc = crc_table[(crc ^ std::to_integer<std::uint32_t>(b)) & 0xff] ^ (crc >> 8);
    }
    return ~crc;
}

ByteArray<4> to_bytes(std::uint32_t value) {
    ByteArray<4> out;
    store_be(MutableBytes{out}, value);
    return out;
}

/// Walks the checksums, one for the genesis and one after each fork, in order.
class Checksums {
public:
    explicit Checksums(const ForkRules& rules)
        : forks_(rules.forks), crc_(crc32(0, rules.genesis)) {
        skip();
    }
    ByteArray<4> hash() const { return to_bytes(crc_); }
    /// The block of the fork that ends the stretch of this checksum; 0 after the last.
    std::uint64_t next() const { return at_ < forks_.size() ? forks_[at_] : 0; }
    /// False after the last fork.
    bool advance() {
        if (at_ == forks_.size()) return false;
        passed_ = forks_[at_];
        ByteArray<8> block;
        store_be(MutableBytes{block}, passed_);
        crc_ = crc32(crc_, block);
        skip();
        return true;
    }

private:
    /// Forks in the genesis block count for nothing, and several in one block count once.
    void skip() {
        while (at_ < forks_.size() && forks_[at_] <= passed_) ++at_;
    }
    const std::vector<std::uint64_t>& forks_;
    std::size_t at_ = 0;
    std::uint64_t passed_ = 0;
    std::uint32_t crc_;
};

bool is_passed(const ForkRules& rules, std::uint64_t fork) {
    return fork != 0 && rules.head >= fork;
}

}  // namespace

ForkId fork_id(const ForkRules& rules) {
    Checksums at{rules};
    while (is_passed(rules, at.next())) at.advance();
    return {at.hash(), at.next()};
}

bool fork_compatible(const ForkRules& ours, const ForkId& theirs) {
    Checksums at{ours};
    // Rule 2: the peer is behind us; it must know the fork that comes next for it.
    while (is_passed(ours, at.next())) {
        if (at.hash() == theirs.hash) return at.next() == theirs.next;
        at.advance();
    }
    // Rule 1: the same state; a fork that the peer announces must still be ahead of us.
    if (at.hash() == theirs.hash) return !is_passed(ours, theirs.next);
    // Rule 3: we are behind the peer; its state must follow from forks that we know.
    while (at.advance()) {
        if (at.hash() == theirs.hash) return true;
    }
    return false;  // rule 4
}

}  // namespace parley::transport
