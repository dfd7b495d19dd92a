// OpenSSL's AES-GCM: for every processor.
#include <parley/crypto/aead_backends.hpp>
#include <parley/crypto/openssl.hpp>

#include <openssl/evp.h>

#include <cassert>
#include <climits>
#include <memory>
#include <span>
#include <string>

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

class OpensslGcm final : public AesGcm::Backend {
public:
    OpensslGcm(AesGcm::Mode mode, Bytes key) : Backend(mode, key.size()) {
        openssl_check(context_ != nullptr);
        openssl_check(EVP_CipherInit_ex2(context_.get(), method_for(key.size()), uchar(key),
                                         nullptr, mode == AesGcm::Mode::seal ? 1 : 0,
                                         nullptr) == 1);
    }

    void rekey(Bytes key) override {
        openssl_check(
            EVP_CipherInit_ex2(context_.get(), nullptr, uchar(key), nullptr, -1, nullptr) == 1);
    }

    void seal(Bytes nonce, Bytes associated, std::span<const Bytes> plain_parts, MutableBytes out,
              MutableBytes tag) override {
        start(nonce, associated);
        for (const Bytes part : plain_parts) {
            update(part, out);
            out = out.subspan(part.size());
        }
        assert(out.empty());
        openssl_check(finish());
        openssl_check(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG,
                                          static_cast<int>(gcm_tag_bytes), tag.data()) == 1);
    }

    bool open(Bytes nonce, Bytes associated, Bytes cipher, Bytes tag, MutableBytes out) override {
        start(nonce, associated);
        update(cipher, out);
        // The library takes the tag as a mutable pointer but only reads it.
        auto expected = array_of<gcm_tag_bytes>(tag);
        openssl_check(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG,
                                          static_cast<int>(gcm_tag_bytes), expected.data()) == 1);
        return finish();
    }

private:
    struct Free {
        void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
    };

    void start(Bytes nonce, Bytes associated) {
        openssl_check(
            EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, uchar(nonce), -1, nullptr) == 1);
        int written = 0;
        if (associated.empty()) return;
        openssl_check(EVP_CipherUpdate(context_.get(), nullptr, &written, uchar(associated),
                                       checked_size(associated)) == 1);
    }
    void update(Bytes in, MutableBytes out) {
        if (in.empty()) return;  // a null output would mean associated data
        assert(out.size() >= in.size());
        int written = 0;
        openssl_check(EVP_CipherUpdate(context_.get(), uchar(out), &written, uchar(in),
                                       checked_size(in)) == 1);
    }
    bool finish() {
        ByteArray<16> none;
        int written = 0;
        return EVP_CipherFinal_ex(context_.get(), uchar(none), &written) == 1;
    }

    std::unique_ptr<EVP_CIPHER_CTX, Free> context_{EVP_CIPHER_CTX_new()};
};

/// The thread's, keyed for one message; afterwards nothing of the key is left in it.
class ThreadCipher {
public:
    ThreadCipher(AesGcm::Mode mode, const ByteArray<16>& key) : cipher_(of_thread(mode)) {
        cipher_.rekey(key);
    }
    ThreadCipher(const ThreadCipher&) = delete;
    ThreadCipher& operator=(const ThreadCipher&) = delete;
    ~ThreadCipher() { cipher_.rekey(ByteArray<16>{}); }

    OpensslGcm* operator->() { return &cipher_; }

private:
    static OpensslGcm& of_thread(AesGcm::Mode mode) {
        thread_local OpensslGcm sealer{AesGcm::Mode::seal, ByteArray<16>{}};
        thread_local OpensslGcm opener{AesGcm::Mode::open, ByteArray<16>{}};
        return mode == AesGcm::Mode::seal ? sealer : opener;
    }

    OpensslGcm& cipher_;
};

class Openssl final : public AeadLibrary {
public:
    std::string name() const override { return "OpenSSL " + version(); }
    std::unique_ptr<AesGcm::Backend> aes_gcm(AesGcm::Mode mode, Bytes key) const override {
        return std::make_unique<OpensslGcm>(mode, key);
    }
    void seal_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes plain,
                   MutableBytes sealed) const override {
        ThreadCipher {
            AesGcm::Mode::seal, key
        } -> seal(nonce, associated, std::span{&plain, 1}, sealed.first(plain.size()),
                  sealed.subspan(plain.size()));
    }
    bool open_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes sealed,
                   MutableBytes out) const override {
        return ThreadCipher {
            AesGcm::Mode::open, key
        } -> open(nonce, associated, sealed.first(out.size()), sealed.subspan(out.size()), out);
    }

private:
    static std::string version() { return OpenSSL_version(OPENSSL_VERSION_STRING); }
};

}  // namespace

const AeadLibrary& openssl_aead() {
    static const Openssl out;
    return out;
}

}  // namespace parley::crypto
