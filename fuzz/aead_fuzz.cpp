// The two libraries behind AES-GCM, each held to the other: what one seals, in parts or whole, is
// what the other seals, and it opens it, but not after a bit has changed.
#include <parley/base/bytes.hpp>
#include <parley/crypto/aead.hpp>
#include <parley/crypto/aead_backends.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

using namespace parley;
using namespace parley::crypto;

namespace {

void check(bool ok) {
    if (!ok) std::abort();
}

/// Takes bytes from the input, zeros where it ends.
class Input {
public:
    explicit Input(Bytes bytes) : bytes_(bytes) {}
    Buffer take(std::size_t count) {
        Buffer out(count);
        const auto there = std::min(count, bytes_.size());
        std::ranges::copy(bytes_.first(there), out.begin());
        bytes_ = bytes_.subspan(there);
        return out;
    }
    std::size_t number(std::size_t below) {
        const auto bytes = take(2);
        return (std::to_integer<std::size_t>(bytes[0]) << 8 |
                std::to_integer<std::size_t>(bytes[1])) %
               below;
    }
    Buffer rest() { return take(bytes_.size()); }

private:
    Bytes bytes_;
};

struct Sealed {
    Buffer cipher;
    ByteArray<gcm_tag_bytes> tag{};
    friend bool operator==(const Sealed&, const Sealed&) = default;
};

Sealed seal(const AeadLibrary& library, Bytes key, Bytes nonce, Bytes associated,
            std::span<const Bytes> parts, std::size_t size) {
    Sealed out{Buffer(size), {}};
    library.aes_gcm(AesGcm::Mode::seal, key)->seal(nonce, associated, parts, out.cipher, out.tag);
    return out;
}

bool opens(const AeadLibrary& library, Bytes key, Bytes nonce, Bytes associated,
           const Sealed& sealed, Bytes plain) {
    Buffer out(plain.size());
    const auto opener = library.aes_gcm(AesGcm::Mode::open, key);
    return opener->open(nonce, associated, sealed.cipher, sealed.tag, out) && equal(out, plain);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto* other = ipsec_mb_aead();
    if (other == nullptr) return 0;
    const auto& openssl = openssl_aead();
    Input in{std::as_bytes(std::span{data, size})};
    const auto key = in.take(in.number(2) == 0 ? 16 : 32);
    const auto nonce = in.take(gcm_nonce_bytes);
    const auto associated = in.take(in.number(100));
    std::vector<std::size_t> ends(in.number(6));
    const auto flipped = in.number(0x10000);
    for (auto& end : ends) end = in.number(0x10000);
    const auto plain = in.rest();

    std::vector<Bytes> parts;
    std::size_t at = 0;
    for (auto& end : ends) end %= plain.size() + 1;
    std::ranges::sort(ends);
    ends.push_back(plain.size());
    for (const auto end : ends) {
        parts.push_back(Bytes{plain}.subspan(at, end - at));
        at = end;
    }
    const Bytes whole[] = {plain};
    auto sealed = seal(openssl, key, nonce, associated, whole, plain.size());
    check(sealed == seal(*other, key, nonce, associated, whole, plain.size()));
    check(sealed == seal(*other, key, nonce, associated, parts, plain.size()));
    check(opens(openssl, key, nonce, associated, sealed, plain));
    check(opens(*other, key, nonce, associated, sealed, plain));

    auto& changed = flipped / 8 % (plain.size() + gcm_tag_bytes) < plain.size()
                        ? sealed.cipher[flipped / 8 % plain.size()]
                        : sealed.tag[flipped / 8 % gcm_tag_bytes];
    changed ^= static_cast<std::byte>(1U << flipped % 8);
    check(!opens(openssl, key, nonce, associated, sealed, plain));
    check(!opens(*other, key, nonce, associated, sealed, plain));
    return 0;
}
