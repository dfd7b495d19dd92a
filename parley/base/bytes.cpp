#include <parley/base/bytes.hpp>

#include <parley/base/sip_hash.hpp>

#include <algorithm>
#include <atomic>
#include <cstring>

namespace parley {

Bytes bytes_of(std::string_view text) {
    return std::as_bytes(std::span{text});
}

std::string_view text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool equal(Bytes a, Bytes b) {
    return std::ranges::equal(a, b);
}

std::string to_hex(Bytes bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const auto b : bytes) {
        out += digits[std::to_integer<unsigned>(b) >> 4];
        out += digits[std::to_integer<unsigned>(b) & 15];
    }
    return out;
}

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::optional<Buffer> from_hex(std::string_view text) {
    if (text.starts_with("0x")) text.remove_prefix(2);
    if (text.size() % 2 != 0) return std::nullopt;
    Buffer out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out.push_back(static_cast<std::byte>(high * 16 + low));
    }
    return out;
}

void wipe(MutableBytes secret) {
    std::ranges::fill(secret, std::byte{0});
    std::atomic_signal_fence(std::memory_order_seq_cst);
    asm volatile("" : : "r"(secret.data()) : "memory");
}

std::size_t SaltedHash::hash(Bytes key) const {
    return sip_hash({salt, ~salt}, key);
}

}  // namespace parley
