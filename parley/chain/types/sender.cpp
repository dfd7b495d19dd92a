#include <parley/chain/types/sender.hpp>

#include <parley/crypto/keccak_batch.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace parley::chain {
namespace {

/// The order of secp256k1 (SEC 2, 2.4.1).
constexpr std::array<std::uint8_t, 32> curve_order = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};

bool in_range(Bytes scalar) {
    const auto is_zero = [](std::byte b) { return b == std::byte{0}; };
    if (std::ranges::all_of(scalar, is_zero)) return false;
    return std::ranges::lexicographical_compare(
        scalar, curve_order, {}, [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
}

Result<crypto::UncompressedKey, TxError> recover_key(const Transaction& tx, const Hash256& digest) {
    if (auto form = check_signature_form(tx.signature); !form) return std::unexpected{form.error()};
    const auto key = crypto::recover(digest, tx.signature, tx.y_parity);
    if (!key) return fail(TxErrc::no_sender);
    return *key;
}

template <class Inputs>
std::vector<Hash256> hash_each(const Inputs& inputs) {
    const std::vector<Bytes> views(inputs.begin(), inputs.end());
    std::vector<Hash256> out(views.size());
    crypto::keccak256_each(views, out);
    return out;
}

}  // namespace

Result<void, TxError> check_signature_form(const crypto::Signature& signature) {
    if (crypto::is_canonical(signature)) return {};
    const auto rs = Bytes{signature};
    if (!in_range(rs.first(32)) || !in_range(rs.last(32))) return fail(TxErrc::signature_range);
    return fail(TxErrc::high_s);
}

Result<Address, TxError> recover_sender(const Transaction& tx) {
    const auto key = recover_key(tx, tx.signing_hash());
    if (!key) return std::unexpected{key.error()};
    return Address::of(*key);
}

std::vector<Result<Address, TxError>> recover_senders(std::span<const Transaction* const> all) {
    std::vector<Buffer> signed_bytes;
    signed_bytes.reserve(all.size());
    for (const auto* tx : all) signed_bytes.push_back(tx->encode_for_signing());
    const auto digests = hash_each(signed_bytes);
    std::vector<Result<Address, TxError>> out;
    std::vector<crypto::UncompressedKey> keys;
    std::vector<std::size_t> signers;  // whose keys they are
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto key = recover_key(*all[i], digests[i]);
        if (!key) {
            out.push_back(std::unexpected{key.error()});
            continue;
        }
        out.emplace_back(Address{});
        keys.push_back(*key);
        signers.push_back(i);
    }
    const auto hashes = hash_each(keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        out[signers[i]] = Address{array_of<20>(Bytes{hashes[i]}.last(20))};
    }
    return out;
}

}  // namespace parley::chain
