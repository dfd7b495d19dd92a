// AES-GCM by Intel's Multi-Buffer Crypto for IPsec, which uses the widest instructions for AES that
// a processor has: with AVX-512 three to four times as fast as OpenSSL 3.0, for short messages
// most.
//
// An expanded key is a kilobyte. A link that says nothing must not hold two of them, so that a
// context holds the key alone, and a thread the expanded key of the context that it used last:
// messages of one link one after the other expand it once, and to expand it costs what sealing 200
// bytes does.
#include <parley/crypto/aead_backends.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/crypto/openssl.hpp>

#include <intel-ipsec-mb.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace parley::crypto {
namespace {

/// The library's functions for one size of key, as it chose them for this processor.
struct Functions {
    aes_gcm_pre_t expand;
    aes_gcm_enc_dec_t seal;
    aes_gcm_enc_dec_t open;
    aes_gcm_init_t start;
    aes_gcm_enc_dec_update_t seal_part;
    aes_gcm_enc_dec_finalize_t seal_end;
};

struct Library {
    Functions aes128{};
    Functions aes256{};
    std::string name;  // empty: not for this processor

    static const Library& get() {
        static const Library out;
        return out;
    }

private:
    Library() {
        const std::unique_ptr<IMB_MGR, decltype(&free_mb_mgr)> all{alloc_mb_mgr(0), &free_mb_mgr};
        if (!all) return;
        IMB_ARCH arch = IMB_ARCH_NONE;
        init_mb_mgr_auto(all.get(), &arch);
        if ((all->features & IMB_FEATURE_AESNI) == 0) return;
        aes128 = {all->gcm128_pre,  all->gcm128_enc,        all->gcm128_dec,
                  all->gcm128_init, all->gcm128_enc_update, all->gcm128_enc_finalize};
        aes256 = {all->gcm256_pre,  all->gcm256_enc,        all->gcm256_dec,
                  all->gcm256_init, all->gcm256_enc_update, all->gcm256_enc_finalize};
        name = std::string{"libipsec-mb "} + imb_get_version_str();
        if (arch == IMB_ARCH_AVX512) {
            name += (all->features & IMB_FEATURE_VAES) != 0 ? " (AVX-512, VAES)" : " (AVX-512)";
        } else if (arch == IMB_ARCH_AVX2) {
            name += " (AVX2)";
        }
    }
};

const Functions& functions_for(std::size_t key_bytes) {
    const auto& all = Library::get();
    return key_bytes == 32 ? all.aes256 : all.aes128;
}

/// An expanded key, and whose it is.
class ExpandedKey {
public:
    ExpandedKey() = default;
    ExpandedKey(const ExpandedKey&) = delete;
    ExpandedKey& operator=(const ExpandedKey&) = delete;
    ~ExpandedKey() { forget(); }

    /// `id` names the key, never another one.
    const gcm_key_data& of(std::uint64_t id, const Functions& use, Bytes key) {
        if (id_ != id) {
            use.expand(key.data(), &data_);
            id_ = id;
        }
        return data_;
    }
    std::uint64_t id() const { return id_; }
    void forget() {
        wipe(std::as_writable_bytes(std::span{&data_, 1}));
        id_ = 0;
    }

    static ExpandedKey& of_thread(AesGcm::Mode mode) {
        thread_local ExpandedKey sealing;
        thread_local ExpandedKey opening;
        return mode == AesGcm::Mode::seal ? sealing : opening;
    }

private:
    alignas(64) gcm_key_data data_{};  // as the library was built to expect
    std::uint64_t id_ = 0;
};

/// The library refuses null, also where nothing is there to be read or written.
const std::uint8_t* pointer(Bytes bytes) {
    static constexpr std::uint8_t none = 0;
    return bytes.empty() ? &none : uchar(bytes);
}
std::uint8_t* pointer(MutableBytes bytes, std::uint8_t& none) {
    return bytes.empty() ? &none : uchar(bytes);
}

void seal_whole(const Functions& use, const gcm_key_data& key, Bytes nonce, Bytes associated,
                Bytes plain, MutableBytes out, MutableBytes tag) {
    gcm_context_data context;
    std::uint8_t none = 0;
    use.seal(&key, &context, pointer(out, none), pointer(plain), plain.size(), uchar(nonce),
             pointer(associated), associated.size(), uchar(tag), tag.size());
}

bool open_whole(const Functions& use, const gcm_key_data& key, Bytes nonce, Bytes associated,
                Bytes cipher, Bytes tag, MutableBytes out) {
    gcm_context_data context;
    std::uint8_t none = 0;
    ByteArray<gcm_tag_bytes> expected;
    use.open(&key, &context, pointer(out, none), pointer(cipher), cipher.size(), uchar(nonce),
             pointer(associated), associated.size(), uchar(expected), expected.size());
    return equal_constant_time(expected, tag);
}

class IpsecMbGcm final : public AesGcm::Backend {
public:
    IpsecMbGcm(AesGcm::Mode mode, Bytes key) : Backend(mode, key.size()) { rekey(key); }
    ~IpsecMbGcm() override {
        forget_expanded();
        wipe(key_);
    }

    void rekey(Bytes key) override {
        forget_expanded();
        std::ranges::copy(key, key_.begin());
        // Never given again: an expanded key that another thread still has is not taken for it.
        static std::atomic<std::uint64_t> last_id = 0;
        id_ = ++last_id;
    }

    void seal(Bytes nonce, Bytes associated, std::span<const Bytes> plain_parts, MutableBytes out,
              MutableBytes tag) override {
        const auto& use = functions_for(key_bytes());
        const auto& key = expanded(use);
        if (plain_parts.size() == 1) {
            return seal_whole(use, key, nonce, associated, plain_parts.front(), out, tag);
        }
        gcm_context_data context;
        use.start(&key, &context, uchar(nonce), pointer(associated), associated.size());
        for (const Bytes part : plain_parts) {
            if (part.empty()) continue;
            use.seal_part(&key, &context, uchar(out), uchar(part), part.size());
            out = out.subspan(part.size());
        }
        assert(out.empty());
        use.seal_end(&key, &context, uchar(tag), tag.size());
    }

    bool open(Bytes nonce, Bytes associated, Bytes cipher, Bytes tag, MutableBytes out) override {
        const auto& use = functions_for(key_bytes());
        return open_whole(use, expanded(use), nonce, associated, cipher, tag, out);
    }

private:
    const gcm_key_data& expanded(const Functions& use) {
        return ExpandedKey::of_thread(mode()).of(id_, use, Bytes{key_}.first(key_bytes()));
    }
    /// On this thread; another one forgets with its next key, or its end.
    void forget_expanded() {
        auto& last = ExpandedKey::of_thread(mode());
        if (id_ != 0 && last.id() == id_) last.forget();
    }

    ByteArray<32> key_{};
    std::uint64_t id_ = 0;
};

class IpsecMb final : public AeadLibrary {
public:
    std::string name() const override { return Library::get().name; }
    std::unique_ptr<AesGcm::Backend> aes_gcm(AesGcm::Mode mode, Bytes key) const override {
        return std::make_unique<IpsecMbGcm>(mode, key);
    }
    void seal_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes plain,
                   MutableBytes sealed) const override {
        ExpandedKey expanded;
        const auto& use = functions_for(key.size());
        seal_whole(use, expanded.of(1, use, key), nonce, associated, plain,
                   sealed.first(plain.size()), sealed.subspan(plain.size()));
    }
    bool open_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes sealed,
                   MutableBytes out) const override {
        ExpandedKey expanded;
        const auto& use = functions_for(key.size());
        return open_whole(use, expanded.of(1, use, key), nonce, associated,
                          sealed.first(out.size()), sealed.subspan(out.size()), out);
    }
};

}  // namespace

const AeadLibrary* ipsec_mb_aead() {
    static const IpsecMb out;
    return Library::get().name.empty() ? nullptr : &out;
}

}  // namespace parley::crypto
