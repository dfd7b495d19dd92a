// CMakeLists.txt has this compiled for processors with AVX-512: see keccak_ways_impl.hpp.
#include <parley/crypto/keccak_ways_impl.hpp>

namespace parley::crypto {

#ifdef __AVX512F__
constinit const KeccakWays keccak_avx512{"avx512", 8, keccak::absorb<8>};
#else
constinit const KeccakWays keccak_avx512{"avx512", 8, nullptr};
#endif

}  // namespace parley::crypto
