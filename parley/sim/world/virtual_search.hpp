// VirtualSearch: a miner of a certain hash rate in virtual time. When its next nonce is found is
// drawn at random, as hashing is without memory; then it is looked for in earnest, so that the
// block is good to everybody: difficulties of some hundreds are right.
// Threading: one thread, the simulator's.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/consensus/pow/nonce_search.hpp>

#include <memory>
#include <vector>

namespace parley::sim {

class VirtualSearch final : public chain::NonceSearch {
public:
    VirtualSearch(double hashes_per_second, Rng rng) : rate_(hashes_per_second), rng_(rng) {}

    void begin(Now now, std::shared_ptr<const chain::Work> work) override;
    void stop() override;
    std::vector<chain::Solution> take(Now now) override;
    Instant next_wakeup() const override { return found_at_; }
    double rate() const override { return rate_; }

private:
    double rate_;
    Rng rng_;
    std::shared_ptr<const chain::Work> work_;
    Instant found_at_ = never;
};

}  // namespace parley::sim
