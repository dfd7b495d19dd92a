#include <parley/base/entropy_pool.hpp>

#include <algorithm>

namespace parley {

void EntropyPool::fill(MutableBytes out) {
    while (!out.empty()) {
        if (used_ == bytes_.size()) {
            source_.fill(bytes_);
            used_ = 0;
        }
        const auto taken =
            MutableBytes{bytes_}.subspan(used_).first(std::min(out.size(), bytes_.size() - used_));
        std::ranges::copy(taken, out.begin());
        wipe(taken);
        used_ += taken.size();
        out = out.subspan(taken.size());
    }
}

}  // namespace parley
