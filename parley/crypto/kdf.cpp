#include <parley/crypto/kdf.hpp>

#include <parley/crypto/openssl.hpp>

#include <cryptopp/scrypt.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <array>
#include <bit>
#include <cassert>
#include <climits>
#include <limits>
#include <memory>

namespace parley::crypto {

namespace {

template <auto free>
struct Freed {
    template <class T>
    void operator()(T* pointer) const {
        free(pointer);
    }
};

/// The library takes parameters as mutable pointers but only reads them; and none may be null.
OSSL_PARAM octets(const char* name, Bytes bytes) {
    static constexpr std::byte nothing{};
    const std::byte* data = bytes.empty() ? &nothing : bytes.data();
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::byte*>(data), bytes.size());
}

/// Keyed anew by each use: making one costs more than encrypting a few blocks.
EVP_CIPHER_CTX* thread_ctr_context() {
    using Context = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
    static const EVP_CIPHER* const method = EVP_CIPHER_fetch(nullptr, "AES-128-CTR", nullptr);
    thread_local const Context context = [] {
        Context made{EVP_CIPHER_CTX_new()};
        openssl_check(method != nullptr && made != nullptr &&
                      EVP_EncryptInit_ex2(made.get(), method, nullptr, nullptr, nullptr) == 1);
        return made;
    }();
    return context.get();
}

}  // namespace

bool ScryptCost::is_valid() const {
    return n > 1 && std::has_single_bit(n) && r > 0 && p > 0 &&
           std::uint64_t{r} * p < (std::uint64_t{1} << 30);
}

std::uint64_t ScryptCost::work_bytes() const {
    std::uint64_t product = 128;
    for (const std::uint64_t factor : {n, std::uint64_t{r}, std::uint64_t{p}}) {
        if (__builtin_mul_overflow(product, factor, &product)) {
            return std::numeric_limits<std::uint64_t>::max();
        }
    }
    return product;
}

// Crypto++ and not OpenSSL, which refuses n >= 2^(16 r).
void scrypt(Bytes passphrase, Bytes salt, const ScryptCost& cost, MutableBytes out) {
    assert(cost.is_valid());
    static constexpr unsigned char nothing{};
    CryptoPP::Scrypt{}.DeriveKey(uchar(out), out.size(),
                                 passphrase.empty() ? &nothing : uchar(passphrase),
                                 passphrase.size(), salt.empty() ? &nothing : uchar(salt),
                                 salt.size(), cost.n, cost.r, cost.p);
}

void pbkdf2_hmac_sha256(Bytes passphrase, Bytes salt, std::uint32_t iterations, MutableBytes out) {
    assert(iterations > 0);
    static EVP_KDF* const method = EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_PBKDF2, nullptr);
    openssl_check(method != nullptr);
    const std::unique_ptr<EVP_KDF_CTX, Freed<EVP_KDF_CTX_free>> context{EVP_KDF_CTX_new(method)};
    openssl_check(context != nullptr);
    char digest[] = "SHA256";
    int no_lower_bounds = 1;  // as RFC 8018 has them, not NIST's
    const std::array parameters{
        octets(OSSL_KDF_PARAM_PASSWORD, passphrase),
        octets(OSSL_KDF_PARAM_SALT, salt),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ITER, &iterations),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &no_lower_bounds),
        OSSL_PARAM_construct_end(),
    };
    openssl_check(EVP_KDF_derive(context.get(), uchar(out), out.size(), parameters.data()) == 1);
}

void aes128_ctr(const ByteArray<16>& key, const ByteArray<16>& iv, Bytes in, MutableBytes out) {
    assert(in.size() == out.size() && in.size() <= INT_MAX);
    if (in.empty()) return;
    auto* const context = thread_ctr_context();
    int written = 0;
    openssl_check(EVP_EncryptInit_ex2(context, nullptr, uchar(key), uchar(iv), nullptr) == 1);
    openssl_check(EVP_EncryptUpdate(context, uchar(out), &written, uchar(in),
                                    static_cast<int>(in.size())) == 1);
}

}  // namespace parley::crypto
