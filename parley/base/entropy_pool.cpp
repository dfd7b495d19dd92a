#include <parley/base/entropy_pool.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>

namespace parley {

void EntropyPool::fill(MutableBytes out) {
    while (!out.empty()) {
        if (used_ == bytes_.size()) {
            source_.fill(bytes_);
            used_ = 0;
        }
        const auto taken =
            MutableBytes{bytes_}.subspan(used_).first(std::min(out.size(), bytes_.size() - used_));
        // Each eight bytes with another value: one alone could be undone by chance.
        for (std::size_t i = 0; i < taken.size(); i += sizeof(std::uint64_t)) {
            const auto mixed = std::bit_cast<ByteArray<sizeof(std::uint64_t)>>(
                stirred_ == 0 ? stirred_ : stirred_ + ++given_);
            const auto size = std::min(taken.size() - i, mixed.size());
            for (std::size_t j = 0; j < size; ++j) out[i + j] = taken[i + j] ^ mixed[j];
        }
        wipe(taken);
        used_ += taken.size();
        out = out.subspan(taken.size());
    }
}

}  // namespace parley
