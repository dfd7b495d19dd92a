// For tests: a pool to put unsigned transactions into, and a state of accounts by a table.
#pragma once

#include <parley/chain/txpool/pool.hpp>
#include <parley/chain/types/test_transactions.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace parley::chain::testing {

inline Address sender_of(unsigned number) {
    Address out;
    out.value[18] = static_cast<std::byte>(number >> 8);
    out.value[19] = static_cast<std::byte>(number);
    return out;
}

/// Unsigned, but otherwise whole: the pool trusts the signature. `salt`, its value in wei, makes
/// hashes differ.
inline Transaction plain(std::uint64_t nonce, std::uint64_t price, std::size_t data_bytes = 0,
                         std::uint64_t salt = 1) {
    auto tx = transfer(nonce, price);
    tx.value = to_uint256(salt);
    tx.data = SharedBytes::own(Buffer(data_bytes, std::byte{7}));
    tx.signature.fill(std::byte{1});
    return *decode_transaction(SharedBytes::own(tx.encode()));
}

struct FixedState final : AccountState {
    std::map<Address, Account> accounts;
    std::optional<Account> account(const Address& address) const override {
        const auto found = accounts.find(address);
        return found == accounts.end() ? std::nullopt : std::optional{found->second};
    }
};

struct PoolRig {
    TxPool pool;
    std::uint64_t salt = 0;
    explicit PoolRig(PoolConfig config = {}, const AccountState* state = nullptr)
        : pool(config, state) {}

    InsertResult put(unsigned sender, std::uint64_t nonce, std::uint64_t price, bool local = false,
                     std::size_t data_bytes = 0) {
        // The sender is part of the value, as two senders never make the same hash.
        const auto tx = plain(nonce, price, data_bytes, ++salt * 1000 + sender);
        return pool.insert(tx, sender_of(sender), {}, {.local = local});
    }
    /// "sender:nonce@price", q for queued, l for local.
    std::vector<std::string> content() const {
        std::vector<std::string> out;
        pool.for_each([&](const PooledTx& entry, bool pending) {
            out.push_back(text(entry) + (pending ? "" : "q") + (entry.local ? "l" : ""));
            return true;
        });
        return out;
    }
    static std::string text(const PooledTx& entry) {
        return std::to_string(std::to_integer<int>(entry.sender.value[19])) + ":" +
               std::to_string(entry.nonce) + "@" + std::to_string(entry.max_fee);
    }
};

/// What a plain transfer costs a pool, whose account is known or not; all fit prices below 2^16 in
/// equal sizes.
inline std::size_t plain_cost(bool is_known = false) {
    FixedState state;
    if (is_known) state.accounts[sender_of(1)].balance = to_uint256(1'000'000'000);
    PoolRig rig{{}, &state};
    rig.put(1, 1, 1000);
    return rig.pool.size_bytes();
}

/// Whether what the pool says of each entry is what the state, the base fee and the entries before
/// it say, and its orders agree. The reason if not.
inline std::string fault_of(const TxPool& pool, const AccountState& state,
                            std::uint64_t base_fee = 0) {
    std::optional<Address> sender;
    bool executable = false;
    std::uint64_t next = 0;
    Uint256 spent{};
    std::int64_t price = 0;
    std::size_t bytes = 0, pending = 0, entries = 0;
    Uint256 fee{};
    std::string fault;
    pool.for_each([&](const PooledTx& entry, bool is_pending) {
        const auto account = state.account(entry.sender);
        if (sender != entry.sender) {
            sender = entry.sender;
            executable = true;
            next = account ? account->nonce : entry.nonce;
            spent = {};
            price = std::numeric_limits<std::int64_t>::max();
        }
        const auto tx = entry.transaction();
        const auto gas = checked_multiply(tx.max_fee, tx.gas_limit);
        const auto cost = gas ? checked_add(*gas, tx.value) : std::nullopt;
        const auto sum = cost ? checked_add(spent, *cost) : std::nullopt;
        executable =
            executable && entry.nonce == next && (!account || (sum && *sum <= account->balance));
        if (executable) {
            ++next;
            spent = sum.value_or(Uint256{});
            constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
            const auto tip = entry.max_fee < base_fee
                                 ? -static_cast<std::int64_t>(base_fee - entry.max_fee)
                                 : static_cast<std::int64_t>(std::min(
                                       {entry.max_fee - base_fee, entry.max_priority_fee, most}));
            price = std::min(price, tip);
            if (account && price > 0) {
                fee = *checked_add(
                    fee,
                    *checked_multiply(to_uint256(static_cast<std::uint64_t>(price)), entry.gas));
            }
            if (pool.rank(entry).price != price) fault = "another price";
        }
        if (is_pending != executable || entry.pending != executable) fault = "pending or not";
        if (account && entry.nonce < account->nonce) fault = "a stale nonce";
        if (pool.find(entry.hash) != &entry) fault = "not found by its hash";
        pending += is_pending ? 1 : 0;
        bytes += entry.size_bytes;
        ++entries;
        return true;
    });
    if (entries != pool.size() || bytes != pool.size_bytes()) fault = "another size";
    if (pending != pool.status().pending || entries - pending != pool.status().queued) {
        fault = "another status";
    }
    if (fee != pool.executable_fee()) fault = "another fee";
    const auto page = pool.page(entries + 1);
    if (page.size() != entries) fault = "another order";
    for (std::size_t i = 1; i < page.size(); ++i) {
        if (!(pool.rank(*page[i - 1]) < pool.rank(*page[i]))) fault = "out of order";
    }
    std::map<Address, std::uint64_t> next_of;
    for (const auto* entry : page) {
        if (!entry->pending) break;
        const auto [at, first] = next_of.emplace(entry->sender, entry->nonce);
        if (!first && entry->nonce != at->second) fault = "a nonce before its time";
        at->second = entry->nonce + 1;
    }
    return fault;
}

}  // namespace parley::chain::testing
