// Blocks of a single signer.
#include <parley/chain/consensus/solo/solo.hpp>

#include <parley/chain/ledger/test_chain.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;

namespace {

constexpr std::uint64_t signer_seed = 77;

TestChain solo_chain() {
    TestChain out;
    out.engine = std::make_shared<Solo>(merged_schedule(), address_of(signer_seed));
    REQUIRE(out.open());
    return out;
}

Block sealed(Block block, std::uint64_t seed = signer_seed) {
    solo_seal(block.header, secret_of(seed));
    return block;
}

/// The order of secp256k1 (SEC 2, 2.4.1) minus s.
void negate_s(Header& header) {
    const auto order =
        array_from_hex<32>("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
            .value();
    const auto s = array_of<32>(header.extra_data);
    header.extra_data = to_buffer(checked_subtract(order, s).value());
}

}  // namespace

TEST_CASE("a block with the signer's seal is taken, of whatever else it holds") {
    auto chain = solo_chain();
    CHECK(address_of_secret(secret_of(signer_seed)) == address_of(signer_seed));
    for (std::uint64_t i = 0; i < 3; ++i) {
        const auto block = sealed(chain.make({payment(0, i, 1, 5)}).block);
        CHECK(chain.import(block)->applied == std::vector{block.header.hash()});
    }
    CHECK(chain.account(0).nonce == 3);
}

TEST_CASE("a second block of the same height is kept, and not followed") {
    auto chain = solo_chain();
    const auto first = sealed(chain.make({}).block);
    const auto second = sealed(chain.make({payment(0, 0, 1, 5)}).block);
    REQUIRE(chain.import(first));
    CHECK(chain.import(second) == Imported{});
    CHECK(chain.ledger->head().hash == first.header.hash());
}

TEST_CASE("a block without the signer's seal over just this header is refused") {
    auto chain = solo_chain();
    const auto good = chain.make({}).block;
    for (const std::size_t size : {0U, 31U, 33U}) {
        auto block = sealed(good);
        block.header.extra_data.resize(size);
        CHECK(refusal_by_engine(chain, block) ==
              fmt::format("extra data of {} bytes, expected 32 of a seal", size));
    }
    const auto by_another = refusal_by_engine(chain, sealed(good, 5));
    CHECK(by_another.starts_with("sealed by "));
    CHECK(by_another.contains(address_of(5).to_string()));
    CHECK(by_another.ends_with(", expected " + address_of(signer_seed).to_string()));
    const auto changed = [&](const std::function<void(Header&)>& change) {
        auto block = sealed(good);
        change(block.header);
        return refusal_by_engine(chain, block);
    };
    CHECK(changed([](Header& h) { h.timestamp += 1; }).starts_with("sealed by "));
    CHECK(changed([](Header& h) { h.mix_hash = {}; }) == "the seal is no signature");
    CHECK(changed([](Header& h) { h.extra_data.assign(32, std::byte{}); }) ==
          "the seal is no signature");
    // The same signature with the other s, which anyone can make, would give the block a second
    // hash.
    CHECK(changed(negate_s) == "the seal is no signature");
    CHECK(changed([](Header& h) { h.difficulty = to_uint256(1); }) ==
          "difficulty: expected 0, got 1");
    CHECK(changed([](Header& h) { h.nonce[0] = std::byte{1}; }) == "nonce is not 0");
    CHECK(changed([](Header& h) { h.ommers_hash = {}; }) == "a single signer has no ommers");
    CHECK(chain.import(sealed(good)));
}
