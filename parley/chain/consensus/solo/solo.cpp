#include <parley/chain/consensus/solo/solo.hpp>

#include <parley/crypto/hash.hpp>
#include <parley/crypto/secp256k1.hpp>

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>
#include <ranges>
#include <vector>

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

crypto::Signature seal_of(const Header& header) {
    crypto::Signature out{};
    std::ranges::copy(header.mix_hash, out.begin());
    std::ranges::copy(header.extra_data, out.begin() + 32);
    return out;
}

/// Both keys that fit; none if the seal is no signature.
std::vector<Address> sealers_of(const Header& header) {
    std::vector<Address> out;
    const auto digest = solo_signing_hash(header);
    for (const auto parity : std::array<std::uint8_t, 2>{0, 1}) {
        if (const auto key = crypto::recover(digest, seal_of(header), parity)) {
            out.push_back(Address::of(*key));
        }
    }
    return out;
}

}  // namespace

Fork Solo::fork_of(const Header& header, const ChainHeader& parent) const {
    return forks_.after(parent.total_difficulty, header.number, header.timestamp);
}

Result<void, EngineError> Solo::check_header(const Header& header, const ChainHeader&,
                                             Fork fork) const {
    if (header.extra_data.size() != extra_data_bytes) {
        return refuse_seal(fmt::format("extra data of {} bytes, expected {} of a seal",
                                       header.extra_data.size(), extra_data_bytes));
    }
    if (header.difficulty != difficulty_of(fork)) {
        return refuse_seal(fmt::format("difficulty: expected {}, got {}",
                                       to_decimal(difficulty_of(fork)),
                                       to_decimal(header.difficulty)));
    }
    if (header.nonce != ByteArray<8>{}) return refuse_seal("nonce is not 0");
    if (header.ommers_hash != empty_ommers_hash)
        return refuse_seal("a single signer has no ommers");
    const auto sealers = sealers_of(header);
    if (sealers.empty()) return refuse_seal("the seal is no signature");
    if (std::ranges::find(sealers, signer_) == sealers.end()) {
        return refuse_seal(
            fmt::format("sealed by {}, expected {}",
                        fmt::join(sealers | std::views::transform(&Address::to_string), " or "),
                        signer_.to_string()));
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
    Header unsealed = header;
    unsealed.mix_hash = {};
    unsealed.extra_data.clear();
    Buffer text = to_buffer(bytes_of(seal_domain));
    append(text, unsealed.hash());
    return crypto::keccak256(text);
}

void solo_seal(Header& header, const ByteArray<32>& secret) {
    // Who checks it recovers the key, which a simulator's signatures do not allow.
    const auto signature = crypto::sign_recoverable(secret, solo_signing_hash(header)).rs;
    std::ranges::copy_n(signature.begin(), 32, header.mix_hash.begin());
    header.extra_data = to_buffer(Bytes{signature}.last(Solo::extra_data_bytes));
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
