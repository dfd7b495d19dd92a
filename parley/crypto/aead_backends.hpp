// The libraries that do the work of aead.hpp, for this layer, its tests, fuzz target and benchmark.
// Threading: every member may be called from any thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/crypto/aead.hpp>

#include <memory>
#include <string>

namespace parley::crypto {

// Internal to the layer, and therefore left out of the API reference.
/// \cond

class AeadLibrary {
public:
    AeadLibrary() = default;
    AeadLibrary(const AeadLibrary&) = delete;
    AeadLibrary& operator=(const AeadLibrary&) = delete;
    virtual ~AeadLibrary() = default;

    /// With its version and what of the processor it uses.
    virtual std::string name() const = 0;
    /// As real::aes_gcm (provider.hpp), and so on.
    virtual std::unique_ptr<AesGcm::Backend> aes_gcm(AesGcm::Mode mode, Bytes key) const = 0;
    virtual void seal_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes plain,
                           MutableBytes sealed) const = 0;
    virtual bool open_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes sealed,
                           MutableBytes out) const = 0;
};

const AeadLibrary& openssl_aead();
/// Null where it was not built in, or the processor has no instructions for AES.
const AeadLibrary* ipsec_mb_aead();

/// The fastest that runs here: what aead.hpp uses.
const AeadLibrary& chosen_aead();

/// \endcond

}  // namespace parley::crypto
