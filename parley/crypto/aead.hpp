// AES-256-GCM (NIST SP 800-38D) and AES-128-GCM, with the cipher fetched once.
#pragma once

#include <parley/base/bytes.hpp>

#include <cstddef>
#include <memory>

namespace parley::crypto {

inline constexpr std::size_t gcm_tag_bytes = 16;
inline constexpr std::size_t gcm_nonce_bytes = 12;

/// One key, many messages. Only the nonce changes between them. Move-only; one thread at a time.
/// Key: 32 bytes for AES-256, 16 bytes for AES-128. The key schedule is wiped on destruction.
class AesGcm {
public:
    enum class Mode { seal, open };
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
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace parley::crypto
