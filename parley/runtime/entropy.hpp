// Randomness from the operating system, for keys, nonces and seeds.
// Threading: any.
#pragma once

#include <parley/base/rng.hpp>

namespace parley::runtime {

/// getrandom(2). Ends the process if the kernel has no randomness to give: keys that can be guessed
/// would be worse.
class OsEntropy final : public EntropySource {
public:
    /// Overwrites all of `out`. Any size.
    void fill(MutableBytes out) override;
};

/// A seed for an Rng (which is not for secrets), from the same source.
std::uint64_t random_seed();

}  // namespace parley::runtime
