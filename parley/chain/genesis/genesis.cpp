#include <parley/chain/genesis/genesis.hpp>

#include <parley/base/endian.hpp>
#include <parley/chain/types/fees.hpp>
#include <parley/crypto/hash.hpp>

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

namespace parley::chain {
namespace {

/// The nodes of a state that has no accounts.
class NoStateNodes final : public StateNodes {
public:
    Result<Bytes, trie::TrieError> node(const std::optional<Hash256>&, const trie::Nibbles& path,
                                        const Hash256&, Buffer&) const override {
        return fail(trie::TrieErrc::missing_node, 0, path.size());
    }
};

}  // namespace

StateChanges genesis_state(const Genesis& genesis) {
    StateChanges out;
    std::map<Hash256, Buffer> code;
    for (const auto& [address, from] : genesis.alloc) {
        const auto key = crypto::keccak256(address);
        Account account;
        account.nonce = from.nonce;
        account.balance = from.balance;
        if (!from.code.empty()) {
            account.code_hash = crypto::keccak256(from.code);
            code.try_emplace(account.code_hash, from.code);
        }
        out.accounts.push_back({key, std::nullopt, account});
        for (const auto& [slot, value] : from.storage) {
            if (value == Uint256{}) continue;
            out.slots.push_back({key, crypto::keccak256(slot), Uint256{}, value});
        }
    }
    std::ranges::sort(out.accounts, {}, &AccountChange::key);
    std::ranges::sort(out.slots, {}, [](const SlotChange& change) {
        return std::tie(change.account, change.slot);
    });
    for (auto& [hash, bytes] : code) out.code.emplace_back(hash, std::move(bytes));
    return out;
}

Header genesis_header(const Genesis& genesis, const Hash256& state_root) {
    Header out;
    out.beneficiary = genesis.coinbase;
    out.state_root = state_root;
    out.difficulty = genesis.difficulty;
    out.gas_limit = genesis.gas_limit;
    out.timestamp = genesis.timestamp;
    out.extra_data = genesis.extra_data;
    out.mix_hash = genesis.mix_hash;
    store_be(out.nonce, genesis.nonce);
    const Fork fork = genesis.fork();
    if (fork >= Fork::london) {
        out.base_fee = genesis.base_fee_per_gas.value_or(to_uint256(initial_base_fee));
    }
    if (fork >= Fork::shanghai) out.withdrawals_root = empty_root_hash;
    if (fork >= Fork::cancun) {
        out.blob_gas_used = genesis.blob_gas_used.value_or(0);
        out.excess_blob_gas = genesis.excess_blob_gas.value_or(0);
        out.parent_beacon_root = Hash256{};  // no parent, so no beacon block either (EIP-4788)
    }
    return out;
}

GenesisBlock make_genesis_block(const Genesis& genesis) {
    const NoStateNodes nodes;
    auto state = commit_state(nodes, empty_root_hash, genesis_state(genesis));
    assert(state);  // nothing is read, so nothing can fail
    const Hash256 root = state->root;
    return {genesis_header(genesis, root), std::move(*state)};
}

}  // namespace parley::chain
