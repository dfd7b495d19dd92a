#include <secp256k1.h>

#include <parley/crypto/openssl.hpp>
#include <parley/crypto/provider.hpp>
#include <parley/crypto/secp256k1.hpp>
#include <parley/crypto/test_blinding.hpp>

#include <secp256k1_ecdh.h>
#include <secp256k1_recovery.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <mutex>

namespace parley::crypto {

namespace {

secp256k1_context* make_context() {
    return secp256k1_context_create(SECP256K1_CONTEXT_NONE);
}

const secp256k1_context* plain_context() {
    static const secp256k1_context* const plain = make_context();
    return plain;
}

/// What it points to is only read after it is made, hence shared by all threads.
std::atomic<const secp256k1_context*>& current_context() {
    static std::atomic<const secp256k1_context*> current{plain_context()};
    return current;
}

const secp256k1_context* context() {
    return current_context().load(std::memory_order_acquire);
}

/// For calls that fail only if a precondition was broken.
void check(bool ok) {
    if (!ok) throw std::logic_error("secp256k1: the secret key is not valid");
}

/// The nonce function's extra data: the library only reads it.
const void* nonce_data(Bytes extra_entropy) {
    assert(extra_entropy.empty() || extra_entropy.size() == 32);
    return extra_entropy.size() == 32 ? extra_entropy.data() : nullptr;
}

UncompressedKey serialize(const secp256k1_pubkey& key) {
    ByteArray<65> full;
    std::size_t size = full.size();
    secp256k1_ec_pubkey_serialize(context(), uchar(full), &size, &key, SECP256K1_EC_UNCOMPRESSED);
    return array_of<64>(Bytes{full}.subspan(1));
}

bool is_zero(Bytes bytes) {
    return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

/// r and s in [1, order).
std::optional<secp256k1_ecdsa_signature> parse_in_range(const Signature& signature) {
    secp256k1_ecdsa_signature parsed;
    if (secp256k1_ecdsa_signature_parse_compact(context(), &parsed, uchar(signature)) != 1 ||
        is_zero(Bytes{signature}.first(32)) || is_zero(Bytes{signature}.last(32))) {
        return std::nullopt;
    }
    return parsed;
}

std::optional<secp256k1_ecdsa_signature> parse_canonical(const Signature& signature) {
    auto parsed = parse_in_range(signature);
    // normalize says 1 when s was high.
    if (parsed && secp256k1_ecdsa_signature_normalize(context(), nullptr, &*parsed) == 1) {
        parsed.reset();
    }
    return parsed;
}

/// In the place of a hash: the point itself, compressed (SEC 1, 2.3.3).
int copy_point(unsigned char* out, const unsigned char* x, const unsigned char* y, void*) {
    out[0] = static_cast<unsigned char>(2U + (y[31] & 1U));
    std::copy_n(x, 32, out + 1);
    return 1;
}

}  // namespace

void blind_secp256k1(const ByteArray<32>& seed) {
    static std::once_flag once;
    std::call_once(once, [&] {
        // Others may be using the one that there is: it stays as it is.
        static secp256k1_context* const blinded = make_context();
        if (secp256k1_context_randomize(blinded, uchar(seed)) != 1) return;  // never, it says
        current_context().store(blinded, std::memory_order_release);
    });
}

bool is_secp256k1_blinded() {
    return context() != plain_context();
}

bool is_valid_secret(const ByteArray<32>& secret) {
    return secp256k1_ec_seckey_verify(context(), uchar(secret)) == 1;
}

CompressedKey public_key(const ByteArray<32>& secret) {
    secp256k1_pubkey key;
    check(secp256k1_ec_pubkey_create(context(), &key, uchar(secret)) == 1);
    CompressedKey out;
    std::size_t size = out.size();
    secp256k1_ec_pubkey_serialize(context(), uchar(out), &size, &key, SECP256K1_EC_COMPRESSED);
    return out;
}

std::optional<UncompressedKey> real::decompress(const CompressedKey& key) {
    secp256k1_pubkey parsed;
    if (secp256k1_ec_pubkey_parse(context(), &parsed, uchar(key), key.size()) != 1) {
        return std::nullopt;
    }
    return serialize(parsed);
}

std::optional<UncompressedKey> decompress(const CompressedKey& key) {
    if (auto* provider = ScopedProvider::current()) return provider->decompress(key);
    return real::decompress(key);
}

bool is_valid_public_key(const CompressedKey& key) {
    if (auto* provider = ScopedProvider::current()) return provider->decompress(key).has_value();
    secp256k1_pubkey parsed;
    return secp256k1_ec_pubkey_parse(context(), &parsed, uchar(key), key.size()) == 1;
}

Signature real::sign(const ByteArray<32>& secret, const Hash256& digest, Bytes extra_entropy) {
    secp256k1_ecdsa_signature made;
    check(secp256k1_ecdsa_sign(context(), &made, uchar(digest), uchar(secret),
                               secp256k1_nonce_function_rfc6979, nonce_data(extra_entropy)) == 1);
    Signature out;
    secp256k1_ecdsa_signature_serialize_compact(context(), uchar(out), &made);
    return out;
}

RecoverableSignature sign_recoverable(const ByteArray<32>& secret, const Hash256& digest) {
    secp256k1_ecdsa_recoverable_signature made;
    check(secp256k1_ecdsa_sign_recoverable(context(), &made, uchar(digest), uchar(secret),
                                           secp256k1_nonce_function_rfc6979, nullptr) == 1);
    RecoverableSignature out{};
    int parity = 0;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), uchar(out.rs), &parity,
                                                            &made);
    // 2 and 3 would need an x between the order and the field's size: 1 in 2^127.
    assert(parity == 0 || parity == 1);
    out.parity = static_cast<std::uint8_t>(parity);
    return out;
}

bool real::verify(const CompressedKey& key, const Hash256& digest, const Signature& signature) {
    const auto parsed = parse_canonical(signature);
    if (!parsed) return false;
    secp256k1_pubkey parsed_key;
    return secp256k1_ec_pubkey_parse(context(), &parsed_key, uchar(key), key.size()) == 1 &&
           secp256k1_ecdsa_verify(context(), &*parsed, uchar(digest), &parsed_key) == 1;
}

std::optional<UncompressedKey> real::recover(const Hash256& digest, const Signature& signature,
                                             std::uint8_t parity, bool allow_high_s) {
    if (parity > 1) return std::nullopt;
    if (!(allow_high_s ? parse_in_range(signature) : parse_canonical(signature))) {
        return std::nullopt;
    }
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey key;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(context(), &parsed, uchar(signature),
                                                            parity) != 1 ||
        secp256k1_ecdsa_recover(context(), &key, &parsed, uchar(digest)) != 1) {
        return std::nullopt;
    }
    return serialize(key);
}

CompressedKey real::ephemeral_key(const ByteArray<32>& secret) {
    return public_key(secret);
}

std::optional<CompressedKey> real::agree(const ByteArray<32>& secret, const CompressedKey& theirs) {
    secp256k1_pubkey parsed;
    if (secp256k1_ec_pubkey_parse(context(), &parsed, uchar(theirs), theirs.size()) != 1) {
        return std::nullopt;
    }
    CompressedKey shared;
    check(secp256k1_ecdh(context(), uchar(shared), &parsed, uchar(secret), copy_point, nullptr) ==
          1);
    return shared;
}

Signature sign(const ByteArray<32>& secret, const Hash256& digest, Bytes extra_entropy) {
    Provider* const provider = ScopedProvider::current();
    return provider != nullptr ? provider->sign(secret, digest, extra_entropy)
                               : real::sign(secret, digest, extra_entropy);
}

bool verify(const CompressedKey& key, const Hash256& digest, const Signature& signature) {
    Provider* const provider = ScopedProvider::current();
    return provider != nullptr ? provider->verify(key, digest, signature)
                               : real::verify(key, digest, signature);
}

std::optional<UncompressedKey> recover(const Hash256& digest, const Signature& signature,
                                       std::uint8_t parity, bool allow_high_s) {
    Provider* const provider = ScopedProvider::current();
    return provider != nullptr ? provider->recover(digest, signature, parity, allow_high_s)
                               : real::recover(digest, signature, parity, allow_high_s);
}

CompressedKey ephemeral_key(const ByteArray<32>& secret) {
    Provider* const provider = ScopedProvider::current();
    return provider != nullptr ? provider->ephemeral_key(secret) : real::ephemeral_key(secret);
}

std::optional<CompressedKey> agree(const ByteArray<32>& secret, const CompressedKey& theirs) {
    Provider* const provider = ScopedProvider::current();
    return provider != nullptr ? provider->agree(secret, theirs) : real::agree(secret, theirs);
}

bool is_canonical(const Signature& signature) {
    return parse_canonical(signature).has_value();
}

}  // namespace parley::crypto
