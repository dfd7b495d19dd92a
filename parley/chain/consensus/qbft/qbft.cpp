#include <parley/chain/consensus/qbft/qbft.hpp>

#include <parley/chain/consensus/qbft/seals.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/crypto/keccak_batch.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace parley::chain::qbft {
namespace {

const Hash256 mix_hash = array_of<32>(bytes_of(mix_hash_text));

std::unexpected<EngineError> refuse_qbft(std::string reason) {
    return std::unexpected{EngineError{std::move(reason)}};
}

/// `[votes, validators]`, the latter empty if they are as in the header; nothing for two empty
/// lists.
Buffer encode_notes(const ValidatorVotes& votes, const Validators* changed) {
    const auto cast = votes.encode();
    if (cast.empty() && changed == nullptr) return {};
    rlp::Writer out;
    out.begin_list();
    if (cast.empty()) {
        out.begin_list().end_list();
    } else {
        out.raw(cast);
    }
    out.begin_list();
    if (changed != nullptr) {
        for (const auto& one : changed->addresses()) out.string(Bytes{one});
    }
    return out.end_list().end_list().take();
}

std::vector<Address> read_addresses(rlp::Reader list) {
    std::vector<Address> out;
    while (!list.at_end()) {
        const auto address = list.fixed<20>();
        if (!address) break;
        out.push_back({*address});
    }
    return out;
}

}  // namespace

Qbft::Standing Qbft::standing_after(const ChainHeader& block) const {
    Standing out{.votes = ValidatorVotes{config_.epoch_blocks}, .validators = {}};
    std::vector<Address> changed;
    if (auto notes = rlp::Reader::open_list(block.notes)) {
        const auto cast = notes->raw_item();
        if (auto votes = cast ? ValidatorVotes::decode(*cast, config_.epoch_blocks)
                              : ValidatorVotes::decode({}, config_.epoch_blocks)) {
            out.votes = std::move(*votes);
        }
        if (const auto list = notes->list()) changed = read_addresses(*list);
    }
    out.validators = changed.empty() ? validators_of(block.header) : Validators{std::move(changed)};
    return out;
}

Validators Qbft::validators_of(const Header& header) const {
    auto extra = decode_extra_data(header.extra_data, config_.form);
    return extra ? Validators{std::move(extra->validators)} : Validators{};
}

Validators Qbft::validators_after(const ChainHeader& block) const {
    return standing_after(block).validators;
}

ValidatorVotes Qbft::votes_after(const ChainHeader& block) const {
    return standing_after(block).votes;
}

std::optional<Address> Qbft::proposer_of(const ChainHeader& block) {
    if (block.header.number == 0) return std::nullopt;
    return block.header.beneficiary;
}

ExtraData Qbft::extra_after(const ChainHeader& parent, const std::optional<ValidatorVote>& vote,
                            std::uint32_t round) const {
    ExtraData out;
    const auto validators = validators_after(parent);
    out.validators = {validators.addresses().begin(), validators.addresses().end()};
    out.vote = vote;
    out.round = round;
    return out;
}

Fork Qbft::fork_of(const Header& header, const ChainHeader& parent) const {
    return config_.forks.after(parent.total_difficulty, header.number, header.timestamp);
}

Hash256 Qbft::hash_of(const Header& header) const {
    const auto extra = decode_extra_data(header.extra_data, config_.form);
    return extra ? hash_with(header, *extra, 0, config_.form) : header.hash();
}

std::vector<Hash256> Qbft::hashes_of(std::span<const Header> headers) const {
    std::vector<Buffer> encoded;
    encoded.reserve(headers.size());
    for (const auto& header : headers) {
        const auto extra = decode_extra_data(header.extra_data, config_.form);
        encoded.push_back(extra ? encode_with(header, *extra, 0, config_.form) : header.encode());
    }
    const std::vector<Bytes> inputs(encoded.begin(), encoded.end());
    std::vector<Hash256> out(headers.size());
    crypto::keccak256_each(inputs, out);
    return out;
}

Buffer Qbft::notes_after(const Header& header, const ChainHeader& parent) const {
    auto [votes, validators] = standing_after(parent);
    const auto extra = decode_extra_data(header.extra_data, config_.form);
    if (!extra) return {};
    const auto next = votes.apply(header.number, validators, header.beneficiary, extra->vote);
    return encode_notes(votes, next == validators ? nullptr : &next);
}

Result<ExtraData, EngineError> Qbft::check_alone(const Header& header) const {
    auto extra = decode_extra_data(header.extra_data, config_.form);
    if (!extra) return refuse_qbft("extra data: " + message(extra.error()));
    if (header.difficulty != to_uint256(1)) {
        return refuse_qbft("difficulty: expected 1, got " + to_decimal(header.difficulty));
    }
    if (header.mix_hash != mix_hash) {
        return refuse_qbft(
            fmt::format("mixHash: expected {}, got {}", to_hex(mix_hash), to_hex(header.mix_hash)));
    }
    if (header.nonce != ByteArray<8>{}) return refuse_qbft("nonce is not 0");
    if (header.ommers_hash != empty_ommers_hash) return refuse_qbft("validators have no ommers");
    const auto& validators = extra->validators;
    if (validators.empty() ||
        std::ranges::adjacent_find(validators, std::ranges::greater_equal{}) != validators.end()) {
        return refuse_qbft("the validators do not ascend");
    }
    if (!std::ranges::binary_search(validators, header.beneficiary)) {
        return refuse_qbft(
            fmt::format("made by {}, who is no validator", header.beneficiary.to_string()));
    }
    return std::move(*extra);
}

Result<ExtraData, EngineError> Qbft::check_rules(const Header& header,
                                                 const ChainHeader& parent) const {
    auto extra = check_alone(header);
    if (!extra) return extra;
    if (header.timestamp < parent.header.timestamp + config_.period_s) {
        return refuse_qbft(fmt::format("time: expected at least {}, got {}",
                                       parent.header.timestamp + config_.period_s,
                                       header.timestamp));
    }
    const auto validators = validators_after(parent);
    if (!std::ranges::equal(extra->validators, validators.addresses())) {
        return refuse_qbft(
            fmt::format("{} validators in the extra data that are not the {} who "
                        "must seal it",
                        extra->validators.size(), validators.size()));
    }
    return extra;
}

Result<void, EngineError> Qbft::check_proposed(const Header& header,
                                               const ChainHeader& parent) const {
    auto checked = check_rules(header, parent);
    if (!checked) return std::unexpected{std::move(checked.error())};
    return {};
}

Result<void, EngineError> Qbft::check_header(const Header& header, const ChainHeader& parent,
                                             Fork) const {
    auto extra = check_rules(header, parent);
    if (!extra) return std::unexpected{std::move(extra.error())};
    const auto sealers = check_seals(header, *extra, config_.form, Validators{extra->validators});
    if (!sealers) return std::unexpected{sealers.error()};
    return {};
}

void Qbft::prepare(Header& header, const ChainHeader&, Fork) const {
    header.difficulty = to_uint256(1);
    header.mix_hash = mix_hash;
}

Result<void, EngineError> Qbft::check_ommers(const Block& block, Fork, const Ancestry&,
                                             const AncestryBlocks&) const {
    if (block.body.ommers.empty()) return {};
    return refuse_qbft("validators have no ommers");
}

void Qbft::reward(const Block&, Fork, StateEdit&) const {}

bool Qbft::is_better(const ChainHeader& a, const ChainHeader& b) const {
    return a.header.number > b.header.number;
}

}  // namespace parley::chain::qbft
