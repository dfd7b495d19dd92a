#include <parley/chain/types/bloom.hpp>

#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <string>

using namespace parley;
using namespace parley::chain;

namespace {

int bits_of(const Bloom& bloom) {
    int out = 0;
    for (const auto b : bloom.value) out += std::popcount(std::to_integer<unsigned>(b));
    return out;
}

}  // namespace

TEST_CASE("an item sets three bits, and is contained from then on") {
    Bloom bloom;
    CHECK(bits_of(bloom) == 0);
    CHECK_FALSE(bloom.contains(bytes_of("one")));
    bloom.add(bytes_of("one"));
    CHECK(bits_of(bloom) == 3);
    CHECK(bloom.contains(bytes_of("one")));
    CHECK_FALSE(bloom.contains(bytes_of("two")));
    const auto before = bloom;
    bloom.add(bytes_of("one"));
    CHECK(bloom == before);

    Bloom other;
    other.add(bytes_of("two"));
    bloom |= other;
    CHECK(bits_of(bloom) == 6);
    CHECK(bloom.contains(bytes_of("one")));
    CHECK(bloom.contains(bytes_of("two")));
    CHECK((other |= before) == bloom);
}

TEST_CASE("a hundred items give the bits that go-ethereum gives") {
    Bloom bloom;
    for (int i = 0; i < 100; ++i) bloom.add(bytes_of("item " + std::to_string(i)));
    CHECK(to_hex(crypto::keccak256(bloom)) ==
          "467e4feacd5ad1f4ca88125565a69894ccbe5cda06e3d526a53baf9ba1eb1adb");
}
