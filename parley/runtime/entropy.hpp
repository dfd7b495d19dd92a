// Secrets from the operating system.
#pragma once

#include <parley/base/rng.hpp>

namespace parley::runtime {

/// getrandom(2). Any thread. Ends the process if the kernel has no randomness to give: going on
/// without it would be worse.
class OsEntropy final : public EntropySource {
public:
    void fill(MutableBytes out) override;
};

/// A seed for an Rng, from the same source.
std::uint64_t random_seed();

}  // namespace parley::runtime
