#include <parley/chain/sync/state_answers.hpp>

#include <parley/chain/trie/proof.hpp>
#include <parley/chain/trie/walk.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace parley::chain {
namespace {

using sync_topic::AccountEntry;
using trie::Nibbles;

/// Of an entry in an answer beside its value: the key, and headers in RLP.
constexpr std::size_t entry_bytes = 36;

/// Counts what an answer holds.
class Budget {
public:
    explicit Budget(std::uint32_t bytes) : left_(std::min<std::size_t>(bytes, most)) {}
    /// False: this was the last entry that fits.
    bool take(const AccountEntry& entry) {
        left_ -= std::min(left_, entry.value.size() + entry_bytes);
        return left_ > 0 && ++count_ < sync_topic::entries_max;
    }

private:
    static constexpr std::size_t proof_room = 128U << 10;
    static constexpr std::size_t most = sync_topic::answer_bytes_max - proof_room;
    std::size_t left_;
    std::size_t count_ = 0;
};

std::optional<std::vector<SharedBytes>> proof_of(const PastStates::At& at, const Hash256& first,
                                                 const Hash256& last) {
    auto proof = trie::prove_range(TrieOfState{*at.nodes}, at.root, first, last);
    if (!proof) return std::nullopt;
    std::vector<SharedBytes> out;
    for (auto& node : *proof) out.push_back(SharedBytes::own(std::move(node)));
    return out;
}

/// By key, as they were after the block `to`, of the accounts that are not the same after `from`.
using Changed = std::map<Hash256, std::optional<Account>>;

std::optional<Changed> changed_between(const BlockStore& blocks, const Hash256& from,
                                       const Hash256& to, const Hash256& first,
                                       const Hash256& last) {
    const auto route = blocks.route(to, from);
    if (!route) return std::nullopt;
    Changed out;
    const auto add = [&](const StateChanges& changes, auto side) {
        auto at = std::ranges::lower_bound(changes.accounts, first, {}, &AccountChange::key);
        for (; at != changes.accounts.end() && at->key <= last; ++at) {
            out.try_emplace(at->key, (*at).*side);
        }
    };
    // The block after which an account was as it is in the end comes first.
    for (const auto* block : route->back) add(block->changes, &AccountChange::after);
    for (const auto* block : route->forward) add(block->changes, &AccountChange::before);
    return out;
}

}  // namespace

sync_topic::Accounts answer_accounts(PastStates& states, const ChainHeader& head,
                                     const ChainParts& chain,
                                     const sync_topic::GetAccounts& question) {
    sync_topic::Accounts out{question.id, {}, {}};
    const auto at = states.at(head, chain, question.block);
    if (!at) return out;
    Budget budget{question.bytes};
    bool is_bad = false;
    const auto visited = trie::visit_from(
        TrieOfState{*at->nodes}, at->root, Nibbles::of_key(question.first),
        [&](const Nibbles& key, const Buffer& value) {
            const auto account = decode_account(value);
            is_bad = !account;
            if (is_bad) return false;
            out.entries.push_back(
                {array_of<32>(Bytes{key.to_key()}), SharedBytes::own(encode_slim(*account))});
            return budget.take(out.entries.back()) && out.entries.back().key < question.last;
        });
    if (!visited || is_bad) return {question.id, {}, {}};
    auto proof = proof_of(*at, question.first,
                          out.entries.empty() ? question.first : out.entries.back().key);
    if (!proof) return {question.id, {}, {}};
    out.proof = std::move(*proof);
    return out;
}

sync_topic::Changes answer_changes(PastStates& states, const ChainHeader& head,
                                   const ChainParts& chain,
                                   const sync_topic::GetChanges& question) {
    sync_topic::Changes out{question.id, question.last, {}, {}};
    const auto at = states.at(head, chain, question.to);
    const auto changed = at ? changed_between(chain.blocks, question.from, question.to,
                                              question.first, question.last)
                            : std::nullopt;
    if (!changed) return out;
    Budget budget{question.bytes};
    for (const auto& [key, account] : *changed) {
        AccountEntry entry{key, {}};
        if (account) entry.value = SharedBytes::own(encode_slim(*account));
        out.entries.push_back(std::move(entry));
        if (budget.take(out.entries.back())) continue;
        out.last = key;
        break;
    }
    auto proof = proof_of(*at, question.first, out.last);
    if (!proof) return {question.id, question.last, {}, {}};
    out.proof = std::move(*proof);
    return out;
}

}  // namespace parley::chain
