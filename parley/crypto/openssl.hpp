// Glue between Bytes and the C libraries, for the .cpp files of this layer only.
#pragma once

#include <parley/base/bytes.hpp>

#include <stdexcept>

namespace parley::crypto {

// Glue is left out of the API reference.
/// \cond

/// The pointer that C libraries want to write to; its size goes with it as an argument of its own.
inline unsigned char* uchar(MutableBytes bytes) {
    return reinterpret_cast<unsigned char*>(bytes.data());
}
/// As above, to read from.
inline const unsigned char* uchar(Bytes bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
/// As above, of an array to write to.
template <std::size_t N>
unsigned char* uchar(ByteArray<N>& bytes) {
    return uchar(MutableBytes{bytes});
}
/// As above, of an array to read from.
template <std::size_t N>
const unsigned char* uchar(const ByteArray<N>& bytes) {
    return uchar(Bytes{bytes});
}

/// For calls that can fail only for want of memory or a broken installation, never because of
/// what a peer sent.
inline void openssl_check(bool ok) {
    if (!ok) throw std::runtime_error("OpenSSL failed: out of memory or a broken installation");
}

/// \endcond

}  // namespace parley::crypto
