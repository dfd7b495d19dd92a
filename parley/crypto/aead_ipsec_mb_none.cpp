// For processors that libipsec-mb is not made for: CMakeLists.txt chooses.
#include <parley/crypto/aead_backends.hpp>

namespace parley::crypto {

const AeadLibrary* ipsec_mb_aead() {
    return nullptr;
}

}  // namespace parley::crypto
