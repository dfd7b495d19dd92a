// Blocks of a single signer.
#include <parley/chain/consensus/solo/solo.hpp>

#include <parley/chain/ledger/test_chain.hpp>

#include <doctest/doctest.h>

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

Block sealed(Block block, std::uint64_t seed = signer_seed, std::size_t text_bytes = 3) {
    block.header.extra_data.assign(text_bytes + Solo::seal_bytes, std::byte{'x'});
    solo_seal(block.header, secret_of(seed));
    return block;
}

std::string refusal(TestChain& chain, const Block& block) {
    const auto imported = chain.import(block);
    REQUIRE_FALSE(imported);
    CHECK(std::get<InvalidBlock>(imported.error()).rule == BlockRule::engine);
    return message(imported.error());
}

}  // namespace

TEST_CASE("a block with the signer's seal is taken, of whatever else it holds") {
    auto chain = solo_chain();
    CHECK(address_of_secret(secret_of(signer_seed)) == address_of(signer_seed));
    for (std::uint64_t i = 0; i < 3; ++i) {
        const auto block = sealed(chain.make({payment(0, i, 1, 5)}).block, signer_seed, i * 16);
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
    auto short_data = good;
    short_data.header.extra_data.assign(64, std::byte{1});
    CHECK(refusal(chain, short_data) ==
          "extra data of 64 bytes, expected 65 to 97, a seal at its end");
    CHECK(refusal(chain, sealed(good, signer_seed, 33)) ==
          "extra data of 98 bytes, expected 65 to 97, a seal at its end");
    CHECK(refusal(chain, sealed(good, 5)) == "sealed by " + address_of(5).to_string() +
                                                 ", expected " +
                                                 address_of(signer_seed).to_string());
    const auto changed = [&](const std::function<void(Header&)>& change) {
        auto block = sealed(good);
        change(block.header);
        return refusal(chain, block);
    };
    CHECK(changed([](Header& h) { h.extra_data[0] ^= std::byte{1}; }).starts_with("sealed by "));
    CHECK(changed([](Header& h) { h.timestamp += 1; }).starts_with("sealed by "));
    CHECK(changed([](Header& h) { h.extra_data.back() = std::byte{2}; }) ==
          "the seal is no signature");
    CHECK(changed([](Header& h) {
              std::fill(h.extra_data.begin() + 3, h.extra_data.end() - 1, std::byte{});
          }) == "the seal is no signature");
    CHECK(changed([](Header& h) { h.difficulty = to_uint256(1); }) ==
          "difficulty: expected 0, got 1");
    CHECK(changed([](Header& h) { h.nonce[0] = std::byte{1}; }) == "nonce is not 0");
    CHECK(changed([](Header& h) { h.ommers_hash = {}; }) == "a single signer has no ommers");
    CHECK(chain.import(sealed(good)));
}
