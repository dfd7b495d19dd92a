// NonceSearch: who looks for nonces on behalf of a Miner: threads in the runtime, a random waiting
// time in the simulator.
// Threading: the node's thread; what looks, wherever it likes.
#pragma once

#include <parley/base/time.hpp>
#include <parley/chain/consensus/pow/work.hpp>

#include <memory>
#include <vector>

namespace parley::chain {

class NonceSearch {
public:
    virtual ~NonceSearch() = default;
    /// Looks for this from now on; what was looked for before is dropped at once.
    virtual void begin(Now now, std::shared_ptr<const Work> work) = 0;
    /// Looks for nothing.
    virtual void stop() = 0;
    /// What was found since the last call, perhaps for work that was dropped meanwhile.
    virtual std::vector<Solution> take(Now now) = 0;
    /// When to call take(), beside the times at which it is woken otherwise.
    virtual Instant next_wakeup() const { return never; }
    /// Hashes a second, of late.
    virtual double rate() const = 0;
};

}  // namespace parley::chain
