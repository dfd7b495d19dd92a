#include <parley/base/uint256.hpp>

#include <parley/base/endian.hpp>

#include <array>
#include <charconv>

namespace parley {
namespace {

__extension__ using Wide = unsigned __int128;

/// Least significant limb first.
using Limbs = std::array<std::uint64_t, 4>;

Limbs limbs_of(const Uint256& value) {
    Limbs out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = load_be<std::uint64_t>(Bytes{value}.subspan(24 - 8 * i, 8));
    }
    return out;
}

Uint256 number_of(const Limbs& limbs) {
    Uint256 out{};
    for (std::size_t i = 0; i < limbs.size(); ++i) {
        store_be(MutableBytes{out}.subspan(24 - 8 * i, 8), limbs[i]);
    }
    return out;
}

struct Product {
    std::uint64_t overflow;  ///< what is above 2^256
    Uint256 low;
    friend auto operator<=>(const Product&, const Product&) = default;
};

Product multiply(const Uint256& a, std::uint64_t b) {
    auto limbs = limbs_of(a);
    Wide carry = 0;
    for (auto& limb : limbs) {
        carry += static_cast<Wide>(limb) * b;
        limb = static_cast<std::uint64_t>(carry);
        carry >>= 64;
    }
    return {static_cast<std::uint64_t>(carry), number_of(limbs)};
}

}  // namespace

Uint256 to_uint256(std::uint64_t value) {
    Uint256 out{};
    store_be(MutableBytes{out}.last(8), value);
    return out;
}

std::optional<std::uint64_t> to_u64(const Uint256& value) {
    for (std::size_t i = 0; i < 24; ++i) {
        if (value[i] != std::byte{0}) return std::nullopt;
    }
    return load_be<std::uint64_t>(Bytes{value}.last(8));
}

std::optional<Uint256> checked_add(const Uint256& a, const Uint256& b) {
    auto sum = limbs_of(a);
    const auto other = limbs_of(b);
    Wide carry = 0;
    for (std::size_t i = 0; i < sum.size(); ++i) {
        carry += static_cast<Wide>(sum[i]) + other[i];
        sum[i] = static_cast<std::uint64_t>(carry);
        carry >>= 64;
    }
    if (carry != 0) return std::nullopt;
    return number_of(sum);
}

std::optional<Uint256> checked_subtract(const Uint256& a, const Uint256& b) {
    auto difference = limbs_of(a);
    const auto other = limbs_of(b);
    Wide borrow = 0;
    for (std::size_t i = 0; i < difference.size(); ++i) {
        const Wide step = static_cast<Wide>(difference[i]) - other[i] - borrow;
        difference[i] = static_cast<std::uint64_t>(step);
        borrow = (step >> 64) & 1;
    }
    if (borrow != 0) return std::nullopt;
    return number_of(difference);
}

std::optional<Uint256> checked_multiply(const Uint256& a, std::uint64_t b) {
    const auto product = multiply(a, b);
    if (product.overflow != 0) return std::nullopt;
    return product.low;
}

bool product_at_least(const Uint256& a, std::uint32_t m, const Uint256& b, std::uint32_t n) {
    return multiply(a, m) >= multiply(b, n);
}

std::string to_quantity(const Uint256& value) {
    auto digits = to_hex(value);
    const auto first = digits.find_first_not_of('0');
    return first == std::string::npos ? "0x0" : "0x" + digits.substr(first);
}

std::string to_decimal(const Uint256& value) {
    constexpr std::uint32_t digits_at_once = 18;
    constexpr std::uint64_t divisor = 1'000'000'000'000'000'000;
    auto limbs = limbs_of(value);
    std::string reversed;
    while (limbs != Limbs{}) {
        Wide rest = 0;
        for (auto limb = limbs.rbegin(); limb != limbs.rend(); ++limb) {
            rest = rest << 64 | *limb;
            *limb = static_cast<std::uint64_t>(rest / divisor);
            rest %= divisor;
        }
        for (std::uint32_t i = 0; i < digits_at_once; ++i, rest /= 10) {
            reversed.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
        }
    }
    while (!reversed.empty() && reversed.back() == '0') reversed.pop_back();
    if (reversed.empty()) return "0";
    return {reversed.rbegin(), reversed.rend()};
}

std::optional<Uint256> from_decimal(std::string_view digits) {
    constexpr std::size_t digits_max = 78;      // of 2^256 - 1
    constexpr std::size_t digits_at_once = 18;  // fit into 64 bits
    if (digits.size() > digits_max || digits.starts_with('0')) return std::nullopt;
    std::optional<Uint256> out = Uint256{};
    while (out && !digits.empty()) {
        const auto step = digits.substr(0, digits_at_once);
        digits.remove_prefix(step.size());
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), value);
        if (error != std::errc{} || end != step.data() + step.size()) return std::nullopt;
        std::uint64_t power = 1;
        for (std::size_t i = 0; i < step.size(); ++i) power *= 10;
        out = checked_multiply(*out, power);
        if (out) out = checked_add(*out, to_uint256(value));
    }
    return out;
}

}  // namespace parley
