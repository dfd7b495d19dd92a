#include <parley/codec/rlp.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley::rlp {

namespace {

// Prefix bytes, Yellow Paper, appendix B.
constexpr unsigned string_base = 0x80;
constexpr unsigned list_base = 0xc0;
constexpr std::size_t short_size_max = 55;

struct Header {
    bool is_list;
    std::size_t header_bytes;
    std::size_t payload_bytes;
};

unsigned byte_at(Bytes bytes, std::size_t i) {
    return std::to_integer<unsigned>(bytes[i]);
}

/// The size of a long form: `count` big-endian bytes after the prefix.
Result<std::size_t, RlpError> long_size(Bytes input, std::size_t count) {
    if (input.size() - 1 < count) return fail(Errc::truncated, count, input.size() - 1);
    if (byte_at(input, 1) == 0) return fail(Errc::non_canonical_size);
    std::uint64_t size = 0;
    for (std::size_t i = 1; i <= count; ++i) size = size << 8 | byte_at(input, i);
    if (size <= short_size_max) return fail(Errc::non_canonical_size);
    return size;
}

/// Precondition: `input` is not empty. On success the whole item lies inside `input`.
Result<Header, RlpError> parse_header(Bytes input) {
    const unsigned prefix = byte_at(input, 0);
    if (prefix < string_base) return Header{false, 0, 1};
    Header header{prefix >= list_base, 1, 0};
    const std::size_t size = prefix - (header.is_list ? list_base : string_base);
    if (size <= short_size_max) {
        header.payload_bytes = size;
    } else {
        const std::size_t count = size - short_size_max;
        const auto parsed = long_size(input, count);
        if (!parsed) return std::unexpected{parsed.error()};
        header.header_bytes += count;
        header.payload_bytes = *parsed;
    }
    const std::size_t there = input.size() - header.header_bytes;
    if (header.payload_bytes > there) return fail(Errc::truncated, header.payload_bytes, there);
    if (prefix == string_base + 1 && byte_at(input, 1) < string_base) {
        return fail(Errc::non_canonical_byte);
    }
    return header;
}

/// Checks all items that `payload` joins; each list may hold `depth_left` more levels.
Result<void, RlpError> validate_items(Bytes payload, std::size_t depth_left,
                                      std::size_t depth_max) {
    while (!payload.empty()) {
        const auto header = parse_header(payload);
        if (!header) return std::unexpected{header.error()};
        const Bytes inner = payload.subspan(header->header_bytes, header->payload_bytes);
        if (header->is_list) {
            if (depth_left == 0) return fail(Errc::too_deep, depth_max);
            const auto valid = validate_items(inner, depth_left - 1, depth_max);
            if (!valid) return valid;
        }
        payload = payload.subspan(header->header_bytes + header->payload_bytes);
    }
    return {};
}

std::size_t size_of_size(std::uint64_t size) {
    std::size_t count = 0;
    for (; size != 0; size >>= 8) ++count;
    return count;
}

/// Writes the header of a string or list of `size` bytes, 9 bytes at most; returns its length.
std::size_t make_header(std::array<std::byte, 9>& out, unsigned base, std::size_t size) {
    if (size <= short_size_max) {
        out[0] = static_cast<std::byte>(base + size);
        return 1;
    }
    const std::size_t count = size_of_size(size);
    out[0] = static_cast<std::byte>(base + short_size_max + count);
    for (std::size_t i = 0; i < count; ++i) {
        out[1 + i] = static_cast<std::byte>(size >> (8 * (count - 1 - i)));
    }
    return 1 + count;
}

Bytes without_leading_zeros(Bytes bytes) {
    const auto first = std::ranges::find_if(bytes, [](std::byte b) { return b != std::byte{0}; });
    return bytes.subspan(static_cast<std::size_t>(first - bytes.begin()));
}

}  // namespace

std::string_view name(Errc code) {
    switch (code) {
        case Errc::truncated:
            return "truncated";
        case Errc::trailing_bytes:
            return "bytes left over";
        case Errc::non_canonical_size:
            return "size not canonical";
        case Errc::non_canonical_byte:
            return "single byte not canonical";
        case Errc::leading_zero:
            return "leading zero";
        case Errc::integer_too_large:
            return "number too large";
        case Errc::wrong_size:
            return "wrong size";
        case Errc::expected_string:
            return "a list where a string belongs";
        case Errc::expected_list:
            return "a string where a list belongs";
        case Errc::missing_item:
            return "missing";
        case Errc::too_deep:
            return "nested too deep";
        case Errc::too_long:
            return "too long";
        case Errc::repeated_item:
            return "repeated";
    }
    return "malformed";
}

std::string message(const RlpError& error) {
    const auto expected = error.expected;
    const auto actual = error.actual;
    switch (error.code) {
        case Errc::truncated:
            return fmt::format("RLP is truncated: {} bytes promised, {} there", expected, actual);
        case Errc::trailing_bytes:
            return fmt::format("RLP is followed by {} bytes too many", actual);
        case Errc::non_canonical_size:
            return "RLP size is not in its shortest form";
        case Errc::non_canonical_byte:
            return "RLP byte below 0x80 is written as a string";
        case Errc::leading_zero:
            return "RLP integer has a leading zero";
        case Errc::integer_too_large:
            return fmt::format("RLP integer is too large: limit {}, got {}", expected, actual);
        case Errc::wrong_size:
            return fmt::format("RLP string has {} bytes instead of {}", actual, expected);
        case Errc::expected_string:
            return "RLP list where a string belongs";
        case Errc::expected_list:
            return "RLP string where a list belongs";
        case Errc::missing_item:
            return fmt::format("RLP list ends after {} items, {} wanted", actual, expected);
        case Errc::too_deep:
            return fmt::format("RLP is nested deeper than {} levels", expected);
        case Errc::too_long:
            return fmt::format("RLP is too long: limit {}, got {}", expected, actual);
        case Errc::repeated_item:
            return "RLP list repeats an item";
    }
    return "RLP error";
}

Result<Reader, RlpError> Reader::open_list(Bytes input) {
    if (input.empty()) return fail(Errc::truncated, 1, 0);
    Reader outer{input};
    const auto inner = outer.list();
    if (!inner) return inner;
    const auto end = outer.finish();
    if (!end) return std::unexpected{end.error()};
    return inner;
}

Result<void, RlpError> Reader::finish() const {
    if (!rest_.empty()) return fail(Errc::trailing_bytes, 0, rest_.size());
    return {};
}

Result<Reader::Item, RlpError> Reader::next() {
    if (rest_.empty()) return fail(Errc::missing_item, items_read_ + 1, items_read_);
    const auto header = parse_header(rest_);
    if (!header) return std::unexpected{header.error()};
    const Bytes whole = rest_.first(header->header_bytes + header->payload_bytes);
    rest_ = rest_.subspan(whole.size());
    ++items_read_;
    return Item{header->is_list, whole, whole.subspan(header->header_bytes)};
}

Result<Bytes, RlpError> Reader::string() {
    const auto item = next();
    if (!item) return std::unexpected{item.error()};
    if (item->is_list) return fail(Errc::expected_string);
    return item->payload;
}

Result<Bytes, RlpError> Reader::string_up_to(std::size_t size_bytes_max) {
    const auto bytes = string();
    if (bytes && bytes->size() > size_bytes_max) {
        return fail(Errc::too_long, size_bytes_max, bytes->size());
    }
    return bytes;
}

Result<Bytes, RlpError> Reader::string_of_size(std::size_t size) {
    const auto bytes = string();
    if (bytes && bytes->size() != size) return fail(Errc::wrong_size, size, bytes->size());
    return bytes;
}

Result<Bytes, RlpError> Reader::integer(std::size_t size_bytes_max) {
    const auto bytes = string();
    if (!bytes) return bytes;
    if (bytes->size() > size_bytes_max) {
        return fail(Errc::integer_too_large, size_bytes_max, bytes->size());
    }
    if (!bytes->empty() && byte_at(*bytes, 0) == 0) return fail(Errc::leading_zero);
    return bytes;
}

Result<std::uint64_t, RlpError> Reader::u64() {
    const auto bytes = integer(8);
    if (!bytes) return std::unexpected{bytes.error()};
    std::uint64_t value = 0;
    for (const auto b : *bytes) value = value << 8 | std::to_integer<std::uint64_t>(b);
    return value;
}

Result<std::uint32_t, RlpError> Reader::u32() {
    const auto bytes = integer(4);
    if (!bytes) return std::unexpected{bytes.error()};
    std::uint32_t value = 0;
    for (const auto b : *bytes) value = value << 8 | std::to_integer<std::uint32_t>(b);
    return value;
}

Result<std::uint16_t, RlpError> Reader::u16() {
    const auto bytes = integer(2);
    if (!bytes) return std::unexpected{bytes.error()};
    unsigned value = 0;
    for (const auto b : *bytes) value = value << 8 | std::to_integer<unsigned>(b);
    return static_cast<std::uint16_t>(value);
}

Result<Uint256, RlpError> Reader::u256() {
    Uint256 value{};
    const auto bytes = integer(value.size());
    if (!bytes) return std::unexpected{bytes.error()};
    std::ranges::copy_backward(*bytes, value.end());
    return value;
}

Result<bool, RlpError> Reader::boolean() {
    const auto value = u64();
    if (!value) return std::unexpected{value.error()};
    if (*value > 1) return fail(Errc::integer_too_large, 1, *value);
    return *value == 1;
}

Result<Reader, RlpError> Reader::list() {
    const auto item = next();
    if (!item) return std::unexpected{item.error()};
    if (!item->is_list) return fail(Errc::expected_list);
    return Reader{item->payload};
}

Result<Bytes, RlpError> Reader::raw_item() {
    const auto item = next();
    if (!item) return std::unexpected{item.error()};
    return item->whole;
}

bool Reader::next_is_list() const {
    assert(!rest_.empty());
    return byte_at(rest_, 0) >= list_base;
}

Result<void, RlpError> validate(Bytes input, std::size_t depth_max) {
    if (input.empty()) return fail(Errc::truncated, 1, 0);
    Reader outer{input};
    const auto item = outer.raw_item();
    if (!item) return std::unexpected{item.error()};
    const auto end = outer.finish();
    if (!end) return end;
    return validate_items(*item, depth_max, depth_max);
}

Writer& Writer::string(Bytes bytes) {
    const bool is_own_encoding = bytes.size() == 1 && byte_at(bytes, 0) < string_base;
    if (!is_own_encoding && bytes.size() <= short_size_max) {
        out_.push_back(static_cast<std::byte>(string_base + bytes.size()));
    } else if (!is_own_encoding) {
        std::array<std::byte, 9> header;
        append(out_, Bytes{header}.first(make_header(header, string_base, bytes.size())));
    }
    append(out_, bytes);
    return *this;
}

Writer& Writer::number(std::uint64_t value) {
    std::array<std::byte, 8> bytes;
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(value >> (8 * (7 - i)));
    return string(without_leading_zeros(bytes));
}

Writer& Writer::number(const Uint256& value) {
    return string(without_leading_zeros(value));
}

Writer& Writer::raw(Bytes item) {
    append(out_, item);
    return *this;
}

Writer& Writer::begin_list() {
    starts_.at(depth_) = out_.size();
    ++depth_;
    return *this;
}

Writer& Writer::end_list() {
    const std::size_t start = starts_.at(depth_ - 1);
    --depth_;
    std::array<std::byte, 9> header;
    const std::size_t count = make_header(header, list_base, out_.size() - start);
    out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(start), header.begin(),
                header.begin() + static_cast<std::ptrdiff_t>(count));
    return *this;
}

Buffer Writer::take() {
    assert(depth_ == 0);
    return std::exchange(out_, {});
}

}  // namespace parley::rlp
