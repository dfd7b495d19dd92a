// What a transfer does to balances and nonces, fork by fork, and what it may not do.
#include <parley/chain/execution/transfers.hpp>

#include <parley/base/store.hpp>
#include <parley/chain/state/state.hpp>
#include <parley/chain/state/state_edit.hpp>
#include <parley/chain/types/test_transactions.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <optional>

using namespace parley;
using namespace parley::chain;
using chain::testing::transfer;

namespace {

Address numbered(std::uint64_t i) {
    Address out;
    out.value[0] = std::byte{0xaa};
    out.value[19] = static_cast<std::byte>(i);
    return out;
}

Uint256 wei(std::uint64_t value) {
    return to_uint256(value);
}

constexpr std::uint64_t ether = 1'000'000'000'000'000'000;

/// A draft in which accounts are set by hand.
struct Rig {
    MemoryStore store;
    State state{store, empty_root_hash, 1};
    StateEdit edit{state};
    Transfers transfers{1};
    BlockContext block;
    Transaction tx = transfer(0);  // of price 10 gwei, gas 21,000, value 1
    std::uint64_t gas_left = 1'000'000;

    Rig() {
        block.fork = Fork::london;
        block.base_fee = wei(7);
        block.beneficiary = numbered(9);
        set(numbered(1), {.balance = wei(ether)});
        tx.to = numbered(2);
        tx.max_priority_fee = wei(3);
    }
    void set(const Address& address, const Account& account) { edit.put_account(address, account); }
    Account get(const Address& address) { return edit.account(address).value_or(Account{}); }
    Result<TxOutcome, ExecutionError> run(const Address& sender = numbered(1)) {
        return transfers.execute(tx, sender, block, gas_left, edit);
    }
    ExecutionError refusal() {
        const auto before = get(numbered(1));
        const auto outcome = run();
        REQUIRE_FALSE(outcome);
        CHECK_FALSE(message(outcome.error()).empty());
        CHECK(get(numbered(1)) == before);
        CHECK(get(block.beneficiary) == Account{});
        return outcome.error();
    }
};

}  // namespace

TEST_CASE("the sender pays gas and value, the receiver gets the value, the beneficiary the tip") {
    Rig rig;
    const auto outcome = rig.run();
    REQUIRE(outcome);
    CHECK(outcome->gas_used == 21'000);
    CHECK(outcome->succeeded);
    CHECK(rig.get(numbered(1)).nonce == 1);
    CHECK(rig.get(numbered(1)).balance == wei(ether - 21'000 * 10 - 1));
    CHECK(rig.get(numbered(2)).balance == wei(1));
    CHECK(rig.get(numbered(9)).balance == wei(21'000 * 3));
}

TEST_CASE("before London the beneficiary gets the whole price") {
    Rig rig;
    rig.block.fork = Fork::berlin;
    rig.block.base_fee = {};
    rig.tx.type = TxType::legacy;
    rig.tx.max_fee = rig.tx.max_priority_fee = wei(5);
    REQUIRE(rig.run());
    CHECK(rig.get(numbered(9)).balance == wei(21'000 * 5));
}

TEST_CASE("sender, receiver and beneficiary may be the same") {
    Rig rig;
    rig.tx.to = numbered(1);
    rig.block.beneficiary = numbered(1);
    REQUIRE(rig.run());
    CHECK(rig.get(numbered(1)).balance == wei(ether - 21'000 * 7));
    CHECK(rig.get(numbered(1)).nonce == 1);
}

TEST_CASE("data and access lists are paid for, and blobs burn their fee") {
    Rig rig;
    rig.block.fork = Fork::cancun;
    rig.block.blob_base_fee = wei(2);
    rig.tx.type = TxType::blob;
    rig.tx.max_fee_per_blob_gas = wei(4);
    rig.tx.blob_hashes = {Hash256{std::byte{1}}};
    rig.tx.gas_limit = 100'000;
    rig.tx.data = SharedBytes::copy(*from_hex("00ff"));
    rig.tx.access_list = {{numbered(5), {Hash256{}}}};
    const auto outcome = rig.run();
    REQUIRE(outcome);
    CHECK(outcome->gas_used == 21'000 + 4 + 16 + 2400 + 1900);
    CHECK(rig.get(numbered(1)).balance ==
          wei(ether - outcome->gas_used * 10 - 2 * gas_per_blob - 1));
}

TEST_CASE("an empty account that is touched is removed, with its storage, and none is made") {
    Rig rig;
    rig.set(numbered(2), Account{});
    rig.tx.value = {};
    rig.tx.max_fee = rig.tx.max_priority_fee = rig.block.base_fee;
    rig.tx.max_priority_fee = {};
    REQUIRE(rig.run());
    CHECK_FALSE(rig.edit.account(numbered(2)));
    CHECK_FALSE(rig.edit.account(numbered(9)));
}

TEST_CASE("what cannot be executed is refused, with both values, and changes nothing") {
    const auto with = [](const std::function<void(Rig&)>& change) {
        Rig rig;
        change(rig);
        return rig.refusal();
    };
    using E = ExecutionErrc;
    CHECK(with([](Rig& r) { r.gas_left = 20'999; }) ==
          ExecutionError{E::exceeds_block_gas, wei(20'999), wei(21'000)});
    CHECK(with([](Rig& r) { r.tx.max_fee = wei(6); }) ==
          ExecutionError{E::fee_below_base, wei(7), wei(6)});
    CHECK(with([](Rig& r) { r.tx.nonce = 1; }) ==
          ExecutionError{E::nonce_too_high, wei(0), wei(1)});
    CHECK(with([](Rig& r) { r.set(numbered(1), {.nonce = 2, .balance = wei(ether)}); }) ==
          ExecutionError{E::nonce_too_low, wei(2), wei(0)});
    CHECK(with([](Rig& r) { r.set(numbered(1), {.balance = wei(21'000 * 10)}); }).code ==
          E::insufficient_funds);
    const auto max_fee_counts = with([](Rig& r) {
        r.tx.max_fee = wei(100);
        r.set(numbered(1), {.balance = wei(21'000 * 100)});
    });
    CHECK(max_fee_counts ==
          ExecutionError{E::insufficient_funds, wei(21'000 * 100 + 1), wei(21'000 * 100)});
    CHECK(
        message(max_fee_counts) ==
        "insufficient funds for gas * price + value: it may cost 2100001, the sender has 2100000");
    CHECK(with([](Rig& r) {
              Account contract{.balance = wei(ether)};
              contract.code_hash[0] = std::byte{1};
              r.set(numbered(1), contract);
          }).code == E::sender_has_code);
    CHECK(with([](Rig& r) {
              Account contract;
              contract.code_hash[0] = std::byte{1};
              r.set(numbered(2), contract);
          }).code == E::calls_code);
    CHECK(with([](Rig& r) { r.tx.to.reset(); }).code == E::creates_code);
    CHECK(with([](Rig& r) {
              Account rich;
              rich.balance.fill(std::byte{0xff});
              r.set(numbered(2), rich);
          }).code == E::balance_overflow);
    CHECK(with([](Rig& r) {
              r.block.fork = Fork::cancun;
              r.block.blob_base_fee = wei(5);
              r.tx.type = TxType::blob;
              r.tx.blob_hashes = {Hash256{std::byte{1}}};
              r.tx.max_fee_per_blob_gas = wei(4);
          }) == ExecutionError{E::blob_fee_below_base, wei(5), wei(4)});
}

TEST_CASE("precompiled contracts are code: addresses 1 to 9, and 10 since Cancun") {
    for (const auto fork : {Fork::london, Fork::cancun}) {
        for (std::uint8_t last = 0; last < 12; ++last) {
            CAPTURE(last);
            Rig rig;
            rig.block.fork = fork;
            rig.tx.to = Address{};
            rig.tx.to->value[19] = std::byte{last};
            const bool is_code = last >= 1 && last <= (fork == Fork::cancun ? 10 : 9);
            CHECK(rig.run().has_value() != is_code);
        }
    }
}

TEST_CASE("withdrawals are credited in Gwei, and those of nothing make no account") {
    Rig rig;
    const Withdrawal some[] = {
        {0, 1, numbered(5), 3}, {1, 1, numbered(5), 4}, {2, 1, numbered(6), 0}};
    rig.transfers.finish(rig.block, some, rig.edit);
    CHECK(rig.get(numbered(5)).balance == wei(7'000'000'000));
    CHECK_FALSE(rig.edit.account(numbered(6)));
}

TEST_CASE("what would run code is refused before it waits for a block, the rest may wait") {
    struct Table final : AccountState {
        std::optional<Address> contract;
        std::optional<Account> account(const Address& address) const override {
            Account out;
            if (address == contract) out.code_hash[0] = std::byte{1};
            return out;
        }
    } state;
    const Transfers transfers{1};
    const auto sender = numbered(1);
    const auto check = [&](const Transaction& tx, Fork fork = Fork::london) {
        const auto checked = transfers.check_waiting(tx, sender, fork, state);
        return checked ? std::nullopt : std::optional{checked.error().code};
    };
    auto tx = transfer(7);  // of an empty account: another block may change that
    CHECK_FALSE(check(tx));
    state.contract = tx.to;
    CHECK(check(tx) == ExecutionErrc::calls_code);
    state.contract = sender;
    CHECK(check(tx) == ExecutionErrc::sender_has_code);
    state.contract.reset();
    tx.to = Address{};
    tx.to->value[19] = std::byte{10};
    CHECK_FALSE(check(tx));
    CHECK(check(tx, Fork::cancun) == ExecutionErrc::calls_code);
    tx.to.reset();
    CHECK(check(tx) == ExecutionErrc::creates_code);
    CHECK(is_final(ExecutionErrc::creates_code));
    CHECK_FALSE(is_final(ExecutionErrc::exceeds_block_gas));
}
