// Randomness as a value (reproducible, not secret) and entropy as an injected source (secret).
#pragma once

#include <parley/base/bytes.hpp>

#include <cstdint>
#include <string_view>
#include <utility>

namespace parley {

/// xoshiro256** (Blackman and Vigna, 2018): fast, reproducible, never for secrets.
class Rng {
public:
    explicit Rng(std::uint64_t seed);

    /// An independent generator for one purpose; the same name gives the same stream, so that parts
    /// made in any order draw alike. For many of a kind: Rng{next()}.
    Rng split(std::string_view purpose);

    /// 64 uniform bits.
    std::uint64_t next();
    /// Uniform in [0, n). Precondition: n > 0.
    std::uint64_t below(std::uint64_t n);
    /// Uniform in [0, 1).
    double unit();
    /// True with this probability; never at 0 or below, always at 1 or above.
    bool chance(double probability) { return unit() < probability; }
    /// `value` times a uniform factor in [1 - spread, 1 + spread].
    template <class D>
    D jitter(D value, double spread) {
        const double factor = 1.0 - spread + 2.0 * spread * unit();
        return D{static_cast<typename D::rep>(static_cast<double>(value.count()) * factor)};
    }
    /// Every order with the same probability (Fisher and Yates).
    template <class Container>
    void shuffle(Container& items) {
        for (std::size_t i = items.size(); i > 1; --i) {
            std::swap(items[i - 1], items[static_cast<std::size_t>(below(i))]);
        }
    }

private:
    std::uint64_t state_[4];
};

/// Where secrets come from: the operating system in the runtime, a seed in the simulator.
class EntropySource {
public:
    virtual ~EntropySource() = default;
    /// Overwrites all of `out`; never fails, as nothing is safe without entropy: the operating
    /// system's ends the process instead.
    virtual void fill(MutableBytes out) = 0;
};

/// Reproducible "entropy" for tests and the simulator. Never for real keys.
class SeededEntropy final : public EntropySource {
public:
    explicit SeededEntropy(std::uint64_t seed) : rng_(seed) {}
    void fill(MutableBytes out) override;

private:
    Rng rng_;
};

}  // namespace parley
