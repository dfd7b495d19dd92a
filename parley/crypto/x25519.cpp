#include <parley/crypto/x25519.hpp>

#include <parley/crypto/openssl.hpp>

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

}  // namespace

/// The library's key object: it wipes the scalar when freed, and keeping it saves computing the
/// public key a second time for `agree`.
struct X25519Key::Impl {
    Key key;
};

X25519Key::X25519Key(Bytes secret) : impl_(std::make_unique<Impl>()) {
    assert(secret.size() == 32);
    impl_->key.reset(
        EVP_PKEY_new_raw_private_key_ex(nullptr, "X25519", nullptr, uchar(secret), secret.size()));
    openssl_check(impl_->key != nullptr);
    std::size_t size = public_.size();
    openssl_check(EVP_PKEY_get_raw_public_key(impl_->key.get(), uchar(public_), &size) == 1 &&
                  size == public_.size());
}

X25519Key::X25519Key(X25519Key&&) noexcept = default;
X25519Key& X25519Key::operator=(X25519Key&&) noexcept = default;
X25519Key::~X25519Key() = default;

std::optional<ByteArray<32>> X25519Key::agree(const X25519Public& theirs) const {
    const Key peer{
        EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, uchar(theirs), theirs.size())};
    openssl_check(peer != nullptr);
    const Context context{EVP_PKEY_CTX_new_from_pkey(nullptr, impl_->key.get(), nullptr)};
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
