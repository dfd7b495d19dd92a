#include <parley/crypto/aead.hpp>

#include <parley/crypto/openssl.hpp>

#include <openssl/evp.h>

#include <cassert>
#include <climits>

namespace parley::crypto {

namespace {

/// Looked up once: EVP_aes_256_gcm() would search for it at every change of the key.
const EVP_CIPHER* method_for(std::size_t key_bytes) {
    static const EVP_CIPHER* const aes256 = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    static const EVP_CIPHER* const aes128 = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
    assert(key_bytes == 32 || key_bytes == 16);
    const auto* method = key_bytes == 32 ? aes256 : aes128;
    openssl_check(method != nullptr);
    return method;
}

int checked_size(Bytes bytes) {
    assert(bytes.size() <= INT_MAX);
    return static_cast<int>(bytes.size());
}

}  // namespace

struct AesGcm::Impl {
    Mode mode;
    std::size_t key_bytes;
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();

    Impl(Mode m, Bytes key) : mode(m), key_bytes(key.size()) {
        openssl_check(context != nullptr);
        openssl_check(EVP_CipherInit_ex2(context, method_for(key.size()), uchar(key), nullptr,
                                         mode == Mode::seal ? 1 : 0, nullptr) == 1);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() { EVP_CIPHER_CTX_free(context); }

    void start(Bytes nonce, Bytes associated) {
        assert(nonce.size() == gcm_nonce_bytes);
        openssl_check(EVP_CipherInit_ex2(context, nullptr, nullptr, uchar(nonce), -1, nullptr) ==
                      1);
        int written = 0;
        if (associated.empty()) return;
        openssl_check(EVP_CipherUpdate(context, nullptr, &written, uchar(associated),
                                       checked_size(associated)) == 1);
    }
    void update(Bytes in, MutableBytes out) {
        if (in.empty()) return;  // a null output would mean associated data
        assert(out.size() >= in.size());
        int written = 0;
        openssl_check(
            EVP_CipherUpdate(context, uchar(out), &written, uchar(in), checked_size(in)) == 1);
    }
    bool finish() {
        ByteArray<16> none;
        int written = 0;
        return EVP_CipherFinal_ex(context, uchar(none), &written) == 1;
    }
};

AesGcm::AesGcm(Mode mode, Bytes key) : impl_(std::make_unique<Impl>(mode, key)) {}
AesGcm::AesGcm(AesGcm&&) noexcept = default;
AesGcm& AesGcm::operator=(AesGcm&&) noexcept = default;
AesGcm::~AesGcm() = default;

void AesGcm::rekey(Bytes key) {
    assert(key.size() == impl_->key_bytes);
    openssl_check(EVP_CipherInit_ex2(impl_->context, nullptr, uchar(key), nullptr, -1, nullptr) ==
                  1);
}

void AesGcm::seal(Bytes nonce, Bytes associated, Bytes plain, MutableBytes out, MutableBytes tag) {
    seal(nonce, associated, std::span<const Bytes>{&plain, 1}, out, tag);
}

void AesGcm::seal(Bytes nonce, Bytes associated, std::span<const Bytes> plain_parts,
                  MutableBytes out, MutableBytes tag) {
    assert(impl_->mode == Mode::seal && tag.size() == gcm_tag_bytes);
    impl_->start(nonce, associated);
    for (const Bytes part : plain_parts) {
        impl_->update(part, out);
        out = out.subspan(part.size());
    }
    assert(out.empty());
    openssl_check(impl_->finish());
    openssl_check(EVP_CIPHER_CTX_ctrl(impl_->context, EVP_CTRL_AEAD_GET_TAG,
                                      static_cast<int>(gcm_tag_bytes), tag.data()) == 1);
}

bool AesGcm::open(Bytes nonce, Bytes associated, Bytes cipher, Bytes tag, MutableBytes out) {
    assert(impl_->mode == Mode::open && out.size() == cipher.size());
    if (tag.size() != gcm_tag_bytes) return false;
    impl_->start(nonce, associated);
    impl_->update(cipher, out);
    // The library takes the tag as a mutable pointer but only reads it.
    auto expected = array_of<gcm_tag_bytes>(tag);
    openssl_check(EVP_CIPHER_CTX_ctrl(impl_->context, EVP_CTRL_AEAD_SET_TAG,
                                      static_cast<int>(gcm_tag_bytes), expected.data()) == 1);
    return impl_->finish();
}

}  // namespace parley::crypto
