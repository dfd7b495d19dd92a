// RecentHashes: the last hashes of a stream that has no end, such as of blocks or transactions.
// Whoever follows it holds the number of the next one; who is too slow is told so, instead of being
// given a part. One copy serves all, however many follow.
// Bounded: `kept_max` hashes. Threading: values.
#pragma once

#include <parley/base/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace parley::node {

class RecentHashes {
public:
    explicit RecentHashes(std::size_t kept_max) : kept_max_(kept_max) {}

    void push(const Hash256& hash) {
        if (kept_.size() == kept_max_) {
            kept_.pop_front();
            ++first_;
        }
        kept_.push_back(hash);
    }
    /// The number that the next hash will have.
    std::uint64_t end() const { return first_ + kept_.size(); }
    /// From that number on, in order; nothing if some of them are no longer here.
    /// Precondition: at most end().
    std::optional<std::vector<Hash256>> since(std::uint64_t number) const {
        if (number < first_) return std::nullopt;
        const auto begin = kept_.begin() + static_cast<std::ptrdiff_t>(number - first_);
        return std::vector<Hash256>{begin, kept_.end()};
    }

private:
    std::size_t kept_max_;
    std::uint64_t first_ = 0;  // of kept_
    std::deque<Hash256> kept_;
};

}  // namespace parley::node
