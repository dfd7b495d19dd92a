// For tests: what nothing else shows of blind_secp256k1().
#pragma once

namespace parley::crypto {

/// Whether secrets are used blinded from now on.
bool is_secp256k1_blinded();

}  // namespace parley::crypto
