#include <parley/crypto/stub.hpp>

#include <parley/base/rng.hpp>
#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::crypto;

namespace {

Buffer random_bytes(std::size_t size, std::uint64_t seed) {
    Buffer out(size);
    SeededEntropy{seed}.fill(out);
    return out;
}

ByteArray<32> random32(std::uint64_t seed) {
    return array_of<32>(random_bytes(32, seed));
}

/// A message, all that its tag depends on.
struct Message {
    Buffer nonce, associated, text, tag;
    bool opens(AesGcm& opener) const {
        Buffer out(text.size());
        return opener.open(nonce, associated, text, tag, out);
    }
};

Message seal(AesGcm& sealer, Buffer nonce, Buffer associated, Bytes plain) {
    Message out{std::move(nonce), std::move(associated), Buffer(plain.size()),
                Buffer(gcm_tag_bytes)};
    sealer.seal(out.nonce, out.associated, plain, out.text, out.tag);
    return out;
}

/// How many of the messages that differ from it in one bit still open.
int missed_changes(AesGcm& opener, Message message) {
    int missed = 0;
    for (Buffer* part : {&message.nonce, &message.associated, &message.text, &message.tag}) {
        for (auto& byte : *part) {
            for (unsigned bit = 0; bit < 8; ++bit) {
                byte ^= static_cast<std::byte>(1U << bit);
                missed += message.opens(opener) ? 1 : 0;
                byte ^= static_cast<std::byte>(1U << bit);
            }
        }
    }
    return missed;
}

}  // namespace

TEST_CASE("stub: a signature fits one key and one digest, and is not a real one") {
    StubCrypto stub;
    const auto secret = random32(1);
    const auto key = public_key(secret);
    const auto digest = random32(2);
    std::optional<ScopedProvider> scope{stub};
    const auto good = sign(secret, digest);
    CHECK(good == sign(secret, digest, random32(3)));
    CHECK(good != sign(secret, random32(4)));
    CHECK(good != sign(random32(4), digest));
    CHECK(verify(key, digest, good));
    CHECK(stub.memo().misses() == 0);

    CHECK_FALSE(verify(public_key(random32(4)), digest, good));
    CHECK_FALSE(verify(CompressedKey{}, digest, good));
    CHECK_FALSE(verify(key, random32(4), good));
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        Signature changed = good;
        changed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        if (verify(key, digest, changed)) FAIL("bit " << bit);
    }
    CHECK_THROWS_AS((void)sign({}, digest), std::logic_error);
    scope.reset();
    CHECK_FALSE(verify(key, digest, good));
}

TEST_CASE("stub: every signature is canonical") {
    StubCrypto stub;
    const auto secret = random32(1);
    std::set<Signature> seen;
    for (std::uint64_t i = 0; i < 2000; ++i) {
        const auto made = stub.sign(secret, random32(i), {});
        CHECK(is_canonical(made));
        seen.insert(made);
    }
    CHECK(seen.size() == 2000);
}

TEST_CASE("stub: real signatures verify and recover, computed once") {
    StubCrypto stub;
    const auto secret = random32(1);
    const auto digest = random32(2);
    const auto made = sign_recoverable(secret, digest);
    const ScopedProvider scope{stub};
    for (int i = 0; i < 3; ++i) {
        CHECK(verify(public_key(secret), digest, made.rs));
        CHECK_FALSE(verify(public_key(secret), random32(3), made.rs));
        CHECK(recover(digest, made.rs, made.parity) == decompress(public_key(secret)));
    }
    CHECK(stub.memo().misses() == 3);
    CHECK(stub.memo().hits() == 6);
}

TEST_CASE("stub: more signers than it remembers") {
    StubCrypto stub{16, 4};
    for (int round = 0; round < 2; ++round) {
        for (std::uint64_t i = 1; i < 20; ++i) {
            const auto made = stub.sign(random32(i), random32(0), {});
            CHECK(stub.verify(public_key(random32(i)), random32(0), made));
        }
    }
    CHECK(stub.memo().misses() == 0);
}

TEST_CASE("stub: both sides of an agreement get the same secret, others do not") {
    StubCrypto stub;
    const ScopedProvider scope{stub};
    std::set<X25519Public> keys;
    for (std::uint64_t i = 0; i < 500; ++i) {
        const X25519Key alice{random32(3 * i)};
        const X25519Key bob{random32(3 * i + 1)};
        const X25519Key eve{random32(3 * i + 2)};
        keys.insert(alice.public_key());
        CHECK(is_canonical_x25519(alice.public_key()));
        CHECK(alice.public_key() == X25519Key{random32(3 * i)}.public_key());
        const auto shared = alice.agree(bob.public_key());
        REQUIRE(shared);
        CHECK(shared == bob.agree(alice.public_key()));
        CHECK(shared != eve.agree(alice.public_key()));
        CHECK(shared != eve.agree(bob.public_key()));
        CHECK_FALSE(alice.agree({}));
    }
    CHECK(keys.size() == 500);
}

TEST_CASE("stub: an ephemeral key and one that lasts agree, others do not") {
    StubCrypto stub;
    const ScopedProvider scope{stub};
    std::set<CompressedKey> seen;
    for (std::uint64_t i = 0; i < 200; ++i) {
        const auto ephemeral_secret = random32(3 * i);
        const auto lasting_secret = random32(3 * i + 1);
        const auto ephemeral = ephemeral_key(ephemeral_secret);
        const auto lasting = public_key(lasting_secret);
        CHECK(ephemeral == ephemeral_key(ephemeral_secret));
        const auto shared = agree(ephemeral_secret, lasting);
        REQUIRE(shared);
        CHECK(shared == agree(lasting_secret, ephemeral));
        CHECK(shared != agree(random32(3 * i + 2), ephemeral));
        CHECK(shared != agree(random32(3 * i + 2), lasting));
        seen.insert(ephemeral);
        seen.insert(*shared);
    }
    CHECK(seen.size() == 400);
    CHECK_FALSE(agree(random32(1), {}));
}

TEST_CASE("stub: every changed bit of an ephemeral key changes what is agreed") {
    StubCrypto stub;
    const ScopedProvider scope{stub};
    const auto lasting_secret = random32(1);
    auto key = ephemeral_key(random32(2));
    const auto shared = agree(lasting_secret, key);
    for (std::size_t bit = 0; bit < key.size() * 8; ++bit) {
        key[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        if (agree(lasting_secret, key) == shared) FAIL("bit " << bit);
        key[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    }
}

TEST_CASE("stub: secrets of one byte, or of all ones, have good public keys too") {
    StubCrypto stub;
    const ScopedProvider scope{stub};
    std::set<X25519Public> keys;
    ByteArray<32> ones;
    ones.fill(std::byte{0xff});
    std::vector<ByteArray<32>> secrets{ones, {}};
    for (unsigned i = 3; i < 256; i += 2) secrets.push_back({static_cast<std::byte>(i)});
    for (const auto& secret : secrets) {
        const X25519Key key{secret};
        keys.insert(key.public_key());
        CHECK(is_canonical_x25519(key.public_key()));
        const auto shared = key.agree(X25519Key{ones}.public_key());
        CHECK(shared.has_value());
        CHECK(shared == X25519Key{ones}.agree(key.public_key()));
    }
    CHECK(keys.size() == secrets.size());
}

TEST_CASE("stub: sealed text opens, whole, in parts and in place, with keys of both sizes") {
    StubCrypto stub;
    const ScopedProvider scope{stub};
    const auto nonce = random_bytes(12, 1);
    for (const std::size_t key_bytes : {16U, 32U}) {
        const auto key = random_bytes(key_bytes, 2);
        AesGcm sealer{AesGcm::Mode::seal, key};
        AesGcm opener{AesGcm::Mode::open, key};
        std::vector<std::size_t> sizes(300);
        for (std::size_t i = 0; i < sizes.size(); ++i) sizes[i] = i;
        sizes.push_back(65536);
        for (const std::size_t size : sizes) {
            CAPTURE(size);
            const auto plain = random_bytes(size, size);
            const auto sealed = seal(sealer, nonce, to_buffer(bytes_of("ad")), plain);
            CHECK(sealed.text.size() == size);
            Buffer out(size);
            CHECK(opener.open(nonce, bytes_of("ad"), sealed.text, sealed.tag, out));
            CHECK(out == plain);

            const Bytes all{plain};
            const std::array<Bytes, 4> parts{all.first(size / 3), Bytes{},
                                             all.subspan(size / 3, size / 2),
                                             all.subspan(size / 3 + size / 2)};
            Message joined = sealed;
            sealer.seal(nonce, bytes_of("ad"), parts, joined.text, joined.tag);
            CHECK(joined.text == sealed.text);
            CHECK(joined.tag == sealed.tag);

            Buffer here = plain;
            ByteArray<gcm_tag_bytes> tag;
            sealer.seal(nonce, bytes_of("ad"), Bytes{here}, here, tag);
            CHECK(opener.open(nonce, bytes_of("ad"), here, tag, here));
            CHECK(here == plain);
        }
    }
}

TEST_CASE("stub: one message is sealed as with a key that is kept") {
    StubCrypto stub;
    const ScopedProvider scope{stub};
    const auto key = array_of<16>(random_bytes(16, 1));
    const auto plain = random_bytes(40, 2);
    AesGcm sealer{AesGcm::Mode::seal, key};
    const auto kept = seal(sealer, Buffer(12), random_bytes(71, 3), plain);
    Buffer once(plain.size() + gcm_tag_bytes);
    seal_once(key, kept.nonce, kept.associated, plain, once);
    CHECK(equal(Bytes{once}.first(plain.size()), kept.text));
    CHECK(equal(Bytes{once}.subspan(plain.size()), kept.tag));

    Buffer out(plain.size());
    CHECK(open_once(key, kept.nonce, kept.associated, once, out));
    CHECK(out == plain);
    CHECK_FALSE(
        open_once(array_of<16>(random_bytes(16, 9)), kept.nonce, kept.associated, once, out));
    CHECK_FALSE(open_once(key, kept.nonce, {}, once, out));
    once[7] ^= std::byte{1};
    CHECK_FALSE(open_once(key, kept.nonce, kept.associated, once, out));
}

TEST_CASE("stub: every changed bit of nonce, associated data, text or tag is noticed") {
    StubCrypto stub;
    const ScopedProvider scope{stub};
    AesGcm sealer{AesGcm::Mode::seal, random_bytes(32, 1)};
    AesGcm opener{AesGcm::Mode::open, random_bytes(32, 1)};
    for (std::size_t size = 0; size < 300; size += size < 40 ? 1 : 17) {
        for (const std::size_t associated : {0U, 1U, 4U, 32U}) {
            for (const bool zeros : {false, true}) {
                CAPTURE(size);
                const auto plain = zeros ? Buffer(size) : random_bytes(size, 2);
                const auto nonce = zeros ? Buffer(12) : random_bytes(12, 3);
                const auto good = seal(sealer, nonce, random_bytes(associated, 4), plain);
                REQUIRE(good.opens(opener));
                CHECK(missed_changes(opener, good) == 0);
            }
        }
    }
}

TEST_CASE("stub: other lengths, other places, other keys do not open") {
    StubCrypto stub;
    const ScopedProvider scope{stub};
    const auto key = random_bytes(32, 1);
    AesGcm sealer{AesGcm::Mode::seal, key};
    AesGcm opener{AesGcm::Mode::open, key};
    const auto good = seal(sealer, Buffer(12), Buffer(8), Buffer(64));
    REQUIRE(good.opens(opener));

    for (std::size_t size = 0; size < 200; ++size) {
        auto other = good;
        other.text.resize(size);
        CHECK(other.opens(opener) == (size == 64));
        other = good;
        other.associated.resize(size);
        CHECK(other.opens(opener) == (size == 8));
        other = good;
        other.tag.resize(size);
        CHECK(other.opens(opener) == (size == gcm_tag_bytes));
    }
    auto counted = good;
    for (std::size_t i = 0; i < 64; ++i) counted.text[i] = static_cast<std::byte>(i);
    counted = seal(sealer, Buffer(12), Buffer(8), counted.text);
    for (std::size_t a = 0; a < 64; a += 8) {
        for (std::size_t b = a + 8; b < 64; b += 8) {
            auto swapped = counted;
            auto* const text = swapped.text.data();
            std::swap_ranges(text + a, text + a + 8, text + b);
            CHECK_FALSE(swapped.opens(opener));
        }
    }

    AesGcm stranger{AesGcm::Mode::open, random_bytes(32, 2)};
    CHECK_FALSE(good.opens(stranger));
    stranger.rekey(key);
    CHECK(good.opens(stranger));
    opener.rekey(random_bytes(32, 2));
    CHECK_FALSE(good.opens(opener));
}

TEST_CASE("stub: objects go on as what they were made, after the scope and the stub") {
    const auto key = random_bytes(32, 1);
    const auto plain = random_bytes(40, 2);
    AesGcm real_sealer{AesGcm::Mode::seal, key};
    const X25519Key real_x{random32(3)};
    auto stub = std::make_unique<StubCrypto>();
    std::optional<ScopedProvider> scope{*stub};
    AesGcm sealer{AesGcm::Mode::seal, key};
    AesGcm opener{AesGcm::Mode::open, key};
    const X25519Key alice{random32(3)};
    const X25519Key bob{random32(4)};
    const auto shared = alice.agree(bob.public_key());
    const auto inside = seal(sealer, Buffer(12), {}, plain);
    const auto real_inside = seal(real_sealer, Buffer(12), {}, plain);
    CHECK(inside.text == plain);
    CHECK(real_inside.text != plain);
    scope.reset();
    stub.reset();

    CHECK(bob.agree(alice.public_key()) == shared);
    CHECK(alice.public_key() != real_x.public_key());
    CHECK(inside.opens(opener));
    auto moved = std::move(sealer);
    CHECK(seal(moved, Buffer(12), {}, plain).tag == inside.tag);
    moved.rekey(random_bytes(32, 9));
    CHECK_FALSE(seal(moved, Buffer(12), {}, plain).opens(opener));

    AesGcm real_opener{AesGcm::Mode::open, key};
    CHECK(real_inside.opens(real_opener));
    CHECK_FALSE(inside.opens(real_opener));
    CHECK(seal(real_sealer, Buffer(12), {}, plain).tag == real_inside.tag);
}

TEST_CASE("stub: the same bytes from every compiler and machine") {
    StubCrypto stub;
    const ScopedProvider scope{stub};
    AesGcm sealer{AesGcm::Mode::seal, random_bytes(32, 1)};
    Buffer tags;
    for (const std::size_t size : {0U, 3U, 7U, 15U, 31U, 300U}) {
        append(tags,
               seal(sealer, random_bytes(12, 2), random_bytes(4, 3), random_bytes(size, 4)).tag);
    }
    const X25519Key key{random32(5)};
    const auto shared = key.agree(X25519Key{random32(6)}.public_key());
    REQUIRE(shared);
    CHECK(to_hex(sha256(tags)) ==
          "22ec004c152b6f9d3b0bac2097b73dd957a387f2c94dcf63a29cb89ed1ace433");
    CHECK(to_hex(sign(random32(7), random32(8))) ==
          "581cc1ecb0eed7c3628bc406a8ab96bb6c334699c00444521ad2cb312fdd011b"
          "409bdf491162d96cda0b2674a48f35f62ca068728c28d0f7b2cbde9b4dd68ac7");
    CHECK(to_hex(key.public_key()) ==
          "b1bbf0af839463f125cbe3d3311f6119b4a01bfb6fc3058964fef5cc2048482a");
    CHECK(to_hex(*shared) == "f58580d8e14b743024e1fe1131be5a2dd49e51e6376c026d075dcd070159f720");
    CHECK(to_hex(ephemeral_key(random32(9))) ==
          "02ffffffffffffffff2c1339c39e48d4068f4e078cb5629e086afeecbdcb829771");
    const auto point = agree(random32(10), ephemeral_key(random32(9)));
    REQUIRE(point);
    CHECK(to_hex(*point) == "02db20275472fcba6d90faadff61f2779aac739052edfea6e5e1571bf8d6f3950e");
}
