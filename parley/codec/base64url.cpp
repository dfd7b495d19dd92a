#include <parley/codec/base64url.hpp>

namespace parley {

namespace {

constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string to_base64url(Bytes bytes) {
    std::string out;
    unsigned bits = 0;
    unsigned held = 0;
    for (const auto b : bytes) {
        held = (held << 8 | std::to_integer<unsigned>(b)) & 0xffff;
        for (bits += 8; bits >= 6; bits -= 6) out += base64_digits[held >> (bits - 6) & 63];
    }
    if (bits > 0) out += base64_digits[held << (6 - bits) & 63];
    return out;
}

std::optional<Buffer> from_base64url(std::string_view text) {
    Buffer out;
    unsigned bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        const auto digit = base64_digits.find(c);
        if (digit == base64_digits.npos) return std::nullopt;
        held = (held << 6 | static_cast<unsigned>(digit)) & 0xffff;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out.push_back(static_cast<std::byte>(held >> bits & 0xff));
    }
    const bool has_lone_digit = text.size() % 4 == 1;
    if (has_lone_digit || (held & ((1U << bits) - 1)) != 0) return std::nullopt;
    return out;
}

}  // namespace parley
