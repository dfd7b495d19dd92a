#include <parley/identity/as_map.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>

namespace parley {

namespace {

constexpr std::string_view blanks = " \t\r";

/// Takes the next word of a line off its front; empty at the end.
std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const auto word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

/// Decimal digits alone.
template <class Number>
std::optional<Number> number_of(std::string_view digits) {
    Number out = 0;
    const auto* begin = digits.data();
    const auto* end = begin + digits.size();
    const auto [at, error] = std::from_chars(begin, end, out);
    if (error != std::errc{} || at != end) return std::nullopt;
    return out;
}

/// "64500" or "AS64500"; 0 is none.
AsNumber as_of(std::string_view word) {
    if (word.starts_with("AS") || word.starts_with("as")) word.remove_prefix(2);
    return number_of<AsNumber>(word).value_or(0);
}

struct Prefix {
    NetworkGroup network;
    AsNumber as;
};

/// The prefix and the AS of a line that is neither empty nor a comment. Errors are without the
/// line's number.
Result<Prefix, AsMapError> read_line(std::string_view line) {
    const auto fail = [](AsMapErrc code, std::uint64_t expected = 0) {
        return std::unexpected{AsMapError{.code = code, .expected = expected}};
    };
    const auto prefix = take_word(line);
    const auto as_word = take_word(line);
    const auto slash = prefix.find('/');
    if (slash == prefix.npos) return fail(AsMapErrc::no_length);
    const auto address = IpAddress::parse(prefix.substr(0, slash));
    if (!address) return fail(AsMapErrc::bad_address);
    const unsigned bits_max = address->is_v4() ? 32 : 128;
    const auto bits = number_of<unsigned>(prefix.substr(slash + 1));
    if (!bits || *bits > bits_max) return fail(AsMapErrc::bad_length, bits_max);
    const auto network = group_of(*address, *bits, *bits);
    if (network.prefix != group_of(*address, 32, 128).prefix) {
        return fail(AsMapErrc::bits_behind, *bits);
    }
    if (as_word.empty()) return fail(AsMapErrc::no_as);
    const AsNumber as = as_of(as_word);
    if (as == 0) return fail(AsMapErrc::bad_as);
    if (!take_word(line).empty()) return fail(AsMapErrc::trailing);
    return Prefix{network, as};
}

}  // namespace

std::string message(const AsMapError& error) {
    switch (error.code) {
        case AsMapErrc::too_long:
            return fmt::format("{} bytes, at most {} are allowed", error.actual, error.expected);
        case AsMapErrc::too_many:
            return fmt::format("more than {} prefixes", error.expected);
        case AsMapErrc::no_as:
            return "no AS behind the prefix";
        case AsMapErrc::trailing:
            return "more than a prefix and an AS";
        case AsMapErrc::no_length:
            return "expected PREFIX/BITS, such as 203.0.113.0/24";
        case AsMapErrc::bad_address:
            return "neither an IPv4 nor an IPv6 address";
        case AsMapErrc::bad_length:
            return fmt::format("expected 0 to {} bits behind the slash", error.expected);
        case AsMapErrc::bits_behind:
            return fmt::format("the address has bits behind the first {}", error.expected);
        case AsMapErrc::bad_as:
            return "expected an AS, 1 to 4294967295";
        case AsMapErrc::prefix_was_given:
            return fmt::format("the same prefix as in line {}", error.expected);
    }
    return "unknown error";
}

/// The prefixes of one family, and the ranges that they make.
template <std::size_t Size>
class AsMap::Reader {
public:
    void add(const Prefix& prefix, std::uint32_t line) {
        Nested nested{.first = array_of<Size>(Bytes{prefix.network.prefix}.first(Size)),
                      .last = {},
                      .as = prefix.as,
                      .line = line,
                      .bits = prefix.network.bits};
        nested.last = nested.first;
        for (std::size_t bit = prefix.network.bits; bit < 8 * Size; ++bit) {
            nested.last[bit / 8] |= static_cast<std::byte>(0x80U >> bit % 8);
        }
        prefixes_.push_back(nested);
    }

    /// Prefixes hold each other or are apart, so that a stack of those that are open gives the
    /// longest one everywhere.
    Result<std::vector<Range<Size>>, AsMapError> ranges() {
        std::ranges::sort(prefixes_, {},
                          [](const Nested& p) { return std::tuple{p.first, p.bits, p.line}; });
        std::vector<const Nested*> open;
        const Nested* before = nullptr;
        for (const Nested& prefix : prefixes_) {
            if (before && before->first == prefix.first && before->bits == prefix.bits) {
                return std::unexpected{AsMapError{.code = AsMapErrc::prefix_was_given,
                                                  .line = prefix.line,
                                                  .expected = before->line}};
            }
            before = &prefix;
            close(open, [&](const Nested& one) { return one.last < prefix.first; });
            open.push_back(&prefix);
            begin(prefix.first, prefix.as);
        }
        close(open, [](const Nested&) { return true; });
        ranges_.shrink_to_fit();
        return std::move(ranges_);
    }

private:
    struct Nested {
        ByteArray<Size> first, last;
        AsNumber as;
        std::uint32_t line;
        std::uint8_t bits;
    };
    using Open = std::vector<const Nested*>;

    /// Ends the innermost open prefixes for as long as they are over.
    void close(Open& open, auto is_over) {
        while (!open.empty() && is_over(*open.back())) {
            auto next = open.back()->last;
            open.pop_back();
            if (increment(next)) begin(next, open.empty() ? 0 : open.back()->as);
        }
    }
    void begin(const ByteArray<Size>& start, AsNumber as) {
        if (!ranges_.empty() && ranges_.back().start == start) ranges_.pop_back();
        if (!ranges_.empty() && ranges_.back().as == as) return;
        ranges_.push_back({start, as});
    }
    /// False at the end of all addresses.
    static bool increment(ByteArray<Size>& address) {
        for (std::size_t i = Size; i-- > 0;) {
            address[i] = static_cast<std::byte>(std::to_integer<unsigned>(address[i]) + 1);
            if (address[i] != std::byte{}) return true;
        }
        return false;
    }

    std::vector<Nested> prefixes_;
    std::vector<Range<Size>> ranges_;
};

Result<AsMap, AsMapError> AsMap::parse(std::string_view text) {
    if (text.size() > text_bytes_max) {
        return std::unexpected{AsMapError{
            .code = AsMapErrc::too_long, .expected = text_bytes_max, .actual = text.size()}};
    }
    AsMap out;
    Reader<4> v4;
    Reader<16> v6;
    for (std::uint32_t number = 1; !text.empty(); ++number) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        line = line.substr(0, line.find('#'));
        if (line.find_first_not_of(blanks) == line.npos) continue;
        auto prefix = read_line(line);
        if (!prefix) {
            prefix.error().line = number;
            return std::unexpected{prefix.error()};
        }
        if (++out.prefixes_ > prefixes_max) {
            return std::unexpected{
                AsMapError{.code = AsMapErrc::too_many, .line = number, .expected = prefixes_max}};
        }
        if (prefix->network.v4) {
            v4.add(*prefix, number);
        } else {
            v6.add(*prefix, number);
        }
    }
    auto ranges_v4 = v4.ranges();
    if (!ranges_v4) return std::unexpected{ranges_v4.error()};
    auto ranges_v6 = v6.ranges();
    if (!ranges_v6) return std::unexpected{ranges_v6.error()};
    out.v4_ = *std::move(ranges_v4);
    out.v6_ = *std::move(ranges_v6);
    return out;
}

template <std::size_t Size>
AsNumber AsMap::find_in(const std::vector<Range<Size>>& ranges, Bytes address) {
    const auto after =
        std::ranges::upper_bound(ranges, array_of<Size>(address), {}, &Range<Size>::start);
    return after == ranges.begin() ? 0 : std::prev(after)->as;
}

AsNumber AsMap::find(const IpAddress& address) const {
    return address.is_v4() ? find_in(v4_, address.bytes()) : find_in(v6_, address.bytes());
}

}  // namespace parley
