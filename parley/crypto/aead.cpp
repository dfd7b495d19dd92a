#include <parley/crypto/aead.hpp>

#include <parley/crypto/aead_backends.hpp>
#include <parley/crypto/provider.hpp>

#include <cassert>

namespace parley::crypto {

namespace {

std::unique_ptr<AesGcm::Backend> make_backend(AesGcm::Mode mode, Bytes key) {
    Provider* const provider = ScopedProvider::current();
    return provider != nullptr ? provider->aes_gcm(mode, key) : real::aes_gcm(mode, key);
}

}  // namespace

const AeadLibrary& chosen_aead() {
    static const auto* const faster = ipsec_mb_aead();
    return faster != nullptr ? *faster : openssl_aead();
}

std::unique_ptr<AesGcm::Backend> real::aes_gcm(AesGcm::Mode mode, Bytes key) {
    return chosen_aead().aes_gcm(mode, key);
}

void real::seal_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes plain,
                     MutableBytes sealed) {
    chosen_aead().seal_once(key, nonce, associated, plain, sealed);
}

bool real::open_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes sealed,
                     MutableBytes out) {
    return chosen_aead().open_once(key, nonce, associated, sealed, out);
}

std::string aead_library() {
    return chosen_aead().name();
}

void seal_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes plain,
               MutableBytes sealed) {
    assert(nonce.size() == gcm_nonce_bytes && sealed.size() == plain.size() + gcm_tag_bytes);
    Provider* const provider = ScopedProvider::current();
    provider != nullptr ? provider->seal_once(key, nonce, associated, plain, sealed)
                        : real::seal_once(key, nonce, associated, plain, sealed);
}

bool open_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes sealed,
               MutableBytes out) {
    assert(nonce.size() == gcm_nonce_bytes && sealed.size() == out.size() + gcm_tag_bytes);
    Provider* const provider = ScopedProvider::current();
    return provider != nullptr ? provider->open_once(key, nonce, associated, sealed, out)
                               : real::open_once(key, nonce, associated, sealed, out);
}

AesGcm::AesGcm(Mode mode, Bytes key) : backend_(make_backend(mode, key)) {}
AesGcm::AesGcm(AesGcm&&) noexcept = default;
AesGcm& AesGcm::operator=(AesGcm&&) noexcept = default;
AesGcm::~AesGcm() = default;

void AesGcm::rekey(Bytes key) {
    assert(key.size() == backend_->key_bytes());
    backend_->rekey(key);
}

void AesGcm::seal(Bytes nonce, Bytes associated, Bytes plain, MutableBytes out, MutableBytes tag) {
    seal(nonce, associated, std::span<const Bytes>{&plain, 1}, out, tag);
}

void AesGcm::seal(Bytes nonce, Bytes associated, std::span<const Bytes> plain_parts,
                  MutableBytes out, MutableBytes tag) {
    assert(backend_->mode() == Mode::seal);
    assert(nonce.size() == gcm_nonce_bytes && tag.size() == gcm_tag_bytes);
    backend_->seal(nonce, associated, plain_parts, out, tag);
}

bool AesGcm::open(Bytes nonce, Bytes associated, Bytes cipher, Bytes tag, MutableBytes out) {
    assert(backend_->mode() == Mode::open);
    assert(nonce.size() == gcm_nonce_bytes && out.size() == cipher.size());
    return tag.size() == gcm_tag_bytes && backend_->open(nonce, associated, cipher, tag, out);
}

}  // namespace parley::crypto
