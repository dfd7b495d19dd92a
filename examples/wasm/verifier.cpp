// Proofs of accounts, checked in a browser or wherever WebAssembly runs: whoever trusts the hash of
// a header, from a light node of their own or a checkpoint, needs to believe nobody about a
// balance. Seals are not checked here: Debian has libsecp256k1 for no WebAssembly. verify.mjs calls
// it.
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/trie/proof.hpp>
#include <parley/chain/types/account.hpp>
#include <parley/chain/types/header.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/crypto/keccak_ways.hpp>

#include <algorithm>
#include <cstdlib>
#include <vector>

using namespace parley;
using namespace parley::chain;

// What the library has of Crypto++ and of processors' vectors.
namespace parley::crypto {
Hash256 keccak256(Bytes data) {
    Hash256 out;
    keccak256_each(keccak_scalar, {&data, 1}, {&out, 1});
    return out;
}
const KeccakWays keccak_avx2{"none", 4, nullptr};
const KeccakWays keccak_avx512{"none", 8, nullptr};
}  // namespace parley::crypto

// What would throw ends: Debian's libc++ for WebAssembly has no exceptions.
extern "C" {
void* __cxa_allocate_exception(std::size_t) noexcept {
    std::abort();
}
void __cxa_free_exception(void*) noexcept {}
void __cxa_throw(void*, void*, void (*)(void*)) {
    std::abort();
}
}

namespace {

enum Verdict : int { absent = 0, there = 1, other_header = -1, bad_proof = -2 };

Bytes bytes(const std::byte* at, std::size_t size) {
    return {at, size};
}

bool has_hash(const Header& header, const Hash256& hash) {
    const auto extra = qbft::decode_extra_data(header.extra_data);
    return (extra ? qbft::hash_with(header, *extra, 0) : header.hash()) == hash;
}

}  // namespace

extern "C" {

[[clang::export_name("allocate")]] std::byte* allocate(std::size_t size) {
    return static_cast<std::byte*>(std::malloc(size));
}
[[clang::export_name("release")]] void release(std::byte* at) {
    std::free(at);
}

/// Whether the account of `address` (20 bytes) is there after the block whose hash (32 bytes) is
/// trusted: a Verdict. `header`: RLP; `proof`: an RLP list of the trie's nodes, from the root.
/// `balance`, 32 bytes, big endian, is written where it is there.
[[clang::export_name("verify")]] int verify(const std::byte* hash, const std::byte* header_at,
                                            std::size_t header_size, const std::byte* address,
                                            const std::byte* proof_at, std::size_t proof_size,
                                            std::byte* balance) {
    const auto header = decode_header(bytes(header_at, header_size), qbft::extra_data_bytes_max);
    if (!header || !has_hash(*header, array_of<32>(bytes(hash, 32)))) return other_header;
    auto list = rlp::Reader::open_list(bytes(proof_at, proof_size));
    std::vector<Buffer> proof;
    while (list && !list->at_end() && proof.size() < trie::proof_nodes_max) {
        const auto node = list->string();
        if (!node) return bad_proof;
        proof.push_back(to_buffer(*node));
    }
    const auto key = trie::Nibbles::of_key(crypto::keccak256(bytes(address, 20)));
    const auto value = trie::verify_proof(header->state_root, key, proof);
    if (!value) return bad_proof;
    if (!*value) return absent;
    const auto account = decode_account(**value);
    if (!account) return bad_proof;
    std::ranges::copy(account->balance, balance);
    return there;
}
}
