#include <parley/runtime/entropy.hpp>

#include <sys/random.h>

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace parley::runtime {

void OsEntropy::fill(MutableBytes out) {
    while (!out.empty()) {
        const auto got = ::getrandom(out.data(), out.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            std::fputs("parley: getrandom failed\n", stderr);
            std::abort();
        }
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

std::uint64_t random_seed() {
    ByteArray<sizeof(std::uint64_t)> bytes;
    OsEntropy{}.fill(bytes);
    return std::bit_cast<std::uint64_t>(bytes);
}

}  // namespace parley::runtime
