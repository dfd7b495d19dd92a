#include <parley/crypto/stub.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>

namespace parley::crypto {

namespace {

__extension__ using Wide = unsigned __int128;

// Odd numbers without a pattern: 64 bits of the square roots' fractions, the last bit set.
constexpr std::uint64_t root_2 = 0x6a09e667f3bcc909ULL;
constexpr std::uint64_t root_3 = 0xbb67ae8584caa73bULL;
constexpr std::uint64_t root_5 = 0x3c6ef372fe94f82bULL;
constexpr std::uint64_t root_7 = 0xa54ff53a5f1d36f1ULL;

/// A number from its little-endian bytes; one load where the machine is little-endian too.
template <class Word>
Word load(const std::byte* at) {
    Word word = 0;
    std::memcpy(&word, at, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
    return word;
}

void store(std::byte* at, std::uint64_t word) {
    if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
    std::memcpy(at, &word, sizeof word);
}

/// Both halves of the product: each bit of the result depends on nearly all of both factors.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Both factors depend on the state, so that no text makes one of them zero whatever the key.
std::uint64_t step(std::uint64_t state, std::uint64_t a, std::uint64_t b) {
    return fold(state ^ a, std::rotl(state, 32) ^ b ^ root_3);
}

/// Mixes bytes of any number into `state`; their number counts as well. 16 bytes a step; four
/// independent states for long texts, since a step waits some six cycles for the one before.
std::uint64_t absorb(std::uint64_t state, Bytes bytes) {
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    state ^= left * root_7;
    if (left >= 128) {
        std::array lanes{state, state ^ root_2, state ^ root_3, state ^ root_5};
        for (; left >= 64; left -= 64, at += 64) {
            for (std::size_t i = 0; i < lanes.size(); ++i) {
                lanes[i] = step(lanes[i], load<std::uint64_t>(at + 16 * i),
                                load<std::uint64_t>(at + 16 * i + 8));
            }
        }
        state = step(step(lanes[0], lanes[1], lanes[2]), lanes[3], root_5);
    }
    for (; left >= 16; left -= 16, at += 16) {
        state = step(state, load<std::uint64_t>(at), load<std::uint64_t>(at + 8));
    }
    // The rest: two loads that may overlap. The number of bytes is mixed in already.
    if (left >= 8) {
        return step(state, load<std::uint64_t>(at), load<std::uint64_t>(at + left - 8));
    }
    if (left >= 4) {
        return step(state, load<std::uint32_t>(at), load<std::uint32_t>(at + left - 4));
    }
    if (left > 0) {
        const auto byte = [at](std::size_t i) { return std::to_integer<std::uint64_t>(at[i]); };
        return step(state, byte(0) | byte(left / 2) << 8 | byte(left - 1) << 16, root_5);
    }
    return state;
}

/// Fills `out` with what follows from `hash`; 8 bytes a step.
void spread(std::uint64_t hash, MutableBytes out) {
    assert(out.size() % 8 == 0);
    for (std::size_t i = 0; i < out.size() / 8; ++i) {
        store(out.data() + 8 * i, fold(hash + (i + 1) * root_5, hash ^ root_7));
    }
}

/// The fake signature. Both halves begin with 01xxxxxx: in [1, order), and s in the lower half.
Signature tag_of(const CompressedKey& key, const Hash256& digest) {
    const std::uint64_t hash = absorb(absorb(root_2, digest), key);
    Signature out;
    spread(hash, out);
    for (const std::size_t first : {0U, 32U}) {
        out[first] = (out[first] & std::byte{0x3f}) | std::byte{0x40};
    }
    return out;
}

/// 02 and eight times ff, as one real key in 2^65 begins.
constexpr std::size_t ephemeral_mark_bytes = 9;

bool is_ephemeral(const CompressedKey& key) {
    return key[0] == std::byte{2} && load<std::uint64_t>(key.data() + 1) == ~std::uint64_t{0};
}

/// Diffie-Hellman where the discrete logarithm is a division: multiplication modulo 2^254 by odd
/// numbers. All results are canonical as field elements, and the public key is odd, never zero.
class StubX25519 final : public X25519Key::Backend {
public:
    explicit StubX25519(Bytes secret) : scalar_(words(array_of<32>(secret))) { scalar_[0] |= 1U; }

    X25519Public public_key() const override {
        return bytes(product(scalar_, {root_2, root_3, root_5, root_7}));
    }

    std::optional<ByteArray<32>> agree(const X25519Public& theirs) const override {
        const Words shared = product(scalar_, words(theirs));
        if (shared == Words{}) return std::nullopt;
        return bytes(shared);
    }

private:
    using Words = std::array<std::uint64_t, 4>;  // the least significant first

    static Words words(const ByteArray<32>& from) {
        Words out;
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = load<std::uint64_t>(from.data() + 8 * i);
        }
        return out;
    }
    static ByteArray<32> bytes(const Words& from) {
        ByteArray<32> out;
        for (std::size_t i = 0; i < from.size(); ++i) store(out.data() + 8 * i, from[i]);
        return out;
    }
    static Words product(const Words& a, const Words& b) {
        Words out{};
        for (std::size_t i = 0; i < a.size(); ++i) {
            std::uint64_t carry = 0;
            for (std::size_t j = 0; i + j < out.size(); ++j) {
                const Wide sum = static_cast<Wide>(a[i]) * b[j] + out[i + j] + carry;
                out[i + j] = static_cast<std::uint64_t>(sum);
                carry = static_cast<std::uint64_t>(sum >> 64);
            }
        }
        out[3] &= ~std::uint64_t{0} >> 2;
        return out;
    }

    Words scalar_;
};

/// All that is kept of a key is 64 bits: a world has hundreds of thousands of these.
class StubGcm final : public AesGcm::Backend {
public:
    StubGcm(AesGcm::Mode mode, Bytes key)
        : Backend(mode, key.size()), state_(absorb(root_5, key)) {}

    void rekey(Bytes key) override { state_ = absorb(root_5, key); }

    void seal(Bytes nonce, Bytes associated, std::span<const Bytes> plain_parts, MutableBytes out,
              MutableBytes tag) override {
        MutableBytes rest = out;
        for (const Bytes part : plain_parts) {
            copy(part, rest);
            rest = rest.subspan(part.size());
        }
        assert(rest.empty());
        write_tag(nonce, associated, out, tag.data());
    }

    bool open(Bytes nonce, Bytes associated, Bytes cipher, Bytes tag, MutableBytes out) override {
        ByteArray<gcm_tag_bytes> expected;
        write_tag(nonce, associated, cipher, expected.data());
        if (std::memcmp(tag.data(), expected.data(), expected.size()) != 0) return false;
        copy(cipher, out);
        return true;
    }

private:
    static void copy(Bytes from, MutableBytes to) {
        assert(to.size() >= from.size());
        if (from.empty() || from.data() == to.data()) return;
        std::memmove(to.data(), from.data(), from.size());
    }

    /// Head and text are hashed side by side and joined at the end.
    void write_tag(Bytes nonce, Bytes associated, Bytes text, std::byte* tag) const {
        static_assert(gcm_nonce_bytes == 12 && gcm_tag_bytes == 16);
        const std::uint64_t head =
            absorb(step(state_, load<std::uint64_t>(nonce.data()),
                        load<std::uint64_t>(nonce.data() + gcm_nonce_bytes - 8)),
                   associated);
        const std::uint64_t body = absorb(state_ ^ root_2, text);
        const std::uint64_t hash = step(head, body, state_);
        store(tag, hash);
        store(tag + 8, hash * root_3 ^ state_);
    }

    std::uint64_t state_;
};

// Twenty links of ten thousand nodes hold 400,000: with the allocator's word, 32 bytes each.
static_assert(sizeof(StubGcm) <= 24 && sizeof(AesGcm) == sizeof(void*));

}  // namespace

StubCrypto::StubCrypto(std::size_t memo_entries_max, std::size_t keys_max)
    : memo_(memo_entries_max), public_keys_(keys_max) {}

const CompressedKey& StubCrypto::known_key(const ByteArray<32>& secret) {
    if (const auto* const known = public_keys_.find(secret)) return *known;
    public_keys_.insert(secret, public_key(secret));
    return *public_keys_.find(secret);
}

Signature StubCrypto::sign(const ByteArray<32>& secret, const Hash256& digest,
                           Bytes /*extra_entropy*/) {
    return tag_of(known_key(secret), digest);
}

bool StubCrypto::verify(const CompressedKey& key, const Hash256& digest,
                        const Signature& signature) {
    return signature == tag_of(key, digest) || memo_.verify(key, digest, signature);
}

std::optional<UncompressedKey> StubCrypto::recover(const Hash256& digest,
                                                   const Signature& signature, std::uint8_t parity,
                                                   bool allow_high_s) {
    return memo_.recover(digest, signature, parity, allow_high_s);
}

CompressedKey StubCrypto::ephemeral_key(const ByteArray<32>& secret) {
    CompressedKey out;
    out.fill(std::byte{0xff});
    out[0] = std::byte{2};
    spread(absorb(root_3, secret), MutableBytes{out}.subspan(ephemeral_mark_bytes));
    return out;
}

std::optional<CompressedKey> StubCrypto::agree(const ByteArray<32>& secret,
                                               const CompressedKey& theirs) {
    if (theirs[0] != std::byte{2} && theirs[0] != std::byte{3}) return std::nullopt;
    const bool lasting = is_ephemeral(theirs);
    const auto ours = lasting ? known_key(secret) : ephemeral_key(secret);
    const std::uint64_t hash =
        absorb(absorb(root_7, lasting ? theirs : ours), lasting ? ours : theirs);
    CompressedKey out{std::byte{2}};
    spread(hash, MutableBytes{out}.subspan(1));
    return out;
}

std::unique_ptr<X25519Key::Backend> StubCrypto::x25519(Bytes secret) {
    return std::make_unique<StubX25519>(secret);
}

std::unique_ptr<AesGcm::Backend> StubCrypto::aes_gcm(AesGcm::Mode mode, Bytes key) {
    return std::make_unique<StubGcm>(mode, key);
}

void StubCrypto::seal_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes plain,
                           MutableBytes sealed) {
    StubGcm{AesGcm::Mode::seal, key}.seal(nonce, associated, std::span{&plain, 1},
                                          sealed.first(plain.size()), sealed.subspan(plain.size()));
}

bool StubCrypto::open_once(const ByteArray<16>& key, Bytes nonce, Bytes associated, Bytes sealed,
                           MutableBytes out) {
    return StubGcm{AesGcm::Mode::open, key}.open(nonce, associated, sealed.first(out.size()),
                                                 sealed.subspan(out.size()), out);
}

}  // namespace parley::crypto
