// Another chain's rules through the public interface: a counter that transactions add to.
#include <parley/chain/execution/execution.hpp>
#include <parley/chain/ledger/test_chain.hpp>
#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>

#include <memory>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;

namespace {

/// Each transaction's data is one byte to be added to slot 0 of one account; nobody pays. Odd
/// numbers are against the rules of this chain, and 0 fails and leaves a receipt that says so.
class Counter final : public Execution {
public:
    static Address place() {
        Address out;
        out.value.fill(std::byte{0xcc});
        return out;
    }
    Result<void, TxError> check(const Transaction& tx, Fork) const override {
        if (tx.data.size() == 1) return {};
        return fail(TxErrc::too_large, 1, tx.data.size());
    }
    void begin(const BlockContext&, StateEdit& state) const override {
        state.set_account(place(), {.nonce = 1});  // lest it is empty
    }
    Result<TxOutcome, ExecutionError> execute(const Transaction& tx, const Address&,
                                              const BlockContext&, std::uint64_t,
                                              StateEdit& state) const override {
        const auto step = std::to_integer<std::uint64_t>(tx.data.view()[0]);
        if (step % 2 == 1) {
            ExecutionError odd{.code = ExecutionErrc::application};
            odd.reason = "odd steps are not allowed";
            return std::unexpected{odd};
        }
        if (step == 0) return TxOutcome{.succeeded = false, .gas_used = 1};
        const auto before = state.slot(place(), Hash256{});
        state.set_slot(place(), Hash256{}, *checked_add(before, to_uint256(step)));
        TxOutcome out{.gas_used = step};
        out.logs.push_back({place(), {Hash256{}}, to_buffer(tx.data.view())});
        return out;
    }
};

Transaction step_of(std::uint8_t step, std::uint64_t nonce = 0) {
    auto tx = transfer(nonce);
    tx.data = SharedBytes::copy(ByteArray<1>{std::byte{step}});
    return sign(tx, secret_of(1));
}

}  // namespace

TEST_CASE("a chain with rules of its own runs on the same ledger") {
    TestChain chain;
    chain.execution = std::make_shared<Counter>();
    REQUIRE(chain.open());
    const auto made = chain.make({step_of(2), step_of(3), step_of(40), step_of(0)});
    REQUIRE(made.refused.size() == 1);
    CHECK(message(made.refused[0].second) == "odd steps are not allowed");
    REQUIRE(chain.import(made.block));
    const auto key = crypto::keccak256(Counter::place());
    const auto slot = crypto::keccak256(Hash256{});
    CHECK(chain.ledger->state().slot(key, slot).value() == to_uint256(42));
    const auto read = chain.ledger->blocks().read(made.block.header.hash()).value();
    REQUIRE(read->receipts.size() == 3);
    CHECK(read->receipts[2].succeeded == false);
    CHECK(read->receipts[2].cumulative_gas_used == 43);
    CHECK(made.block.header.logs_bloom.contains(Counter::place()));

    // A node with the same rules takes it; after a restart all is there.
    TestChain other;
    other.execution = chain.execution;
    REQUIRE(other.open());
    REQUIRE(other.import(made.block));
    REQUIRE(other.open());
    CHECK(other.ledger->state().slot(key, slot).value() == to_uint256(42));

    // One with other rules does not.
    TestChain transfers;
    REQUIRE(transfers.open());
    CHECK_FALSE(transfers.import(made.block));
}
