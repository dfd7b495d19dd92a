#include <parley/crypto/memo.hpp>

#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::crypto;

namespace {

/// One question to verify; default: a signature that fits.
struct Claim {
    CompressedKey key = public_key(sha256(bytes_of("a key")));
    Hash256 digest = sha256(bytes_of("a message"));
    Signature signature = sign(sha256(bytes_of("a key")), sha256(bytes_of("a message")));
};

bool ask(VerifyMemo& memo, const Claim& claim) {
    return memo.verify(claim.key, claim.digest, claim.signature);
}

Hash256 numbered(int i) {
    return sha256(bytes_of("message " + std::to_string(i)));
}

}  // namespace

TEST_CASE("memo: verify answers as the real one, computed and remembered, right and wrong") {
    std::vector<Claim> claims(7);
    claims[1].key = public_key(sha256(bytes_of("another key")));
    claims[2].digest = sha256(bytes_of("another message"));
    claims[3].signature[63] ^= std::byte{1};
    claims[4].key = {};
    claims[5].signature = {};
    claims[6].signature[32] |= std::byte{0x80};  // high s
    VerifyMemo memo;
    for (int round = 0; round < 2; ++round) {
        for (std::size_t i = 0; i < claims.size(); ++i) {
            CAPTURE(i);
            const auto& claim = claims[i];
            CHECK(ask(memo, claim) == verify(claim.key, claim.digest, claim.signature));
            CHECK(ask(memo, claim) == (i == 0));
        }
    }
    CHECK(memo.misses() == claims.size());
    CHECK(memo.hits() == 3 * claims.size());
    CHECK(memo.entries() == claims.size());
}

TEST_CASE("memo: every byte of a question counts") {
    VerifyMemo memo;
    const Claim good;
    REQUIRE(ask(memo, good));
    std::uint64_t misses = 1;
    const auto expect_other = [&](const Claim& changed) {
        if (ask(memo, changed)) FAIL("a remembered answer to another question");
        ++misses;
    };
    for (std::size_t i = 0; i < 64; ++i) {
        Claim changed;
        changed.signature[i] ^= std::byte{1};
        expect_other(changed);
        if (i >= good.key.size()) continue;
        changed = good;
        changed.key[i] ^= std::byte{1};
        expect_other(changed);
        if (i >= good.digest.size()) continue;
        changed = good;
        changed.digest[i] ^= std::byte{1};
        expect_other(changed);
    }
    CHECK(memo.misses() == misses);
    CHECK(memo.hits() == 0);
    CHECK(ask(memo, good));
    CHECK(memo.hits() == 1);
}

TEST_CASE("memo: recover answers as the real one, with parity and leave for high s") {
    const auto secret = sha256(bytes_of("a key"));
    const Hash256 digest = sha256(bytes_of("a message"));
    const auto made = sign_recoverable(secret, digest);
    Signature high = made.rs;
    high[32] |= std::byte{0x80};
    VerifyMemo memo;
    std::uint64_t asked = 0;
    for (int round = 0; round < 2; ++round) {
        for (const auto& signature : {made.rs, high, Signature{}}) {
            for (const std::uint8_t parity : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}}) {
                for (const bool allow : {false, true}) {
                    for (const auto& of : {digest, numbered(1)}) {
                        ++asked;
                        CHECK(memo.recover(of, signature, parity, allow) ==
                              recover(of, signature, parity, allow));
                    }
                }
            }
        }
    }
    CHECK(memo.misses() == asked / 2);
    CHECK(memo.hits() == asked / 2);
    CHECK(memo.recover(digest, made.rs, made.parity, false) == decompress(public_key(secret)));
    CHECK(memo.recover(digest, high, 0, true).has_value() !=
          memo.recover(digest, high, 0, false).has_value());
}

TEST_CASE("memo: bounded; what is asked for stays, what is not goes") {
    VerifyMemo memo{8};
    Claim claim;
    const Claim good = claim;
    const auto recoverable = sign_recoverable(sha256(bytes_of("a key")), good.digest);
    REQUIRE(ask(memo, good));
    for (int i = 0; i < 100; ++i) {
        claim.digest = numbered(i);
        CHECK_FALSE(ask(memo, claim));
        const auto hits = memo.hits();
        CHECK(ask(memo, good));
        CHECK_FALSE(ask(memo, claim));
        CHECK(memo.hits() == hits + 2);
        (void)memo.recover(claim.digest, recoverable.rs, recoverable.parity, false);
        CHECK(memo.entries() <= 16);  // 8 of each kind
    }
    CHECK(memo.entries() >= 8);
    const auto misses = memo.misses();
    claim.digest = numbered(0);
    CHECK_FALSE(ask(memo, claim));
    CHECK(memo.misses() == misses + 1);
}

TEST_CASE("memo: any bound works, the smallest as well") {
    for (const std::size_t bound : {0U, 1U, 2U, 3U}) {
        CAPTURE(bound);
        VerifyMemo memo{bound};
        for (int i = 0; i < 10; ++i) {
            Claim claim;
            claim.digest = numbered(i);
            CHECK_FALSE(ask(memo, claim));
            CHECK_FALSE(ask(memo, claim));
            CHECK(memo.entries() <= 2);
        }
        CHECK(memo.hits() == 10);
    }
}

TEST_CASE("memo: installed, it answers verify and recover and leaves the rest real") {
    const auto secret = sha256(bytes_of("a key"));
    const Claim good;
    const auto recoverable = sign_recoverable(secret, good.digest);
    VerifyMemo memo;
    const ScopedProvider scope{memo};
    CHECK(sign(secret, good.digest) == good.signature);
    for (int i = 0; i < 3; ++i) {
        CHECK(verify(good.key, good.digest, good.signature));
        CHECK(recover(good.digest, recoverable.rs, recoverable.parity) == decompress(good.key));
    }
    CHECK(memo.misses() == 2);
    CHECK(memo.hits() == 4);
}
