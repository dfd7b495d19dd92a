#include <parley/crypto/provider.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

using namespace parley;
using namespace parley::crypto;

namespace {

/// Says that everything is signed, and counts how often it was asked.
class Credulous final : public Provider {
public:
    bool verify(const CompressedKey& /*key*/, const Hash256& /*digest*/,
                const Signature& /*signature*/) override {
        ++asked;
        return true;
    }
    int asked = 0;
};

bool verify_nothing() {
    return verify(CompressedKey{}, Hash256{}, Signature{});
}

}  // namespace

TEST_CASE("providers: nothing is installed by default; scopes nest and restore") {
    CHECK(ScopedProvider::current() == nullptr);
    CHECK_FALSE(verify_nothing());
    Credulous outer;
    Credulous inner;
    {
        const ScopedProvider first{outer};
        CHECK(verify_nothing());
        {
            const ScopedProvider second{inner};
            CHECK(ScopedProvider::current() == &inner);
            CHECK(verify_nothing());
            {
                const ScopedProvider none{nullptr};
                CHECK_FALSE(verify_nothing());
            }
            CHECK(verify_nothing());
        }
        CHECK(ScopedProvider::current() == &outer);
        CHECK(verify_nothing());
    }
    CHECK(ScopedProvider::current() == nullptr);
    CHECK_FALSE(verify_nothing());
    CHECK(outer.asked == 2);
    CHECK(inner.asked == 2);
}

TEST_CASE("providers: an exception ends the scope as well") {
    Credulous provider;
    const auto fails = [&provider] {
        const ScopedProvider scope{provider};
        (void)sign({}, {});  // no valid secret
    };
    CHECK_THROWS_AS(fails(), std::logic_error);
    CHECK(ScopedProvider::current() == nullptr);
}

TEST_CASE("providers: what is not overridden is the real thing") {
    const ByteArray<32> secret{std::byte{7}};
    const Hash256 digest{std::byte{8}};
    const ByteArray<32> entropy{std::byte{9}};
    const auto made = sign_recoverable(secret, digest);
    const X25519Key real_key{secret};
    const ByteArray<32> point{std::byte{9}};
    ByteArray<5> text{std::byte{1}};
    ByteArray<gcm_tag_bytes> tag;
    ByteArray<gcm_tag_bytes> provided_tag;
    const ByteArray<gcm_nonce_bytes> nonce{};
    AesGcm{AesGcm::Mode::seal, secret}.seal(nonce, {}, ByteArray<5>{}, text, tag);
    const auto hedged = sign(secret, digest, entropy);
    const auto ephemeral = ephemeral_key(secret);
    const auto shared = agree(entropy, ephemeral);
    const ByteArray<16> small_key{std::byte{10}};
    ByteArray<5 + gcm_tag_bytes> sealed;
    seal_once(small_key, nonce, {}, text, sealed);

    Credulous provider;
    const ScopedProvider scope{provider};
    CHECK(sign(secret, digest) == made.rs);
    CHECK(sign(secret, digest, entropy) == hedged);
    CHECK(recover(digest, made.rs, made.parity) == decompress(public_key(secret)));
    const X25519Key key{secret};
    CHECK(key.public_key() == real_key.public_key());
    CHECK(key.agree(point) == real_key.agree(point));
    ByteArray<5> provided_text{};
    AesGcm sealer{AesGcm::Mode::seal, secret};
    sealer.seal(nonce, {}, ByteArray<5>{}, provided_text, provided_tag);
    CHECK(provided_text == text);
    CHECK(provided_tag == tag);
    CHECK(ephemeral_key(secret) == ephemeral);
    CHECK(agree(entropy, ephemeral) == shared);
    ByteArray<5 + gcm_tag_bytes> provided_sealed;
    seal_once(small_key, nonce, {}, text, provided_sealed);
    CHECK(provided_sealed == sealed);
    CHECK(open_once(small_key, nonce, {}, sealed, provided_text));
    CHECK(provided_text == text);
}
