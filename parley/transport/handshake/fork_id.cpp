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

/// Above it a number is a time: no chain had so many blocks, and none was so old (EIP-6122).
constexpr std::uint64_t time_min = 1'438'269'973;

/// Walks the checksums, one for the genesis and one after each fork, in order: those by block, then
/// those by time.
class Checksums {
public:
    explicit Checksums(const ForkRules& rules) : rules_(rules), crc_(crc32(0, rules.genesis)) {
        skip();
    }
    ByteArray<4> hash() const { return to_bytes(crc_); }
    /// The fork that ends the stretch of this checksum; 0 after the last.
    std::uint64_t next() const { return is_end() ? 0 : points()[at_]; }
    /// Whether the head is past the fork that ends it. False after the last.
    bool is_passed() const {
        return !is_end() && (in_times_ ? rules_.head_time : rules_.head) >= points()[at_];
    }
    /// False after the last fork.
    bool advance() {
        if (is_end()) return false;
        passed_ = points()[at_];
        ByteArray<8> point;
        store_be(MutableBytes{point}, passed_);
        crc_ = crc32(crc_, point);
        skip();
        return true;
    }

private:
    const std::vector<std::uint64_t>& points() const {
        return in_times_ ? rules_.fork_times : rules_.forks;
    }
    bool is_end() const { return at_ == points().size(); }
    /// Forks in the genesis block count for nothing, and several in one block count once.
    void skip() {
        while (!is_end() && points()[at_] <= passed_) ++at_;
        if (!is_end() || in_times_) return;
        in_times_ = true;
        at_ = 0;
        passed_ = 0;
        skip();
    }

    const ForkRules& rules_;
    bool in_times_ = false;
    std::size_t at_ = 0;
    std::uint64_t passed_ = 0;  // of this kind
    std::uint32_t crc_;
};

/// Whether our head is past a fork that a peer names.
bool is_passed(const ForkRules& ours, std::uint64_t fork) {
    if (fork == 0) return false;
    return ours.head >= fork || (fork > time_min && ours.head_time >= fork);
}

}  // namespace

ForkId fork_id(const ForkRules& rules) {
    Checksums at{rules};
    while (at.is_passed()) at.advance();
    return {at.hash(), at.next()};
}

bool fork_compatible(const ForkRules& ours, const ForkId& theirs) {
    Checksums at{ours};
    // Rule 2: the peer is behind us; it must know the fork that comes next for it.
    while (at.is_passed()) {
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
