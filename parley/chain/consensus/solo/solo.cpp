#include <parley/chain/consensus/solo/solo.hpp>

#include <parley/crypto/hash.hpp>
#include <parley/crypto/secp256k1.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <optional>

namespace parley::chain {
namespace {

/// So that no other use of the key can be taken for a seal.
constexpr std::string_view seal_domain = "parley/1 solo seal";

std::unexpected<EngineError> refuse_seal(std::string reason) {
    return std::unexpected{EngineError{std::move(reason)}};
}

Uint256 difficulty_of(Fork fork) {
    return to_uint256(fork < Fork::paris ? 1 : 0);
}

/// Nothing if the seal is no signature.
std::optional<Address> signer_of(const Header& header) {
    const auto seal = Bytes{header.extra_data}.last(Solo::seal_bytes);
    const auto parity = std::to_integer<std::uint8_t>(seal.back());
    if (parity > 1) return std::nullopt;
    const auto key = crypto::recover(solo_signing_hash(header),
                                     array_of<sizeof(crypto::Signature)>(seal), parity);
    if (!key) return std::nullopt;
    return Address::of(*key);
}

}  // namespace

Fork Solo::fork_of(const Header& header, const ChainHeader& parent) const {
    return forks_.after(parent.total_difficulty, header.number, header.timestamp);
}

Result<void, EngineError> Solo::check_header(const Header& header, const ChainHeader&,
                                             Fork fork) const {
    const auto size = header.extra_data.size();
    if (size < seal_bytes || size > extra_data_bytes_max()) {
        return refuse_seal(
            fmt::format("extra data of {} bytes, expected {} to {}, a seal at its "
                        "end",
                        size, seal_bytes, extra_data_bytes_max()));
    }
    if (header.difficulty != difficulty_of(fork)) {
        return refuse_seal(fmt::format("difficulty: expected {}, got {}",
                                       to_decimal(difficulty_of(fork)),
                                       to_decimal(header.difficulty)));
    }
    if (header.nonce != ByteArray<8>{}) return refuse_seal("nonce is not 0");
    if (header.ommers_hash != empty_ommers_hash)
        return refuse_seal("a single signer has no ommers");
    const auto signer = signer_of(header);
    if (!signer) return refuse_seal("the seal is no signature");
    if (*signer != signer_) {
        return refuse_seal(
            fmt::format("sealed by {}, expected {}", signer->to_string(), signer_.to_string()));
    }
    return {};
}

void Solo::prepare(Header& header, const ChainHeader&, Fork fork) const {
    header.difficulty = difficulty_of(fork);
}

Result<void, EngineError> Solo::check_ommers(const Block& block, Fork, const Ancestry&,
                                             const AncestryBlocks&) const {
    if (block.body.ommers.empty()) return {};
    return refuse_seal("a single signer has no ommers");
}

void Solo::reward(const Block&, Fork, StateEdit&) const {}

bool Solo::is_better(const ChainHeader& a, const ChainHeader& b) const {
    return a.header.number > b.header.number;
}

Hash256 solo_signing_hash(const Header& header) {
    assert(header.extra_data.size() >= Solo::seal_bytes);
    Header unsealed = header;
    unsealed.extra_data.resize(header.extra_data.size() - Solo::seal_bytes);
    Buffer text = to_buffer(bytes_of(seal_domain));
    append(text, unsealed.hash());
    return crypto::keccak256(text);
}

void solo_seal(Header& header, const ByteArray<32>& secret) {
    const auto signature = crypto::sign_recoverable(secret, solo_signing_hash(header));
    const auto seal = MutableBytes{header.extra_data}.last(Solo::seal_bytes);
    std::ranges::copy(signature.rs, seal.begin());
    seal.back() = std::byte{signature.parity};
}

std::optional<Address> solo_signer(Bytes genesis_extra_data) {
    Address out;
    if (genesis_extra_data.size() != out.value.size()) return std::nullopt;
    std::ranges::copy(genesis_extra_data, out.value.begin());
    return out;
}

Address address_of_secret(const ByteArray<32>& secret) {
    const auto key = crypto::decompress(crypto::public_key(secret));
    assert(key);
    return Address::of(*key);
}

}  // namespace parley::chain
