// The ledger: blocks that are followed, refused, taken back, and found again after a restart.
#include <parley/base/rng.hpp>
#include <parley/chain/ledger/block_rules.hpp>
#include <parley/chain/ledger/test_chain.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;

namespace {

Uint256 wei(std::uint64_t value) {
    return to_uint256(value);
}

TestChain opened() {
    TestChain out;
    REQUIRE(out.open());
    return out;
}

InvalidBlock refused_block(TestChain& chain, const Block& block) {
    const auto result = chain.import(block);
    REQUIRE_FALSE(result);
    const auto* invalid = std::get_if<InvalidBlock>(&result.error());
    INFO(message(result.error()));
    REQUIRE(invalid);
    CHECK_FALSE(message(*invalid).empty());
    return *invalid;
}

BranchError refused_branch(const Result<Imported, ImportError>& result) {
    REQUIRE_FALSE(result);
    REQUIRE(std::holds_alternative<BranchError>(result.error()));
    CHECK_FALSE(message(result.error()).empty());
    return std::get<BranchError>(result.error());
}

}  // namespace

TEST_CASE("a block of transfers moves value and fees") {
    auto chain = opened();
    const auto block = chain.grow({payment(0, 0, 1, 500), payment(0, 1, 2, 7)});
    const auto base_fee = *to_u64(*block.header.base_fee);
    const auto price = base_fee + 1'000'000'000;
    CHECK(chain.account(0).nonce == 2);
    CHECK(chain.account(0).balance == wei(10'000'000'000'000'000'000U - 507 - 2 * 21'000 * price));
    CHECK(chain.account(1).balance == wei(10'000'000'000'000'000'500U));
    const auto fees = chain.ledger->account(block.header.beneficiary);
    CHECK(fees->balance == wei(2 * 21'000 * std::uint64_t{1'000'000'000}));
    const auto read = chain.ledger->blocks().read(block.header.hash()).value();
    REQUIRE(read);
    CHECK(read->receipts.size() == 2);
    CHECK(read->receipts[1].cumulative_gas_used == 42'000);
    const auto place = chain.ledger->blocks().find_transaction(block.body.transactions[1].hash);
    CHECK(place.value() == TxPlace{1, 1});
}

TEST_CASE("the maker of a block leaves out what cannot be executed, and says why") {
    auto chain = opened();
    const auto made = chain.make(
        {payment(0, 0, 1, 1), payment(0, 2, 1, 1), payment(1, 0, 2, 5), payment(0, 0, 1, 2)});
    CHECK(made.block.body.transactions.size() == 2);
    REQUIRE(made.refused.size() == 2);
    CHECK(made.refused[0].first == 1);
    CHECK(made.refused[0].second.code == ExecutionErrc::nonce_too_high);
    CHECK(made.refused[1].second.code == ExecutionErrc::nonce_too_low);
    CHECK(chain.import(made.block)->applied.size() == 1);
}

TEST_CASE("the better branch is followed, whenever it comes, and everything moves with it") {
    auto chain = opened();
    auto other = opened();
    const auto common = chain.grow({payment(0, 0, 1, 10)});
    REQUIRE(other.import(common));
    std::vector<Block> ours;
    std::vector<Block> theirs;
    for (std::uint64_t i = 0; i < 3; ++i) {
        ours.push_back(chain.grow({payment(0, i + 1, 2, 100)}));
        theirs.push_back(other.grow({payment(3, i, 4, 7)}, 3));
    }
    theirs.push_back(other.grow({payment(3, 3, 4, 7)}));
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(chain.import(theirs[i]) == Imported{});
        CHECK(chain.ledger->head().hash == ours.back().header.hash());
    }
    const auto moved = chain.import(theirs[3]);
    REQUIRE(moved);
    CHECK(moved->reverted ==
          std::vector{ours[2].header.hash(), ours[1].header.hash(), ours[0].header.hash()});
    CHECK(moved->applied == std::vector{theirs[0].header.hash(), theirs[1].header.hash(),
                                        theirs[2].header.hash(), theirs[3].header.hash()});
    CHECK(chain.ledger->state().root() == other.ledger->state().root());
    CHECK(chain.account(0).nonce == 1);
    CHECK(chain.account(4).balance == other.account(4).balance);
    const auto& blocks = chain.ledger->blocks();
    CHECK(blocks.main(2).value() == theirs[0].header.hash());
    CHECK_FALSE(blocks.find_transaction(ours[0].body.transactions[0].hash).value());
    CHECK(blocks.find_transaction(theirs[3].body.transactions[0].hash).value() == TxPlace{5, 0});
    // And back, by two blocks at once.
    auto again = opened();
    REQUIRE(again.import(common));
    for (const auto& block : ours) REQUIRE(again.import(block));
    const auto fifth = again.grow();
    const auto sixth = again.grow();
    CHECK(chain.import(fifth) == Imported{});
    CHECK(chain.import(sixth)->applied.size() == 5);
    CHECK(chain.ledger->state().root() == again.ledger->state().root());
    CHECK(blocks.main(6).value() == sixth.header.hash());
    // Of all that was said of a transaction the last counts, also once it is saved.
    for (const bool is_saved : {false, true}) {
        CAPTURE(is_saved);
        if (is_saved) {
            chain.ledger->save({});
            run_all(*chain.jobs);
            REQUIRE(chain.ledger->unsaved_blocks() == 0);
        }
        CHECK(blocks.find_transaction(ours[0].body.transactions[0].hash).value() == TxPlace{2, 0});
        CHECK_FALSE(blocks.find_transaction(theirs[3].body.transactions[0].hash).value());
    }
}

TEST_CASE("a chain is found again after a restart, saved or not, with its branches") {
    for (const std::uint64_t save_blocks : {1U, 2U, 5U, 100U}) {
        CAPTURE(save_blocks);
        TestChain chain;
        chain.config.save_blocks = save_blocks;
        REQUIRE(chain.open());
        auto other = opened();
        std::vector<Block> theirs;
        for (std::uint64_t i = 0; i < 12; ++i)
            theirs.push_back(other.grow({payment(3, i, 4, 7)}, 3));
        for (std::uint64_t i = 0; i < 8; ++i) {
            chain.grow({payment(0, i, 1, 10 + i)});
            if (i < 6) REQUIRE(chain.import(theirs[i]));
            const auto head = chain.ledger->head().hash;
            const auto root = chain.ledger->state().root();
            REQUIRE(chain.open());
            CHECK(chain.ledger->head().hash == head);
            CHECK(chain.ledger->state().root() == root);
            CHECK(chain.account(0).nonce == i + 1);
        }
        // The branch that came before the restarts can still be taken.
        for (std::size_t i = 6; i < 12; ++i) REQUIRE(chain.import(theirs[i]));
        CHECK(chain.ledger->state().root() == other.ledger->state().root());
        REQUIRE(chain.open());
        CHECK(chain.ledger->head().hash == theirs.back().header.hash());
        CHECK(chain.ledger->blocks().main(3).value() == theirs[2].header.hash());
    }
}

TEST_CASE("a header that breaks a rule is refused by that rule") {
    auto chain = opened();
    chain.grow();
    const auto good = chain.make({payment(0, 0, 1, 5)}).block;
    const auto rule_of = [&](const std::function<void(Header&)>& change) {
        auto block = good;
        change(block.header);
        return refused_block(chain, block);
    };
    using H = Header;
    CHECK(rule_of([](H& h) { h.base_fee.reset(); }).rule == BlockRule::fields_of_fork);
    CHECK(rule_of([](H& h) { h.withdrawals_root = Hash256{}; }).rule == BlockRule::fields_of_fork);
    const auto number = rule_of([](H& h) { h.number = 5; });
    CHECK(number.rule == BlockRule::number);
    CHECK(message(number) == "block number: expected 2, got 5");
    CHECK(rule_of([](H& h) { h.timestamp -= 2; }).rule == BlockRule::timestamp);
    CHECK(rule_of([](H& h) { h.gas_limit += h.gas_limit / 1024; }).rule == BlockRule::gas_limit);
    CHECK(rule_of([](H& h) { h.gas_used = h.gas_limit + 1; }).rule == BlockRule::gas_used_limit);
    CHECK(rule_of([](H& h) { h.base_fee = Uint256{}; }).rule == BlockRule::base_fee);
    CHECK(rule_of([](H& h) { h.difficulty = wei(1); }).rule == BlockRule::engine);
    CHECK(rule_of([](H& h) { h.extra_data.resize(33); }).reason ==
          "extra data of 33 bytes, expected at most 32");
    CHECK(rule_of([](H& h) { h.transactions_root = {}; }).rule == BlockRule::transactions_root);
    CHECK(rule_of([](H& h) { h.gas_used = 20'999; }).rule == BlockRule::gas_used);
    CHECK(rule_of([](H& h) { h.receipts_root = {}; }).rule == BlockRule::receipts_root);
    CHECK(rule_of([](H& h) { h.logs_bloom.value[3] = std::byte{1}; }).rule ==
          BlockRule::logs_bloom);
    const auto root = rule_of([](H& h) { h.state_root = {}; });
    CHECK(root.rule == BlockRule::state_root);
    CHECK(root.expected == good.header.state_root);
    CHECK(chain.import(good)->applied.size() == 1);
}

TEST_CASE("each kind of transaction that cannot be executed makes its block invalid") {
    auto chain = opened();
    const auto good = chain.make({payment(0, 0, 1, 5), payment(1, 0, 2, 5)}).block;
    const auto error_of = [&](const Transaction& second) {
        auto block = good;
        block.body.transactions[1] = second;
        block.header.transactions_root = transactions_root(block.body.transactions);
        const auto invalid = refused_block(chain, block);
        CHECK(invalid.rule == BlockRule::transaction);
        CHECK(invalid.index == 1);
        REQUIRE(invalid.transaction);
        return *invalid.transaction;
    };
    const auto changed = [](const std::function<void(Transaction&)>& change) {
        auto tx = payment(1, 0, 2, 5);
        change(tx);
        return sign(tx, secret_of(1));
    };
    using T = Transaction;
    CHECK(error_of(payment(0, 0, 1, 5)).code == ExecutionErrc::nonce_too_low);
    CHECK(error_of(payment(1, 1, 1, 5)).code == ExecutionErrc::nonce_too_high);
    CHECK(error_of(payment(99, 0, 1, 5)).code == ExecutionErrc::insufficient_funds);
    CHECK(error_of(changed([](T& t) { t.max_fee = t.max_priority_fee = wei(1); })).code ==
          ExecutionErrc::fee_below_base);
    CHECK(error_of(changed([](T& t) { t.gas_limit = 30'000'000; })).code ==
          ExecutionErrc::exceeds_block_gas);
    CHECK(error_of(changed([](T& t) {
              t.to->value = {};
              t.to->value[19] = std::byte{1};
          })).code == ExecutionErrc::calls_code);
    CHECK(error_of(changed([](T& t) {
              t.to.reset();
              t.gas_limit = 60'000;
          })).code == ExecutionErrc::creates_code);
    const auto rule = error_of(changed([](T& t) { t.gas_limit = 20'000; }));
    CHECK(rule.code == ExecutionErrc::rule);
    CHECK(rule.rule->code == TxErrc::gas_too_low);
    CHECK(error_of(changed([](T& t) { t.chain_id = 2; })).rule->code == TxErrc::wrong_chain);
    CHECK(chain.import(good));
}

TEST_CASE("a branch is refused if its parent is unknown, invalid, or too far below the head") {
    auto chain = opened();
    auto other = opened();
    const auto first = other.grow({}, 3);
    const auto second = other.grow();
    CHECK(refused_branch(chain.import(second)) == BranchError{BranchErrc::unknown_parent});

    // A child that waits behind its invalid parent.
    auto bad = first;
    bad.header.state_root = {};
    auto child = second;
    child.header.parent_hash = bad.header.hash();
    std::vector<Result<Imported, ImportError>> results;
    for (const auto& block : {bad, child}) {
        chain.ledger->import({}, block, [&](Now, auto result) { results.push_back(result); });
    }
    run_all(*chain.jobs);
    REQUIRE(results.size() == 2);
    CHECK(std::get<InvalidBlock>(results[0].error()).rule == BlockRule::state_root);
    CHECK(refused_branch(results[1]) == BranchError{BranchErrc::invalid_parent});

    for (std::uint64_t i = 0; i < branch_depth_max; ++i) chain.grow();
    CHECK(chain.import(first) == Imported{});  // leaves just where it may
    chain.grow();
    CHECK(refused_branch(chain.import(second)).code == BranchErrc::too_deep);
    auto late = opened();
    CHECK(refused_branch(chain.import(late.grow({payment(0, 0, 1, 1)}))).code ==
          BranchErrc::too_deep);
}

TEST_CASE("blocks that wait are bounded, and one that comes twice is imported once") {
    TestChain chain;
    chain.config.waiting.blocks_max = 3;
    REQUIRE(chain.open());
    auto other = opened();
    std::vector<Block> blocks;
    for (int i = 0; i < 4; ++i) blocks.push_back(other.grow());
    std::vector<Result<Imported, ImportError>> results;
    const auto keep = [&](Now, auto result) { results.push_back(result); };
    for (const auto& block : blocks) chain.ledger->import({}, block, keep);
    chain.ledger->import({}, blocks[0], keep);
    CHECK(chain.ledger->waiting() == 3);
    REQUIRE(results.size() == 1);
    CHECK(refused_branch(results[0]) == BranchError{BranchErrc::busy, 3, 4});
    run_all(*chain.jobs);
    REQUIRE(results.size() == 5);
    CHECK(results[1] == results[2]);  // the same block
    CHECK(results[4]->applied == std::vector{blocks[2].header.hash()});
    CHECK(chain.import(blocks[2])->was_known);

    TestChain small;
    small.config.waiting.bytes_max = 10;
    REQUIRE(small.open());
    CHECK(refused_branch(small.import(blocks[0])).code == BranchErrc::busy);
}

TEST_CASE("a folder of another chain is refused with both its names") {
    auto chain = opened();
    chain.grow();
    chain.ledger->save({});
    run_all(*chain.jobs);
    chain.accounts = 9;
    const auto opened = chain.open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == LedgerErrc::other_genesis);
    CHECK(message(opened.error()).find(to_hex(genesis_of(9).header.hash())) != std::string::npos);
    CHECK(message(opened.error()).find(to_hex(genesis_of(8).header.hash())) != std::string::npos);
}

TEST_CASE("senders that are known are not recovered again") {
    auto chain = opened();
    auto other = opened();
    const auto made = other.make({payment(0, 0, 1, 5)});
    auto block = made.block;
    CHECK(import_now(*chain.ledger, *chain.jobs, block, made.senders)->applied.size() == 1);
    // Who says so is believed: with a wrong sender the block is another one.
    auto third = opened();
    const auto result = import_now(*third.ledger, *third.jobs, block, {address_of(5)});
    CHECK_FALSE(result);
}

TEST_CASE("later blocks are checked while one is executed, a few Jobs at a time") {
    TestChain chain;
    chain.config.waiting.senders_per_job = 1;
    chain.config.waiting.checks_max = 3;
    REQUIRE(chain.open());
    auto other = opened();
    std::size_t imported = 0;
    for (std::uint64_t i = 0; i < 3; ++i) {
        const auto block = other.grow({payment(0, i, 1, 5), payment(2, i, 3, 5)});
        chain.ledger->import({}, block, [&](Now, const auto& result) {
            CHECK(result);
            ++imported;
        });
    }
    std::deque<Job> under_way;
    std::vector<std::size_t> beside;  // checks that were under way when a block's execution began
    do {
        for (auto& job : chain.jobs->take()) {
            under_way.push_back(std::move(job));
            const auto executions = std::ranges::count_if(under_way, &Job::is_urgent);
            const auto checks = under_way.size() - static_cast<std::size_t>(executions);
            CHECK(executions <= 1);
            CHECK(checks <= 3);
            if (under_way.back().is_urgent) beside.push_back(checks);
        }
        auto job = std::move(under_way.front());
        under_way.pop_front();
        job.run();
        chain.jobs->finish(job, {});
    } while (imported < 3);
    // Nothing is left to check beside the last.
    CHECK(beside == std::vector<std::size_t>{2, 2, 0});
}
