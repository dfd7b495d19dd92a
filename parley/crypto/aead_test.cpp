#include <parley/crypto/aead.hpp>

#include <parley/base/bytes.hpp>
#include <parley/crypto/aead_backends.hpp>
#include <parley/crypto/provider.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::crypto;

namespace {

// McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 4 and 13 to 16.
constexpr std::string_view key128 = "feffe9928665731c6d6a8f9467308308";
constexpr std::string_view key256 =
    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
constexpr std::string_view zero256 =
    "0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::string_view nonce_hex = "cafebabefacedbaddecaf888";
constexpr std::string_view zero_nonce = "000000000000000000000000";
constexpr std::string_view ad60 = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
constexpr std::string_view plain64 =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
constexpr std::string_view cipher64 =
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";

struct Vector {
    std::string_view key, nonce, ad, plain, cipher, tag;
};

constexpr Vector vectors[] = {
    {key128, nonce_hex, ad60, plain64.substr(0, 120),
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {zero256, zero_nonce, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {zero256, zero_nonce, "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {key256, nonce_hex, "", plain64, cipher64, "b094dac5d93471bdec1a502270e3cc6c"},
    {key256, nonce_hex, ad60, plain64.substr(0, 120), cipher64.substr(0, 120),
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

/// All that AES-GCM is, by one library.
class LibraryProvider final : public Provider {
public:
    explicit LibraryProvider(const AeadLibrary& library) : library_(library) {}
    std::unique_ptr<AesGcm::Backend> aes_gcm(AesGcm::Mode mode, Bytes key) override {
        return library_.aes_gcm(mode, key);
    }
    void seal_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes plain,
                   MutableBytes sealed) override {
        library_.seal_once(key, nonce, associated, plain, sealed);
    }
    bool open_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes sealed,
                   MutableBytes out) override {
        return library_.open_once(key, nonce, associated, sealed, out);
    }

private:
    const AeadLibrary& library_;
};

/// By each library that runs here.
template <class Test>
void by_each_library(const Test& test) {
    for (const auto* library : {&openssl_aead(), ipsec_mb_aead()}) {
        if (library == nullptr) continue;
        INFO(library->name());
        LibraryProvider provider{*library};
        const ScopedProvider scope{provider};
        test();
    }
}

struct Sealed {
    Buffer cipher;
    ByteArray<16> tag{};
};

Sealed seal(AesGcm& aead, Bytes nonce, Bytes ad, Bytes plain) {
    Sealed out{Buffer(plain.size()), {}};
    aead.seal(nonce, ad, plain, out.cipher, out.tag);
    return out;
}

/// How often a key, here with all its bits inverted, is in what this process may write: its heap,
/// its stacks, its globals.
// The sanitizers copy what they watch, so that their builds do not ask.
[[maybe_unused]] std::size_t copies_in_memory(const ByteArray<16>& inverted) {
    std::ifstream maps{"/proc/self/maps"};
    std::size_t found = 0;
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t from = 0;
        std::uintptr_t to = 0;
        std::array<char, 5> rights{};
        if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, rights.data()) != 3) continue;
        if (!std::string_view{rights.data()}.starts_with("rw")) continue;
        if (line.ends_with("[vvar]")) continue;
        for (auto at = from; at + inverted.size() <= to; at += 4) {
            const auto* bytes = reinterpret_cast<const volatile std::uint8_t*>(at);
            std::size_t i = 0;
            while (i < inverted.size() &&
                   static_cast<std::uint8_t>(~bytes[i]) == std::to_integer<int>(inverted[i])) {
                ++i;
            }
            if (i == inverted.size()) ++found;
        }
    }
    return found;
}

}  // namespace

TEST_CASE("AES-GCM vectors seal and open, and again after another message with the same key") {
    by_each_library([] {
        for (const auto& v : vectors) {
            INFO(std::string{v.tag});
            const auto key = *from_hex(v.key);
            const auto nonce = *from_hex(v.nonce);
            const auto ad = *from_hex(v.ad);
            const auto plain = *from_hex(v.plain);
            AesGcm sealer{AesGcm::Mode::seal, key};
            AesGcm opener{AesGcm::Mode::open, key};
            for (int round = 0; round < 2; ++round) {
                const auto sealed = seal(sealer, nonce, ad, plain);
                CHECK(to_hex(sealed.cipher) == v.cipher);
                CHECK(to_hex(sealed.tag) == v.tag);
                Buffer out(plain.size());
                CHECK(opener.open(nonce, ad, sealed.cipher, sealed.tag, out));
                CHECK(out == plain);

                // A failure must leave nothing behind for the next message.
                const auto other = *from_hex("010203040506070809101112");
                const auto between = seal(sealer, other, {}, bytes_of("in between"));
                Buffer scratch(between.cipher.size());
                CHECK_FALSE(opener.open(other, {}, between.cipher, sealed.tag, scratch));
            }
        }
    });
}

TEST_CASE("AES-128-GCM of one message: as with a key that is kept, key after key") {
    by_each_library([] {
        const auto& v = vectors[0];
        const auto key = *array_from_hex<16>(v.key);
        const auto nonce = *from_hex(v.nonce);
        const auto ad = *from_hex(v.ad);
        const auto plain = *from_hex(v.plain);
        const ByteArray<16> other_key{std::byte{1}};
        for (int round = 0; round < 2; ++round) {
            Buffer sealed(plain.size() + gcm_tag_bytes);
            seal_once(key, nonce, ad, plain, sealed);
            CHECK(to_hex(sealed) == std::string{v.cipher} + std::string{v.tag});
            Buffer out(plain.size());
            CHECK(open_once(key, nonce, ad, sealed, out));
            CHECK(out == plain);
            CHECK_FALSE(open_once(other_key, nonce, ad, sealed, out));
            CHECK_FALSE(open_once(key, nonce, {}, sealed, out));

            // In place.
            Buffer here = plain;
            here.resize(sealed.size());
            seal_once(other_key, nonce, ad, Bytes{here}.first(plain.size()), here);
            CHECK(here != sealed);
            CHECK(open_once(other_key, nonce, ad, here, MutableBytes{here}.first(plain.size())));
            CHECK(equal(Bytes{here}.first(plain.size()), plain));
        }
        ByteArray<gcm_tag_bytes> nothing;
        seal_once(key, nonce, ad, {}, nothing);
        CHECK(open_once(key, nonce, ad, nothing, {}));
        CHECK_FALSE(open_once(key, nonce, {}, nothing, {}));

        // devp2p, discv5-wire-test-vectors.md, "Encryption/Decryption".
        Buffer sealed(20);
        seal_once(*array_from_hex<16>("9f2d77db7004bf8a1a85107ac686990b"),
                  *from_hex("27b5af763c446acd2749fe8e"),
                  *from_hex("93a7400fa0d6a694ebc24d5cf570f65d04215b6ac00757875e3f3a5f42107903"),
                  *from_hex("01c20101"), sealed);
        CHECK(to_hex(sealed) == "a5d12a2d94b8ccb3ba55558229867dc13bfa3648");
    });
}

TEST_CASE("every changed bit of nonce, associated data, cipher text or tag is noticed") {
    by_each_library([] {
        const auto& v = vectors[4];
        AesGcm opener{AesGcm::Mode::open, *from_hex(v.key)};
        const Buffer parts[] = {*from_hex(v.nonce), *from_hex(v.ad), *from_hex(v.cipher),
                                *from_hex(v.tag)};
        Buffer out(parts[2].size());
        REQUIRE(opener.open(parts[0], parts[1], parts[2], parts[3], out));
        for (std::size_t part = 0; part < 4; ++part) {
            for (std::size_t bit = 0; bit < parts[part].size() * 8; ++bit) {
                Buffer changed[] = {parts[0], parts[1], parts[2], parts[3]};
                changed[part][bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
                if (opener.open(changed[0], changed[1], changed[2], changed[3], out)) {
                    FAIL("part " << part << ", bit " << bit);
                }
            }
        }
        CHECK_FALSE(opener.open(parts[0], parts[1], parts[2], Bytes{parts[3]}.first(15), out));
        CHECK_FALSE(opener.open(parts[0], parts[1], parts[2], {}, out));
        CHECK(opener.open(parts[0], parts[1], parts[2], parts[3], out));
    });
}

TEST_CASE("a message in parts of any size is the message as a whole, also in place") {
    by_each_library([] {
        const auto key = *from_hex(key256);
        const auto nonce = *from_hex(nonce_hex);
        Buffer plain(1000);
        for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<std::byte>(i * 7);
        AesGcm sealer{AesGcm::Mode::seal, key};
        const auto whole = seal(sealer, nonce, bytes_of("ad"), plain);

        for (const std::size_t step : {1U, 15U, 16U, 17U, 64U, 999U}) {
            std::vector<Bytes> parts{Bytes{}};
            for (std::size_t at = 0; at < plain.size(); at += step) {
                parts.push_back(Bytes{plain}.subspan(at, std::min(step, plain.size() - at)));
            }
            Sealed sealed{Buffer(plain.size()), {}};
            sealer.seal(nonce, bytes_of("ad"), parts, sealed.cipher, sealed.tag);
            CHECK(sealed.cipher == whole.cipher);
            CHECK(sealed.tag == whole.tag);
        }

        Buffer here = plain;
        ByteArray<16> tag;
        sealer.seal(nonce, bytes_of("ad"), Bytes{here}, here, tag);
        CHECK(here == whole.cipher);
        CHECK(tag == whole.tag);
        AesGcm opener{AesGcm::Mode::open, key};
        CHECK(opener.open(nonce, bytes_of("ad"), here, tag, here));
        CHECK(here == plain);

        ByteArray<16> empty_tag;
        sealer.seal(nonce, bytes_of("ad"), std::span<const Bytes>{}, {}, empty_tag);
        CHECK(opener.open(nonce, bytes_of("ad"), {}, empty_tag, {}));
    });
}

TEST_CASE("another key makes another cipher, in the same context") {
    by_each_library([] {
        const auto nonce = *from_hex(zero_nonce);
        AesGcm sealer{AesGcm::Mode::seal, *from_hex(key256)};
        AesGcm opener{AesGcm::Mode::open, *from_hex(zero256)};
        Buffer out(16);
        const auto before = seal(sealer, nonce, {}, Buffer(16));
        CHECK_FALSE(opener.open(nonce, {}, before.cipher, before.tag, out));
        sealer.rekey(*from_hex(zero256));
        const auto after = seal(sealer, nonce, {}, Buffer(16));
        CHECK(to_hex(after.tag) == vectors[2].tag);
        CHECK(opener.open(nonce, {}, after.cipher, after.tag, out));
        opener.rekey(*from_hex(key256));
        CHECK(opener.open(nonce, {}, before.cipher, before.tag, out));

        AesGcm moved = std::move(opener);
        CHECK(moved.open(nonce, {}, before.cipher, before.tag, out));
    });
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("nothing of a key stays behind when one message was sealed and opened") {
    by_each_library([] {
        const auto inverted = *array_from_hex<16>("9f2d77db7004bf8a1a85107ac6869901");
        const auto sealed_and_opened = [&](bool wiped) {
            ByteArray<16> key;
            for (std::size_t i = 0; i < key.size(); ++i) key[i] = ~inverted[i];
            Buffer sealed(16 + gcm_tag_bytes);
            Buffer plain(16);
            seal_once(key, *from_hex(zero_nonce), {}, plain, sealed);
            const bool opened = open_once(key, *from_hex(zero_nonce), {}, sealed, plain);
            if (!wiped) return copies_in_memory(inverted) > 0;
            wipe(key);
            return opened;
        };
        CHECK(sealed_and_opened(false));  // it would be found
        CHECK(sealed_and_opened(true));
        CHECK(copies_in_memory(inverted) == 0);
    });
}

TEST_CASE("nothing of a key stays behind when its context is gone, or has another one") {
    by_each_library([] {
        const auto inverted = *array_from_hex<16>("4a1f3c77db7004bf8a1a85107ac68699");
        const auto used = [&](bool rekeyed) {
            ByteArray<32> key{};
            for (std::size_t i = 0; i < inverted.size(); ++i) key[i] = ~inverted[i];
            auto sealer = std::make_unique<AesGcm>(AesGcm::Mode::seal, Bytes{key});
            wipe(key);
            Buffer plain(16);
            seal(*sealer, *from_hex(zero_nonce), {}, plain);
            CHECK(copies_in_memory(inverted) > 0);  // it would be found
            if (!rekeyed) return;
            sealer->rekey(ByteArray<32>{});
            CHECK(copies_in_memory(inverted) == 0);
        };
        used(false);
        CHECK(copies_in_memory(inverted) == 0);
        used(true);
    });
}
#endif

TEST_CASE("contexts that take turns on a thread, and one that is used on several") {
    by_each_library([] {
        const auto nonce = *from_hex(zero_nonce);
        AesGcm first{AesGcm::Mode::seal, *from_hex(key256)};
        AesGcm second{AesGcm::Mode::seal, *from_hex(zero256)};
        AesGcm small{AesGcm::Mode::seal, *from_hex(key128)};
        const Buffer plain(100, std::byte{3});
        const auto by_first = seal(first, nonce, {}, plain);
        const auto by_second = seal(second, nonce, {}, plain);
        const auto by_small = seal(small, nonce, {}, plain);
        CHECK(by_first.tag != by_second.tag);
        for (int round = 0; round < 3; ++round) {
            CHECK(seal(second, nonce, {}, plain).tag == by_second.tag);
            CHECK(seal(small, nonce, {}, plain).tag == by_small.tag);
            CHECK(seal(first, nonce, {}, plain).tag == by_first.tag);
        }
        // The thread that has its key expanded still is not asked after the key has changed.
        first.rekey(*from_hex(zero256));
        std::thread{[&] { CHECK(seal(first, nonce, {}, plain).tag == by_second.tag); }}.join();
        first.rekey(*from_hex(key256));
        CHECK(seal(first, nonce, {}, plain).tag == by_first.tag);
    });
}

TEST_CASE("a library says which it is") {
    CHECK(openssl_aead().name().starts_with("OpenSSL 3."));
    CHECK(aead_library() ==
          (ipsec_mb_aead() != nullptr ? ipsec_mb_aead() : &openssl_aead())->name());
}
