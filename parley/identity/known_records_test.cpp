#include <parley/identity/known_records.hpp>

#include <parley/crypto/provider.hpp>
#include <parley/identity/node_key.hpp>

#include <doctest/doctest.h>

#include <array>

namespace parley {
namespace {

constexpr std::size_t records_max = 300;

class Counter final : public crypto::Provider {
public:
    bool verify(const crypto::CompressedKey& key, const Hash256& digest,
                const crypto::Signature& signature) override {
        ++verified;
        return Provider::verify(key, digest, signature);
    }
    int verified = 0;
};

TEST_CASE("known records: the bytes of one are verified once, others are not spared") {
    SeededEntropy entropy{1};
    const auto key = NodeKey::generate(entropy);
    const auto record = EnrBuilder{1}.tcp(1).sign(key);
    const auto next = EnrBuilder{2}.tcp(1).sign(key);
    REQUIRE(record);
    REQUIRE(next);
    Counter counter;
    const crypto::ScopedProvider installed{counter};
    KnownRecords known{records_max, 7};
    for (int i = 0; i < 3; ++i) {
        const auto read = known.decode(record->raw());
        REQUIRE(read);
        CHECK(*read == *record);
        CHECK(read->id() == key.id());
        CHECK(counter.verified == 1);
    }
    CHECK(known.decode(next->raw()));
    CHECK(counter.verified == 2);
    // Each byte counts, of the signature and of what is signed.
    for (std::size_t i = 0; i < record->raw().size(); ++i) {
        auto changed = to_buffer(record->raw());
        changed[i] ^= std::byte{1};
        CHECK_FALSE(known.decode(changed));
        CHECK_FALSE(known.decode(changed));
    }
    CHECK(known.size() == 2);
    const std::array<std::byte, Enr::size_bytes_max + 1> large{};
    CHECK(known.decode(large).error().code == EnrErrc::too_large);
}

TEST_CASE("known records: they are bounded, and what came lately stays") {
    SeededEntropy entropy{2};
    const auto key = NodeKey::generate(entropy);
    Counter counter;
    KnownRecords known{records_max, 7};
    const auto of = [&](std::uint64_t sequence) { return EnrBuilder{sequence}.sign(key).value(); };
    const auto first = of(1);
    const auto second = of(2);
    // Whatever the signature: how many there are is what matters.
    class Credulous final : public crypto::Provider {
        bool verify(const crypto::CompressedKey&, const Hash256&,
                    const crypto::Signature&) override {
            return true;
        }
    } credulous;
    REQUIRE(known.decode(first.raw()));
    REQUIRE(known.decode(second.raw()));
    {
        const crypto::ScopedProvider installed{credulous};
        auto raw = to_buffer(of(3).raw());
        const auto signature = MutableBytes{raw}.subspan(raw.size() - second.raw().size() + 4, 2);
        for (std::size_t i = 0; i < records_max - 1; ++i) {
            signature[0] = static_cast<std::byte>(i >> 8);
            signature[1] = static_cast<std::byte>(i);
            REQUIRE(known.decode(raw));
            REQUIRE(known.decode(first.raw()));
        }
    }
    CHECK(known.size() == records_max);
    const crypto::ScopedProvider installed{counter};
    CHECK(known.decode(first.raw()));
    CHECK(counter.verified == 0);
    CHECK(known.decode(second.raw()));
    CHECK(counter.verified == 1);
}

}  // namespace
}  // namespace parley
