// Blocks by work.
#include <parley/chain/consensus/pow/proof_of_work.hpp>

#include <parley/base/endian.hpp>
#include <parley/chain/ledger/test_chain.hpp>

#include <doctest/doctest.h>

#include <functional>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;

namespace {

constexpr std::uint64_t interval_s = 10;
/// So many hashes a block.
constexpr std::uint64_t difficulty = 16;

TestChain work_chain() {
    ProofOfWorkConfig config;
    config.forks.london_block = 0;
    config.asert = {.anchor_time_s = 1'000,
                    .anchor_target = target_of_difficulty(to_uint256(difficulty)),
                    .interval_s = interval_s,
                    .half_life_s = 40};
    config.reward = to_uint256(7);
    TestChain out;
    out.engine = std::make_shared<ProofOfWork>(config);
    REQUIRE(out.open());
    return out;
}

bool has_work(const Header& header) {
    return header.hash() <= target_of_difficulty(header.difficulty);
}

/// Looks for a nonce that is good, or for one that is not.
Block mined(Block block, bool good = true) {
    for (std::uint64_t nonce = 0; has_work(block.header) != good; ++nonce) {
        store_be(MutableBytes{block.header.nonce}, nonce);
    }
    return block;
}

}  // namespace

TEST_CASE("blocks with enough work are taken, and their makers paid") {
    auto chain = work_chain();
    for (std::uint64_t i = 0; i < 5; ++i) {
        REQUIRE(chain.import(mined(chain.make({payment(0, i, 1, 5)}, interval_s).block)));
    }
    CHECK(chain.ledger->head().header.number == 5);
    CHECK(chain.ledger->head().header.difficulty == to_uint256(difficulty));
    Address maker;
    maker.value[0] = std::byte{0xbe};
    const auto paid = chain.ledger->account(maker)->balance;
    CHECK(checked_subtract(paid, to_uint256(5 * 7)).has_value());
    CHECK(to_u64(paid).value() % 1'000 == 35);
}

TEST_CASE("blocks that come too fast make the next ones harder, and slow ones easier") {
    auto chain = work_chain();
    for (int i = 0; i < 10; ++i) REQUIRE(chain.import(mined(chain.make({}, 2).block)));
    const auto hard = chain.make({}, 2).block.header.difficulty;
    CHECK(hard > to_uint256(3 * difficulty));
    CHECK(hard < to_uint256(5 * difficulty));
    for (int i = 0; i < 4; ++i) REQUIRE(chain.import(mined(chain.make({}, 60).block)));
    CHECK(chain.make({}, 2).block.header.difficulty < to_uint256(difficulty));
}

TEST_CASE("the chain with more work is followed, also when it has fewer blocks") {
    auto slow = work_chain();
    auto fast = work_chain();
    std::vector<Block> easy;
    for (int i = 0; i < 4; ++i) {
        easy.push_back(mined(slow.make({}, 200).block));
        REQUIRE(slow.import(easy.back()));
    }
    std::vector<Block> hard;
    for (int i = 0; i < 3; ++i) {
        hard.push_back(mined(fast.make({}, 1).block));
        REQUIRE(fast.import(hard.back()));
    }
    for (const auto& block : hard) REQUIRE(slow.import(block));
    CHECK(slow.ledger->head().hash == hard.back().header.hash());
    for (const auto& block : easy) REQUIRE(fast.import(block));
    CHECK(fast.ledger->head().hash == hard.back().header.hash());
}

TEST_CASE("a block without its work is refused by what is wrong") {
    auto chain = work_chain();
    const auto good = mined(chain.make({}).block);
    CHECK(refusal_by_engine(chain, mined(good, false)).starts_with("too little work: hash "));
    const auto changed = [&](const std::function<void(Header&)>& change) {
        auto block = good;
        change(block.header);
        return refusal_by_engine(chain, mined(block));
    };
    CHECK(changed([](Header& h) { h.difficulty = to_uint256(15); }) ==
          "difficulty: expected 16, got 15");
    CHECK(changed([](Header& h) { h.extra_data.resize(33); }) ==
          "extra data of 33 bytes, expected at most 32");
    CHECK(changed([](Header& h) { h.ommers_hash = {}; }) == "blocks by work have no ommers here");
    CHECK(chain.import(good));
}
