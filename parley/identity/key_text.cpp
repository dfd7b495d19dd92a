#include <parley/identity/key_text.hpp>

#include <charconv>
#include <cstddef>

namespace parley {

namespace {

constexpr std::size_t digits = 64;

/// Not by from_hex, whose buffer nobody wipes.
bool read_hex(std::string_view text, ByteArray<32>& out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        const char* const end = text.data() + 2 * i + 2;
        unsigned value = 0;
        const auto read = std::from_chars(end - 2, end, value, 16);
        if (read.ec != std::errc{} || read.ptr != end) return false;
        out[i] = static_cast<std::byte>(value);
    }
    return true;
}

}  // namespace

std::optional<NodeKey> parse_key_text(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.starts_with("0x")) text.remove_prefix(2);
    if (text.size() != digits) return std::nullopt;
    ByteArray<32> secret{};
    auto key = read_hex(text, secret) ? NodeKey::from_secret(secret) : std::nullopt;
    wipe(secret);
    return key;
}

SecretBytes key_text(const NodeKey& key) {
    SecretBytes out{digits + 1};
    auto at = out.bytes().begin();
    for (const auto b : key.secret()) {
        for (const unsigned digit :
             {std::to_integer<unsigned>(b) >> 4, std::to_integer<unsigned>(b) & 15}) {
            *at++ = static_cast<std::byte>("0123456789abcdef"[digit]);
        }
    }
    *at = std::byte{'\n'};
    return out;
}

}  // namespace parley
