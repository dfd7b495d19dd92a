// X25519 (RFC 7748).
#pragma once

#include <parley/base/bytes.hpp>

#include <memory>
#include <optional>

namespace parley::crypto {

using X25519Public = ByteArray<32>;

/// A private scalar, 32 bytes, wiped on destruction. Move-only; one thread at a time.
class X25519Key {
public:
    class Backend;
    /// From 32 bytes of entropy; clamped as RFC 7748 says. The caller wipes its copy.
    explicit X25519Key(Bytes secret);
    X25519Key(X25519Key&& other) noexcept;
    X25519Key& operator=(X25519Key&& other) noexcept;
    ~X25519Key();

    const X25519Public& public_key() const { return public_; }
    /// The shared secret; nothing if it is all zero (a low-order point, RFC 7748 section 6.1).
    std::optional<ByteArray<32>> agree(const X25519Public& theirs) const;

private:
    std::unique_ptr<Backend> backend_;
    X25519Public public_;
};

/// What does an X25519Key's work: the real curve, unless a Provider (provider.hpp) made another.
class X25519Key::Backend {
public:
    Backend() = default;
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;
    virtual ~Backend() = default;

    virtual X25519Public public_key() const = 0;
    /// The shared secret; nothing if it is all zero.
    virtual std::optional<ByteArray<32>> agree(const X25519Public& theirs) const = 0;
};

/// A field element below 2^255 - 19, bit 255 clear (little endian): the one canonical form.
bool is_canonical_x25519(const X25519Public& key);

}  // namespace parley::crypto
