// Frames: `| length u32 | tag 16 | msg |`, msg under AES-256-GCM with length as associated data.
// One sealer or opener per direction; the key rolls every 2^20 frames. docs/formats/link.md.
// Threading: one thread at a time.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/crypto/aead.hpp>
#include <parley/transport/link/link_error.hpp>

#include <cstdint>
#include <optional>
#include <span>

namespace parley::transport {

inline constexpr std::size_t frame_header_bytes = 20;
inline constexpr std::size_t frame_msg_bytes_max = 65536;
inline constexpr unsigned frame_epoch_bits = 20;  ///< frames under one key: 2^20
inline constexpr std::uint64_t frame_number_end = 1ULL << 48;

/// The secret of the next epoch: S(e+1) from S(e).
ByteArray<32> next_frame_secret(const ByteArray<32>& secret);

/// Numbers the frames of one direction and keeps their key. Wiped on destruction.
class FrameKeys {
public:
    /// `secret` is that of the epoch of frame `number`.
    FrameKeys(crypto::AesGcm::Mode mode, const ByteArray<32>& secret, std::uint64_t number);
    FrameKeys(FrameKeys&&) noexcept = default;
    FrameKeys& operator=(FrameKeys&&) noexcept = default;
    ~FrameKeys();

    bool used_up() const { return number_ == frame_number_end; }
    std::uint64_t number() const { return number_; }
    /// Readies the key of the next frame and counts it. Precondition: not used_up().
    crypto::AesGcm& next(ByteArray<crypto::gcm_nonce_bytes>& nonce);

private:
    void derive();

    ByteArray<32> secret_;
    ByteArray<crypto::gcm_nonce_bytes> iv_{};
    std::uint64_t number_;
    std::uint64_t epoch_;
    crypto::AesGcm cipher_;
};

/// Seals the frames of one direction.
class FrameSealer {
public:
    explicit FrameSealer(const ByteArray<32>& secret, std::uint64_t number = 0)
        : keys_(crypto::AesGcm::Mode::seal, secret, number) {}

    /// Writes the frame of the parts joined. `frame` is header and msg; a part may already lie
    /// at its place in it. The msg has 1 to 65,536 bytes. False when all numbers are used up.
    [[nodiscard]] bool seal(std::span<const Bytes> msg_parts, MutableBytes frame);
    bool used_up() const { return keys_.used_up(); }

private:
    FrameKeys keys_;
};

/// Cuts a stream into frames and opens them. After an error it must not be used further.
class FrameOpener {
public:
    FrameOpener(const ByteArray<32>& secret, std::size_t msg_bytes_max, std::uint64_t number = 0)
        : keys_(crypto::AesGcm::Mode::open, secret, number), msg_bytes_max_(msg_bytes_max) {}

    /// The msg of the next whole frame, or nothing when more bytes are needed; then the rest of
    /// `input` was kept. `input` moves past what was taken, and frames are opened in place. The
    /// msg is valid until the next call and while the input's memory is.
    Result<std::optional<Bytes>, LinkError> next(MutableBytes& input);
    /// True while a frame has begun and waits for its rest.
    bool mid_frame() const { return !partial_.empty(); }

private:
    Result<std::size_t, LinkError> msg_size(Bytes header) const;
    Result<Bytes, LinkError> open(MutableBytes frame);
    bool fill(MutableBytes& input, std::size_t size);

    FrameKeys keys_;
    std::size_t msg_bytes_max_;
    Buffer partial_;
    bool opened_partial_ = false;  // partial_ holds the msg that was returned last
};

}  // namespace parley::transport
