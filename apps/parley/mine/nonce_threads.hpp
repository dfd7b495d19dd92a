// NonceThreads: a NonceSearch on threads of their own, as many as one likes, of low priority: the
// node's own go first. All look at one piece of work, each at nonces of its own; when that is
// dropped, or a nonce is found, they stop within a millisecond or two.
//
// Bounded: one nonce for each begin(). Threading: any thread.
#pragma once

#include <parley/chain/consensus/pow/nonce_search.hpp>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace parley::app {

class NonceThreads final : public chain::NonceSearch {
public:
    /// `first_nonce` is random, so that nobody else looks at the same ones.
    NonceThreads(unsigned threads, std::uint64_t first_nonce);
    ~NonceThreads() override;
    NonceThreads(const NonceThreads&) = delete;
    NonceThreads& operator=(const NonceThreads&) = delete;

    /// Called on one of the threads when take() has something. Before the first begin().
    void on_found(std::function<void()> call);

    void begin(Now now, std::shared_ptr<const chain::Work> work) override;
    void stop() override;
    std::vector<chain::Solution> take(Now now) override;
    /// Over the last second or more.
    double rate() const override;
    /// Hashes since the beginning.
    std::uint64_t hashes() const;

    /// Ends the threads; nothing is found after it.
    void end();

private:
    struct Shared;
    static void work(Shared& shared, std::uint64_t first_nonce);

    std::unique_ptr<Shared> shared_;
    std::vector<std::thread> threads_;
};

}  // namespace parley::app
