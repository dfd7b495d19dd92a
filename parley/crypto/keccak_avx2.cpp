// CMakeLists.txt has this compiled for processors with AVX2: see keccak_ways_impl.hpp.
#include <parley/crypto/keccak_ways_impl.hpp>

namespace parley::crypto {

#ifdef __AVX2__
constinit const KeccakWays keccak_avx2{"avx2", 4, keccak::absorb<4>};
#else
constinit const KeccakWays keccak_avx2{"avx2", 4, nullptr};
#endif

}  // namespace parley::crypto
