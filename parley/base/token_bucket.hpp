// TokenBucket: a rate limit with a burst, in virtual or real time alike.
#pragma once

#include <parley/base/time.hpp>

#include <algorithm>

namespace parley {

/// `rate_per_second` tokens flow in, at most `burst` are kept; starts full.
class TokenBucket {
public:
    TokenBucket(double rate_per_second, double burst)
        : rate_per_second_(rate_per_second), burst_(burst), tokens_(burst) {}

    /// Takes all that is asked for, or nothing and returns false. More than `burst` is never there.
    /// Time that runs backwards adds nothing.
    bool take(Instant now, double tokens = 1.0) {
        refill(now);
        if (tokens_ < tokens) return false;
        tokens_ -= tokens;
        return true;
    }
    /// Puts back what was taken and not used.
    void give_back(double tokens = 1.0) { tokens_ = std::min(burst_, tokens_ + tokens); }
    /// Whether take() would succeed.
    bool has(Instant now, double tokens = 1.0) {
        refill(now);
        return tokens_ >= tokens;
    }
    /// True when nothing was taken for so long that the bucket could be forgotten.
    bool full(Instant now) {
        refill(now);
        return tokens_ >= burst_;
    }

private:
    void refill(Instant now) {
        if (last_ != Instant::min() && now > last_) {
            const std::chrono::duration<double> elapsed = now - last_;
            tokens_ = std::min(burst_, tokens_ + elapsed.count() * rate_per_second_);
        }
        last_ = last_ == Instant::min() ? now : std::max(last_, now);
    }

    double rate_per_second_;
    double burst_;
    double tokens_;
    Instant last_ = Instant::min();
};

}  // namespace parley
