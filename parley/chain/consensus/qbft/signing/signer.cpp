#include <parley/chain/consensus/qbft/signing/signer.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/codec/rlp.hpp>

#include <fmt/format.h>

namespace parley::chain::qbft {
namespace {

struct SealedHeader {
    Hash256 digest{};  // the block's hash
    Hash256 sealed{};  // what its seals are over
    std::uint32_t round = 0;
    bool has_seals = false;
};

Result<SealedHeader, std::string> read_header(const Header& header, const View& view,
                                              ExtraForm form) {
    if (header.number != view.height) {
        return std::unexpected{fmt::format("block {}, expected {}", header.number, view.height)};
    }
    const auto extra = decode_extra_data(header.extra_data, form);
    if (!extra) return std::unexpected{"extra data: " + message(extra.error())};
    return SealedHeader{.digest = hash_with(header, *extra, 0, form),
                        .sealed = hash_with(header, *extra, view.round, form),
                        .round = extra->round,
                        .has_seals = !extra->seals.empty()};
}

Result<Claim, std::string> claim_of_proposal(const Proposed& proposed, ExtraForm form) {
    auto block = rlp::Reader::open_list(proposed.block);
    if (!block) return std::unexpected{"block: " + rlp::message(block.error())};
    const auto raw = block->raw_item();
    if (!raw) return std::unexpected{"block: " + rlp::message(raw.error())};
    const auto header = decode_header(*raw, extra_data_bytes_max);
    if (!header) return std::unexpected{"block: " + message(header.error())};
    const auto read = read_header(*header, proposed.view, form);
    if (!read) return std::unexpected{read.error()};
    if (read->round != proposed.view.round || read->has_seals) {
        return std::unexpected{fmt::format("a block of round {}{}, expected round {} and no seals",
                                           read->round, read->has_seals ? " with seals" : "",
                                           proposed.view.round)};
    }
    return Claim{.code = Code::proposal, .view = proposed.view, .digest = read->digest};
}

/// Precondition: claim_of() succeeds, as for those below.
SealedHeader header_of(const CommitToSeal& commit, ExtraForm form) {
    return *read_header(commit.header, commit.view, form);
}

Hash256 hash_of_request(const SigningRequest& request, const std::optional<Seal>& seal) {
    return std::visit(
        overloaded{[&](const CommitToSeal& one) {
                       return signing_hash(sealed_commit(one, request.form, seal.value_or(Seal{})));
                   },
                   [](const auto& one) { return signing_hash(one); }},
        request.payload);
}

}  // namespace

Result<Claim, std::string> claim_of(const SigningRequest& request) {
    using Read = Result<Claim, std::string>;
    return std::visit(
        overloaded{[&](const Proposed& one) { return claim_of_proposal(one, request.form); },
                   [](const Prepare& one) -> Read {
                       return Claim{.code = one.code, .view = one.view, .digest = one.digest};
                   },
                   [&](const CommitToSeal& one) -> Read {
                       const auto read = read_header(one.header, one.view, request.form);
                       if (!read) return std::unexpected{read.error()};
                       return Claim{.code = one.code, .view = one.view, .digest = read->digest};
                   },
                   [](const RoundChange& one) -> Read {
                       return Claim{.code = one.code, .view = one.view, .prepared = one.prepared};
                   }},
        request.payload);
}

LocalSigner::LocalSigner(const ByteArray<32>& secret)
    : secret_(secret), address_(address_of_secret(secret)) {}

Signing LocalSigner::sign(const SigningRequest& request) {
    if (const auto claim = claim_of(request); !claim) {
        return std::unexpected{SigningError{SigningError::Kind::refused, claim.error()}};
    }
    auto key = array_of<32>(secret_.bytes());
    Signatures out;
    if (const auto* commit = std::get_if<CommitToSeal>(&request.payload)) {
        out.seal = seal_with(key, header_of(*commit, request.form).sealed);
    }
    out.signature = seal_with(key, hash_of_request(request, out.seal));
    wipe(key);
    return out;
}

Commit sealed_commit(const CommitToSeal& commit, ExtraForm form, const Seal& seal) {
    return {commit.view, header_of(commit, form).digest, seal};
}

bool are_signatures_of(const Address& signer, const SigningRequest& request,
                       const Signatures& signatures) {
    const auto* commit = std::get_if<CommitToSeal>(&request.payload);
    if (signatures.seal.has_value() != (commit != nullptr)) return false;
    if (commit != nullptr &&
        signer_of(header_of(*commit, request.form).sealed, *signatures.seal) != signer) {
        return false;
    }
    return signer_of(hash_of_request(request, signatures.seal), signatures.signature) == signer;
}

}  // namespace parley::chain::qbft
