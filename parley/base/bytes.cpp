#include <parley/base/bytes.hpp>

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
    std::uint64_t h = salt ^ (key.size() * 0x9e3779b97f4a7c15ULL);
    while (!key.empty()) {
        std::uint64_t word = 0;
        const auto n = std::min<std::size_t>(8, key.size());
        std::memcpy(&word, key.data(), n);
        key = key.subspan(n);
        h = (h ^ word) * 0xff51afd7ed558ccdULL;
        h ^= h >> 32;
    }
    h *= 0xc4ceb9fe1a85ec53ULL;
    return h ^ (h >> 29);
}

}  // namespace parley
