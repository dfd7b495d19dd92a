#include <parley/crypto/x25519.hpp>

#include <parley/crypto/openssl.hpp>
#include <parley/crypto/provider.hpp>

#include <openssl/evp.h>

#include <cassert>

namespace parley::crypto {

namespace {

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Free>;

/// The library's key object: it wipes the scalar when freed, and keeping it saves computing the
/// public key a second time for `agree`.
class OpensslX25519 final : public X25519Key::Backend {
public:
    explicit OpensslX25519(Bytes secret)
        : key_(EVP_PKEY_new_raw_private_key_ex(nullptr, "X25519", nullptr, uchar(secret),
                                               secret.size())) {
        openssl_check(key_ != nullptr);
    }

    X25519Public public_key() const override {
        X25519Public out;
        std::size_t size = out.size();
        openssl_check(EVP_PKEY_get_raw_public_key(key_.get(), uchar(out), &size) == 1 &&
                      size == out.size());
        return out;
    }

    std::optional<ByteArray<32>> agree(const X25519Public& theirs) const override {
        const Key peer{EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, uchar(theirs),
                                                      theirs.size())};
        openssl_check(peer != nullptr);
        const Context context{EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr)};
        openssl_check(context != nullptr);
        openssl_check(EVP_PKEY_derive_init(context.get()) == 1);
        openssl_check(EVP_PKEY_derive_set_peer_ex(context.get(), peer.get(), 0) == 1);
        ByteArray<32> shared{};
        std::size_t size = shared.size();
        // Fails exactly when the result is all zero; checked again, since all else depends on it.
        const bool derived = EVP_PKEY_derive(context.get(), uchar(shared), &size) == 1;
        std::byte any{0};
        for (const auto b : shared) any |= b;
        if (!derived || size != shared.size() || any == std::byte{0}) return std::nullopt;
        return shared;
    }

private:
    Key key_;
};

std::unique_ptr<X25519Key::Backend> make_backend(Bytes secret) {
    assert(secret.size() == 32);
    Provider* const provider = ScopedProvider::current();
    return provider != nullptr ? provider->x25519(secret) : real::x25519(secret);
}

}  // namespace

std::unique_ptr<X25519Key::Backend> real::x25519(Bytes secret) {
    return std::make_unique<OpensslX25519>(secret);
}

X25519Key::X25519Key(Bytes secret)
    : backend_(make_backend(secret)), public_(backend_->public_key()) {}

X25519Key::X25519Key(X25519Key&&) noexcept = default;
X25519Key& X25519Key::operator=(X25519Key&&) noexcept = default;
X25519Key::~X25519Key() = default;

std::optional<ByteArray<32>> X25519Key::agree(const X25519Public& theirs) const {
    return backend_->agree(theirs);
}

bool is_canonical_x25519(const X25519Public& key) {
    // p = 2^255 - 19 is, in little-endian bytes, ed, then 30 times ff, then 7f.
    if (std::to_integer<unsigned>(key[31]) != 0x7f) {
        return std::to_integer<unsigned>(key[31]) < 0x7f;
    }
    for (std::size_t i = 30; i > 0; --i) {
        if (key[i] != std::byte{0xff}) return true;
    }
    return key[0] < std::byte{0xed};
}

}  // namespace parley::crypto
