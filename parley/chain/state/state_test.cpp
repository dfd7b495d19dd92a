// The state over a store: drafts, blocks taken back, and saving in steps.
#include <parley/chain/state/state.hpp>

#include <parley/base/rng.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/state/state_edit.hpp>
#include <parley/chain/trie/proof.hpp>
#include <parley/chain/trie/walk.hpp>
#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;

namespace {

Address numbered(std::uint64_t i) {
    Address out;
    out.value[19] = static_cast<std::byte>(i);
    return out;
}

Hash256 key_of(const Address& address) {
    return crypto::keccak256(address);
}

Account with_balance(std::uint64_t balance) {
    Account out;
    out.balance = to_uint256(balance);
    return out;
}

/// A state that is changed by drafts, and a model of what it should hold.
struct Rig {
    MemoryStore store;
    std::unique_ptr<State> state = std::make_unique<State>(store, empty_root_hash, 1);
    struct Expected {
        Account account;
        std::map<Hash256, Uint256> slots;
    };
    std::map<Address, Expected> expected;

    StateChanges apply(StateChanges changes) {
        auto commit = commit_state(*state, state->root(), std::move(changes));
        REQUIRE(commit);
        auto applied = commit->changes;
        state->accept(std::move(*commit));
        return applied;
    }
    /// Some accounts and slots at random.
    StateChanges change(Rng& rng) {
        StateEdit edit{*state};
        for (std::uint64_t i = 1 + rng.below(8); i > 0; --i) {
            const auto address = numbered(rng.below(40));
            auto account = edit.account(address).value_or(Account{});
            account.nonce = rng.below(3);
            account.balance = to_uint256(rng.below(2));
            edit.set_account(address, account);
            if (account.is_empty()) {
                expected.erase(address);
                continue;
            }
            expected[address].account = account;
            for (std::uint64_t s = rng.below(4); s > 0; --s) {
                const Hash256 slot = to_uint256(rng.below(6));
                const Uint256 value = to_uint256(rng.below(3));
                edit.set_slot(address, slot, value);
                expected[address].slots[slot] = value;
                CHECK(edit.slot(address, slot) == value);
            }
        }
        CHECK_FALSE(edit.error());
        return apply(edit.take());
    }
    void save() {
        REQUIRE(store.write(state->begin_save()));
        state->end_save();
    }
    void reopen() {
        const auto root = state->root();
        state = std::make_unique<State>(store, root, 2);
    }
    void check() const {
        // The same made at once, in another store.
        Rig fresh;
        StateEdit edit{*fresh.state};
        for (const auto& [address, what] : expected) {
            edit.set_account(address, what.account);
            for (const auto& [slot, value] : what.slots) edit.set_slot(address, slot, value);
        }
        fresh.apply(edit.take());
        REQUIRE(to_hex(fresh.state->root()) == to_hex(state->root()));
        for (std::uint64_t i = 0; i < 40; ++i) {
            const auto key = key_of(numbered(i));
            const auto ours = state->account(key).value();
            CHECK(ours == fresh.state->account(key).value());
            const auto in_trie =
                trie::find(TrieOfState{*state}, state->root(), trie::Nibbles::of_key(key)).value();
            CHECK(in_trie == (ours ? std::optional{ours->encode()} : std::nullopt));
            std::map<Hash256, Uint256> slots;
            REQUIRE(state->for_each_slot(key, [&](const Hash256& slot, const Uint256& value) {
                CHECK(slots.emplace(slot, value).second);
                return true;
            }));
            const auto known = expected.find(numbered(i));
            std::size_t set = 0;
            if (known != expected.end()) {
                for (const auto& [slot, value] : known->second.slots) {
                    CHECK(state->slot(key, crypto::keccak256(slot)).value() == value);
                    if (value == Uint256{}) continue;
                    ++set;
                    CHECK(slots[crypto::keccak256(slot)] == value);
                }
            }
            CHECK(slots.size() == set);
        }
    }
};

}  // namespace

TEST_CASE("the state holds what its drafts made of it, saved or not") {
    Rng rng{1};
    for (int round = 0; round < 20; ++round) {
        CAPTURE(round);
        Rig rig;
        for (int block = 0; block < 12; ++block) {
            rig.change(rng);
            const auto what = rng.below(4);
            if (what == 0) rig.save();
            if (what == 1) {
                // Changes that come while others are being written.
                const auto batch = rig.state->begin_save();
                rig.change(rng);
                rig.check();
                REQUIRE(rig.store.write(batch));
                rig.state->end_save();
            }
            if (block % 4 == 3) rig.check();
        }
        rig.save();
        CHECK(rig.state->unsaved_bytes() == 0);
        rig.reopen();
        rig.check();
    }
}

TEST_CASE("blocks that are taken back leave the state, and the store, as they were") {
    Rng rng{2};
    Rig rig;
    for (int i = 0; i < 5; ++i) rig.change(rng);
    rig.save();
    const auto root = rig.state->root();
    const auto expected = rig.expected;
    std::vector<StateChanges> applied;
    for (int i = 0; i < 10; ++i) {
        applied.push_back(rig.change(rng));
        if (i == 4) rig.save();
    }
    while (!applied.empty()) {
        rig.apply(applied.back().reversed());
        applied.pop_back();
    }
    CHECK(rig.state->root() == root);
    rig.expected = expected;
    rig.check();
    rig.save();
    rig.reopen();
    rig.check();
}

TEST_CASE("an account that becomes empty loses its storage") {
    Rig rig;
    const auto address = numbered(1);
    const Hash256 slot = to_uint256(7);
    StateEdit first{*rig.state};
    first.set_account(address, with_balance(1));
    first.set_slot(address, slot, to_uint256(9));
    rig.apply(first.take());
    rig.save();
    CHECK(rig.state->account(key_of(address)).value()->storage_root != empty_root_hash);
    StateEdit second{*rig.state};
    CHECK(second.slot(address, slot) == to_uint256(9));
    second.set_account(address, Account{});
    CHECK_FALSE(second.account(address));
    CHECK(second.slot(address, slot) == Uint256{});
    rig.apply(second.take());
    CHECK(rig.state->root() == empty_root_hash);
    CHECK(rig.state->slot(key_of(address), crypto::keccak256(slot)).value() == Uint256{});
    rig.save();
    const auto is_empty = [&](std::string_view table) {
        bool empty = true;
        REQUIRE(rig.store.scan(table, [&](Bytes, Bytes) { return empty = false; }));
        return empty;
    };
    CHECK(is_empty(state_table::accounts));
    CHECK(is_empty(state_table::slots));
    CHECK(is_empty(state_table::nodes));
    CHECK(is_empty(state_table::slot_nodes));
}

TEST_CASE("a draft that changes nothing has no changes") {
    Rig rig;
    StateEdit first{*rig.state};
    first.set_account(numbered(1), with_balance(5));
    CHECK(rig.apply(first.take()).accounts.size() == 1);
    StateEdit second{*rig.state};
    second.set_account(numbered(1), with_balance(6));
    second.set_account(numbered(1), with_balance(5));
    second.set_account(numbered(2), Account{});
    CHECK(second.take() == StateChanges{});
}

TEST_CASE("a damaged store is an error, not another state") {
    Rig rig;
    StateEdit edit{*rig.state};
    for (std::uint64_t i = 0; i < 30; ++i) edit.set_account(numbered(i), with_balance(i + 1));
    rig.apply(edit.take());
    rig.save();
    const auto damage = [&](std::string_view table, Bytes key, Bytes value) {
        StoreBatch batch;
        batch.put(table, key, value);
        REQUIRE(rig.store.write(batch));
    };
    const auto key = key_of(numbered(3));
    damage(state_table::accounts, key, bytes_of("no account"));
    CHECK(rig.state->account(key).error() == StoreError{StoreErrc::corrupt});
    StateEdit draft{*rig.state};
    CHECK_FALSE(draft.account(numbered(3)));
    CHECK(draft.error() == StoreError{StoreErrc::corrupt});

    const NodeRowKey root_key{std::nullopt, {}};
    damage(state_table::nodes, root_key, *from_hex("c22001"));
    StateChanges changes;
    changes.accounts.push_back({key, std::nullopt, with_balance(1)});
    CHECK(commit_state(*rig.state, rig.state->root(), changes).error() ==
          trie::TrieError{trie::TrieErrc::wrong_hash, 0, 0});
    StoreBatch erase;
    erase.erase(state_table::nodes, root_key);
    REQUIRE(rig.store.write(erase));
    CHECK(commit_state(*rig.state, rig.state->root(), changes).error() ==
          trie::TrieError{trie::TrieErrc::missing_node, 0, 0});
}

TEST_CASE("code is kept by its hash, also when the block is taken back") {
    Rig rig;
    const Buffer code = to_buffer(bytes_of("code"));
    const auto hash = crypto::keccak256(code);
    StateEdit edit{*rig.state};
    Account account;
    account.code_hash = hash;
    edit.set_account(numbered(1), account);
    edit.add_code(hash, code);
    const auto applied = rig.apply(edit.take());
    CHECK(rig.state->code(hash).value() == code);
    rig.apply(applied.reversed());
    CHECK(rig.state->code(hash).value() == code);
    rig.save();
    CHECK(rig.state->code(hash).value() == code);
    CHECK(rig.state->code(empty_code_hash).value() == Buffer{});
    CHECK(rig.state->code(Hash256{}).value() == std::nullopt);
}

TEST_CASE("accounts as text in the store are read as written, and nothing else is") {
    Account full;
    full.nonce = 7;
    full.balance = to_uint256(1'000'000);
    full.storage_root[0] = std::byte{1};
    full.code_hash[0] = std::byte{2};
    for (const auto& account : {Account{}, with_balance(3), full}) {
        CHECK(decode_slim(encode_slim(account)) == account);
        CHECK(decode_account(account.encode()) == account);
    }
    CHECK(to_hex(encode_slim(with_balance(3))) == "c480038080");
    using rlp::Errc;
    struct Bad {
        const char* hex;
        rlp::RlpError error;
    };
    for (const auto& [hex, error] : {
             Bad{"c3800380", {Errc::missing_item, 4, 3}},
             Bad{"c58003808080", {Errc::trailing_bytes, 0, 1}},
             Bad{"c48003800a", {Errc::wrong_size, 32, 1}},
             Bad{"c400038080", {Errc::leading_zero}},
         }) {
        CAPTURE(hex);
        CHECK(decode_slim(*from_hex(hex)).error() == error);
    }
}
