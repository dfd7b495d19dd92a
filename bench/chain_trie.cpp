#include "chain.hpp"
#include "harness.hpp"
#include <parley/base/rng.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/state/state.hpp>
#include <parley/chain/trie/walk.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/crypto/hash.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace parley::bench {
namespace {

using namespace parley::chain;

constexpr std::size_t accounts = 1'000'000;
constexpr std::size_t changed = 10'000;

Account numbered_account(std::uint64_t number) {
    Account out;
    out.nonce = number % 1000;
    out.balance = to_uint256(number * 1'000'000'007);
    return out;
}

/// A state that is never saved, so that all of it is in memory.
class LargeState {
public:
    LargeState() {
        StateChanges all;
        for (std::size_t i = 0; i < accounts; ++i) {
            keys_.push_back(crypto::keccak256(to_uint256(i)));
        }
        std::ranges::sort(keys_);
        for (std::size_t i = 0; i < accounts; ++i) {
            all.accounts.push_back({keys_[i], std::nullopt, numbered_account(i)});
        }
        auto commit = commit_state(state_, empty_root_hash, std::move(all));
        if (!commit) throw std::runtime_error{"no state"};
        state_.accept(std::move(*commit));
    }
    /// Nodes a second; not accepted, so that each run has the same to do.
    double commit_rate() {
        StateChanges changes;
        std::vector<std::size_t> which;
        for (std::size_t i = 0; i < changed; ++i) which.push_back(rng_.below(accounts));
        std::ranges::sort(which);
        which.erase(std::ranges::unique(which).begin(), which.end());
        for (const auto i : which) {
            auto after = numbered_account(i);
            after.nonce += 1;
            changes.accounts.push_back({keys_[i], numbered_account(i), after});
        }
        const double start = thread_seconds_now();
        last_ = commit_state(state_, state_.root(), std::move(changes));
        const double seconds = thread_seconds_now() - start;
        if (!last_) throw std::runtime_error{"no commit"};
        return static_cast<double>(last_->account_nodes.size()) / seconds;
    }
    double hash_rate() {
        if (!last_) commit_rate();
        Hash256 sum{};
        const double start = thread_seconds_now();
        for (const auto& node : last_->account_nodes) sum = crypto::keccak256(node.rlp);
        const double seconds = thread_seconds_now() - start;
        if (sum == Hash256{}) throw std::runtime_error{"no hash"};
        return static_cast<double>(last_->account_nodes.size()) / seconds;
    }

    /// Proofs a second, each as the bytes of a message.
    double proof_rate() {
        std::size_t bytes = 0;
        const double start = thread_seconds_now();
        for (std::size_t i = 0; i < proofs; ++i) {
            const auto& key = keys_[rng_.below(accounts)];
            auto nodes =
                trie::prove(TrieOfState{state_}, state_.root(), trie::Nibbles::of_key(key));
            if (!nodes) throw std::runtime_error{"no proof"};
            rlp::Writer out;
            out.begin_list();
            for (const auto& node : *nodes) out.string(node);
            bytes += out.end_list().take().size();
        }
        const double seconds = thread_seconds_now() - start;
        if (bytes < proofs * 1'000) throw std::runtime_error{"short proofs"};
        return static_cast<double>(proofs) / seconds;
    }

private:
    static constexpr std::size_t proofs = 100'000;

    MemoryStore store_;
    State state_{store_, empty_root_hash, 1};
    std::vector<Hash256> keys_;
    Rng rng_{1};
    Result<StateCommit, trie::TrieError> last_ = std::unexpected{trie::TrieError{}};
};

LargeState& large_state() {
    static LargeState state;
    return state;
}

}  // namespace

double trie_commit() {
    return large_state().commit_rate();
}

double proof_serve() {
    return large_state().proof_rate();
}

double proof_serve_aim() {
    return 60'000;
}

double trie_commit_limit() {
    return large_state().hash_rate();
}

}  // namespace parley::bench
