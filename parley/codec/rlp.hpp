// RLP, strict: Ethereum Yellow Paper, appendix B. Only canonical encodings are accepted.
// Threading: values only.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/uint256.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace parley::rlp {

/// Why bytes are no canonical RLP, or not the items that were asked for.
enum class Errc : std::uint8_t {
    truncated,           ///< expected: bytes that the header promises; actual: bytes there are
    trailing_bytes,      ///< expected: 0; actual: bytes left over
    non_canonical_size,  ///< a long form where a short one fits, or a size with leading zeros
    non_canonical_byte,  ///< a single byte below 0x80 written as a string of one
    leading_zero,        ///< an integer with a leading zero byte
    integer_too_large,   ///< expected: bytes at most; actual: bytes that came
    wrong_size,          ///< a fixed-size string; expected and actual in bytes
    expected_string,     ///< a list came
    expected_list,       ///< a string came
    missing_item,        ///< the list ended; expected: items wanted so far; actual: items there
    too_deep,            ///< expected: levels at most
    too_long,            ///< expected: bytes or items at most; actual: what came
    repeated_item,       ///< an item came again where each may be there once
};
/// In a few words, to follow the name of what was read: "leading zero".
std::string_view name(Errc code);
using RlpError = Error<Errc>;
/// For a log: the error in words, with the numbers that belong to it.
std::string message(const RlpError& error);

/// Reads items one after the other from the payload of a list (or the top level). Never copies,
/// never allocates. After an error the reader must not be used further.
class Reader {
public:
    /// Reads the items in `payload`.
    explicit Reader(Bytes payload) : rest_(payload) {}
    /// Opens the one list that `input` must be; nothing may follow it.
    static Result<Reader, RlpError> open_list(Bytes input);

    bool at_end() const { return rest_.empty(); }
    std::size_t bytes_left() const { return rest_.size(); }
    /// Fails with trailing_bytes unless at the end.
    Result<void, RlpError> finish() const;

    /// The payload of the next item, as a view of the input; expected_string if it is a list.
    Result<Bytes, RlpError> string();
    /// A string of at most `size_bytes_max`; longer ones are too_long.
    Result<Bytes, RlpError> string_up_to(std::size_t size_bytes_max);
    /// A string of exactly N bytes, copied; wrong_size otherwise.
    template <std::size_t N>
    Result<ByteArray<N>, RlpError> fixed() {
        // Most of what is read is of fixed size and good: a byte or two to compare.
        static constexpr auto header = header_of_size<N>();
        if (N > 1 && rest_.size() >= header.size() + N &&
            std::equal(header.begin(), header.end(), rest_.begin())) {
            const auto payload = rest_.subspan(header.size());
            rest_ = payload.subspan(N);
            ++items_read_;
            return array_of<N>(payload);
        }
        const auto bytes = string_of_size(N);
        if (!bytes) return std::unexpected{bytes.error()};
        return array_of<N>(*bytes);
    }
    /// An integer of at most 8 bytes, without leading zeros; integer_too_large above.
    Result<std::uint64_t, RlpError> u64();
    /// As u64, of at most 4 bytes.
    Result<std::uint32_t, RlpError> u32();
    /// As u64, of at most 2 bytes.
    Result<std::uint16_t, RlpError> u16();
    /// As u64, of at most 32 bytes.
    Result<Uint256, RlpError> u256();
    /// 0 or 1; anything else is integer_too_large, with the value instead of its size.
    Result<bool, RlpError> boolean();
    /// A reader of the items inside the next one, which this reader steps over whole; expected_list
    /// if it is a string.
    Result<Reader, RlpError> list();
    /// The next item whole, header included, checked only on its surface.
    Result<Bytes, RlpError> raw_item();
    /// True if the next item is a list. Precondition: not at_end().
    bool next_is_list() const;

private:
    /// Of a string of N bytes, 2 or more.
    template <std::size_t N>
    static constexpr auto header_of_size() {
        static_assert(N < 0x10000);
        if constexpr (N <= 55) {
            return std::array{std::byte{0x80 + N}};
        } else if constexpr (N < 0x100) {
            return std::array{std::byte{0xb8}, std::byte{N}};
        } else {
            return std::array{std::byte{0xb9}, std::byte{N >> 8}, std::byte{N & 0xff}};
        }
    }
    struct Item {
        bool is_list;
        Bytes whole;
        Bytes payload;
    };
    Result<Item, RlpError> next();
    Result<Bytes, RlpError> string_of_size(std::size_t size);
    Result<Bytes, RlpError> integer(std::size_t size_bytes_max);
    Bytes rest_;
    std::uint64_t items_read_ = 0;
};

/// Checks that `input` is exactly one canonical item, nested at most `depth_max` lists deep.
Result<void, RlpError> validate(Bytes input, std::size_t depth_max = 16);

/// Appends items to one buffer. Lists are opened and closed; sizes are filled in on closing.
/// Nesting deeper than 16 or closing what is not open throws std::out_of_range (a bug of ours).
class Writer {
public:
    Writer() = default;
    /// Appends to what is there already.
    explicit Writer(Buffer start) : out_(std::move(start)) {}

    /// Appends a string, in the short form where one fits.
    Writer& string(Bytes bytes);
    /// As above, of the bytes of a text.
    Writer& string(std::string_view text) { return string(bytes_of(text)); }
    /// Appends an integer: big endian without leading zeros, zero as the empty string.
    Writer& number(std::uint64_t value);
    /// As above, of up to 32 bytes.
    Writer& number(const Uint256& value);
    /// Appends an item that is already encoded.
    Writer& raw(Bytes item);
    /// What is appended until the matching end_list() lies inside this list.
    Writer& begin_list();
    /// Closes the innermost open list and writes its header before it, which moves its payload.
    Writer& end_list();

    /// The bytes so far. Precondition: every list is closed.
    Buffer take();
    const Buffer& bytes() const { return out_; }

private:
    static constexpr std::size_t nesting_max = 16;
    Buffer out_;
    std::array<std::size_t, nesting_max> starts_{};
    std::size_t depth_ = 0;
};

}  // namespace parley::rlp
