// AES-256-GCM (NIST SP 800-38D) and AES-128-GCM: by libipsec-mb where the processor has
// instructions for AES, else by OpenSSL. Both give the same bytes; which one it is, is chosen once.
#pragma once

#include <parley/base/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace parley::crypto {

inline constexpr std::size_t gcm_tag_bytes = 16;
inline constexpr std::size_t gcm_nonce_bytes = 12;

/// One key, many messages. Only the nonce changes between them. Move-only; one thread at a time.
/// Key: 32 bytes for AES-256, 16 bytes for AES-128. It is wiped on destruction; what was expanded
/// of it by another thread is so when that one uses its next key, or ends.
class AesGcm {
public:
    /// A context has one direction for its whole life.
    enum class Mode : std::uint8_t { seal, open };
    class Backend;
    AesGcm(Mode mode, Bytes key);
    AesGcm(AesGcm&&) noexcept;
    AesGcm& operator=(AesGcm&&) noexcept;
    ~AesGcm();

    /// Changes the key, keeping the context. Same size as before.
    void rekey(Bytes key);

    /// Encrypts `plain` into `out` (same size; may be the same memory) and writes the tag.
    void seal(Bytes nonce, Bytes associated, Bytes plain, MutableBytes out, MutableBytes tag);
    /// As seal, with the plain text in parts joined; `out.size()` is their sum.
    void seal(Bytes nonce, Bytes associated, std::span<const Bytes> plain_parts, MutableBytes out,
              MutableBytes tag);
    /// Decrypts `cipher` into `out` (same size; may be the same memory). False when the tag does
    /// not fit: then `out` holds nothing to be used.
    [[nodiscard]] bool open(Bytes nonce, Bytes associated, Bytes cipher, Bytes tag,
                            MutableBytes out);

private:
    std::unique_ptr<Backend> backend_;
};

/// One message under a key that has few of them, AES-128: nothing is kept of the key, which costs
/// a third of sealing a small message and saves a kilobyte for each key. Pure, unless
/// the simulator installed a Provider. `sealed` is the cipher text and its tag: 16 bytes more
/// than `plain`, and may begin at the same place.
void seal_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes plain,
               MutableBytes sealed);
/// False when the tag does not fit: then `out` holds nothing to be used. `out` is 16 bytes smaller
/// than `sealed`, which has 16 at least, and may begin at the same place.
[[nodiscard]] bool open_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes sealed,
                             MutableBytes out);

/// Which library does the work, with its version: "libipsec-mb 1.3.0 (AVX-512, VAES)".
std::string aead_library();

/// What does an AesGcm's work: the real cipher, unless a Provider (provider.hpp) made another.
/// AesGcm checks the preconditions before it calls.
class AesGcm::Backend {
public:
    Backend(Mode mode, std::size_t key_bytes)
        : mode_(mode), key_bytes_(static_cast<std::uint8_t>(key_bytes)) {}
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;
    virtual ~Backend() = default;

    Mode mode() const { return mode_; }
    std::size_t key_bytes() const { return key_bytes_; }

    /// As AesGcm::rekey; `key` has key_bytes() bytes.
    virtual void rekey(Bytes key) = 0;
    /// As AesGcm::seal with parts; `tag` has gcm_tag_bytes.
    virtual void seal(Bytes nonce, Bytes associated, std::span<const Bytes> plain_parts,
                      MutableBytes out, MutableBytes tag) = 0;
    /// As AesGcm::open: false when the tag does not fit.
    virtual bool open(Bytes nonce, Bytes associated, Bytes cipher, Bytes tag, MutableBytes out) = 0;

private:
    Mode mode_;
    std::uint8_t key_bytes_;  // 16 or 32
};

}  // namespace parley::crypto
