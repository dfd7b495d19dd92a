// PriceFloor: the least that a transaction from a peer must offer. It rises to a tenth more than
// what was evicted last, so that a full pool is not changed at the price of a wei, and falls by
// half in ten minutes, to nothing. Pure.
#pragma once

#include <parley/base/time.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace parley::chain {

class PriceFloor {
public:
    static constexpr Duration half_life = std::chrono::minutes{10};
    static constexpr Duration step = half_life / 10;

    /// Wei per gas above the base fee; 0: none.
    std::int64_t price() const { return price_; }
    /// One of this price was evicted.
    void raise(Instant now, std::int64_t evicted) {
        if (evicted < 0) return;
        constexpr auto most = std::numeric_limits<std::int64_t>::max();
        const auto more = evicted / 10 + 1;
        const auto raised = evicted > most - more ? most : evicted + more;
        if (raised <= price_) return;
        price_ = raised;
        next_step_ = now + step;
    }
    /// True if it is lower than before.
    bool fall(Instant now) {
        bool fell = false;
        while (price_ > 0 && next_step_ <= now) {
            // 0.933^10 is a half. What is left at last goes wei by wei.
            price_ -= std::max<std::int64_t>(1, price_ / 1000 * 67 + price_ % 1000 * 67 / 1000);
            next_step_ += step;
            fell = true;
        }
        return fell;
    }
    /// When to call it next.
    Instant next_step() const { return price_ > 0 ? next_step_ : never; }

private:
    std::int64_t price_ = 0;
    Instant next_step_ = never;
};

}  // namespace parley::chain
