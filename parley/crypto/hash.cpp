#include <parley/crypto/hash.hpp>

#include <parley/crypto/openssl.hpp>

#include <cryptopp/keccak.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cassert>
#include <memory>

namespace parley::crypto {

namespace {

constexpr std::size_t block_bytes = 64;  // of SHA-256

/// The implementation is looked up once: EVP_sha256() would search for it on every use.
const EVP_MD* sha256_method() {
    static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    openssl_check(method != nullptr);
    return method;
}

/// One running SHA-256. The context belongs to the thread and is used again, since making one
/// costs more than hashing a few blocks; so at most one Sha256 per thread is alive at a time.
class Sha256 {
public:
    Sha256() : context_(thread_context()) {
        openssl_check(EVP_DigestInit_ex2(context_, sha256_method(), nullptr) == 1);
    }
    void update(Bytes data) {
        if (data.empty()) return;
        openssl_check(EVP_DigestUpdate(context_, data.data(), data.size()) == 1);
    }
    Hash256 finish() {
        Hash256 out;
        openssl_check(EVP_DigestFinal_ex(context_, uchar(out), nullptr) == 1);
        return out;
    }

private:
    static EVP_MD_CTX* thread_context() {
        struct Free {
            void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
        };
        thread_local const std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
        openssl_check(context != nullptr);
        return context.get();
    }
    EVP_MD_CTX* context_;
};

/// RFC 2104: H(key ^ opad | H(key ^ ipad | parts)).
class Hmac {
public:
    explicit Hmac(Bytes key) {
        if (key.size() > block_bytes) {
            const Hash256 hashed = sha256(key);
            std::ranges::copy(hashed, pad_.begin());
        } else {
            std::ranges::copy(key, pad_.begin());
        }
        for (auto& b : pad_) b ^= std::byte{0x36};
    }
    Hmac(const Hmac&) = delete;
    Hmac& operator=(const Hmac&) = delete;
    ~Hmac() { wipe(pad_); }

    Hash256 operator()(std::initializer_list<Bytes> parts) {
        Sha256 inner;
        inner.update(pad_);
        for (const Bytes part : parts) inner.update(part);
        const Hash256 digest = inner.finish();
        flip();
        Sha256 outer;
        outer.update(pad_);
        outer.update(digest);
        const Hash256 out = outer.finish();
        flip();
        return out;
    }

private:
    /// Between the inner and the outer pad.
    void flip() {
        for (auto& b : pad_) b ^= std::byte{0x36 ^ 0x5c};
    }
    ByteArray<block_bytes> pad_{};
};

}  // namespace

Hash256 keccak256(Bytes data) {
    Hash256 out;
    CryptoPP::Keccak_256 hash;
    if (!data.empty()) hash.Update(uchar(data), data.size());
    hash.Final(uchar(out));
    return out;
}

Hash256 sha256(std::initializer_list<Bytes> parts) {
    Sha256 hash;
    for (const Bytes part : parts) hash.update(part);
    return hash.finish();
}

Hash256 hmac_sha256(Bytes key, std::initializer_list<Bytes> parts) {
    return Hmac{key}(parts);
}

Hash256 hkdf_extract(Bytes salt, Bytes input_key) {
    return hmac_sha256(salt, {input_key});
}

void hkdf_expand(Bytes pseudo_random_key, Bytes info, MutableBytes out) {
    assert(out.size() <= 255 * 32);
    Hmac hmac{pseudo_random_key};
    Hash256 block{};
    Bytes previous;
    for (std::byte counter{1}; !out.empty();
         counter = std::byte(std::to_integer<int>(counter) + 1)) {
        block = hmac({previous, info, Bytes{&counter, 1}});
        previous = block;
        const std::size_t n = std::min(out.size(), block.size());
        std::copy_n(block.begin(), n, out.begin());
        out = out.subspan(n);
    }
    wipe(block);
}

bool equal_constant_time(Bytes a, Bytes b) {
    if (a.size() != b.size()) return false;
    return a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace parley::crypto
