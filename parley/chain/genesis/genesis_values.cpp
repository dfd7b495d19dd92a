#include <parley/chain/genesis/genesis_values.hpp>

#include <algorithm>

namespace parley::chain {
namespace {

constexpr std::string_view hex_prefix = "0x";

/// Right-aligned: as a number. Nothing if they are more than 64.
std::optional<Uint256> from_hex_digits(std::string_view digits) {
    Uint256 out{};
    if (digits.size() > 2 * out.size()) return std::nullopt;
    const auto bytes =
        from_hex(digits.size() % 2 == 0 ? std::string{digits} : "0" + std::string{digits});
    if (!bytes) return std::nullopt;
    std::ranges::copy(*bytes, out.end() - static_cast<std::ptrdiff_t>(bytes->size()));
    return out;
}

std::string_view without_zeros(std::string_view digits) {
    return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
}

}  // namespace

std::optional<Uint256> genesis_wide_number(const JsonScalar& from) {
    using Kind = JsonScalar::Kind;
    if (from.kind != Kind::number && from.kind != Kind::string) return std::nullopt;
    auto digits = from.text;
    const bool is_hex = digits.starts_with(hex_prefix) || digits.starts_with("0X");
    if (is_hex) digits.remove_prefix(hex_prefix.size());
    if (digits.empty()) return std::nullopt;
    digits = without_zeros(digits);
    return is_hex ? from_hex_digits(digits) : from_decimal(digits);
}

std::optional<std::uint64_t> genesis_number(const JsonScalar& from) {
    const auto wide = genesis_wide_number(from);
    return wide ? to_u64(*wide) : std::nullopt;
}

std::optional<Buffer> genesis_bytes(const JsonScalar& from, std::size_t size_bytes_max) {
    if (from.kind != JsonScalar::Kind::string) return std::nullopt;
    if (from.text.empty()) return Buffer{};
    if (!from.text.starts_with(hex_prefix)) return std::nullopt;
    const auto digits = from.text.substr(hex_prefix.size());
    if (digits.size() / 2 > size_bytes_max || digits.starts_with(hex_prefix)) return std::nullopt;
    return from_hex(digits);
}

std::optional<Hash256> genesis_hash(const JsonScalar& from) {
    const auto bytes = genesis_bytes(from, Hash256{}.size());
    if (!bytes || bytes->size() != Hash256{}.size()) return std::nullopt;
    return array_of<32>(*bytes);
}

std::optional<Hash256> genesis_slot(std::string_view text) {
    if (text.starts_with(hex_prefix)) text.remove_prefix(hex_prefix.size());
    if (text.size() % 2 != 0 || text.starts_with(hex_prefix)) return std::nullopt;
    return from_hex_digits(text);
}

}  // namespace parley::chain
