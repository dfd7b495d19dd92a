#include <parley/chain/consensus/qbft/incoming.hpp>

#include <fmt/format.h>

#include <utility>

namespace parley::chain::qbft {
namespace {

using Read = Result<Incoming, std::string>;

template <class Message>
std::unexpected<std::string> refuse_message(const DecodedMessage<Message>& read) {
    return std::unexpected{message(read.error())};
}

Read read_proposal(const SharedBytes& bytes, const BlockForm& form) {
    auto read = decode_proposal(bytes);
    if (!read) return refuse_message(read);
    const auto& proposed = read->signed_block.payload;
    auto block = read_block(proposed.block, form);
    if (!block) return std::unexpected{std::move(block.error())};
    const auto& header = (*block)->block.header;
    if (header.number != proposed.view.height) {
        return std::unexpected{
            fmt::format("block {}, expected {}", header.number, proposed.view.height)};
    }
    if ((*block)->extra.round != proposed.view.round || !(*block)->extra.seals.empty()) {
        return std::unexpected{
            fmt::format("a block of round {} with {} seals, expected round {} "
                        "and none",
                        (*block)->extra.round, (*block)->extra.seals.size(), proposed.view.round)};
    }
    ProposalInput input{
        .message = std::move(*read), .digest = (*block)->digest, .maker = header.beneficiary};
    return Incoming{std::move(input), std::move(*block)};
}

Read read_round_change(const SharedBytes& bytes, const BlockForm& form) {
    auto read = decode_round_change(bytes);
    if (!read) return refuse_message(read);
    if (read->block.empty()) return Incoming{RoundChangeInput{std::move(*read), {}}};
    auto block = read_block(read->block, form);
    if (!block) return std::unexpected{std::move(block.error())};
    RoundChangeInput input{.message = std::move(*read), .digest = (*block)->digest};
    return Incoming{std::move(input), std::move(*block)};
}

template <class Payload>
Read read_vote(DecodedMessage<Signed<Payload>> read) {
    if (!read) return refuse_message(read);
    return Incoming{std::move(*read)};
}

}  // namespace

Read read_incoming(std::uint16_t code, const SharedBytes& message, const BlockForm& form) {
    switch (static_cast<Code>(code)) {
        case Code::proposal:
            return read_proposal(message, form);
        case Code::prepare:
            return read_vote(decode_prepare(message));
        case Code::commit:
            return read_vote(decode_commit(message));
        case Code::round_change:
            return read_round_change(message, form);
    }
    return std::unexpected{fmt::format("code {:#x}, expected 0x12 to 0x15", code)};
}

Result<std::shared_ptr<const ProposedBlock>, std::string> read_block(const SharedBytes& raw,
                                                                     const BlockForm& form) {
    auto block = decode_block(raw, form.limits);
    if (!block) return std::unexpected{"block: " + message(block.error())};
    auto extra = decode_extra_data(block->header.extra_data, form.form);
    if (!extra) return std::unexpected{"extra data: " + message(extra.error())};
    auto out = std::make_shared<ProposedBlock>();
    out->digest = hash_with(block->header, *extra, 0, form.form);
    out->block = std::move(*block);
    out->extra = std::move(*extra);
    return out;
}

bool is_sealed_by_author(const Signed<Commit>& commit, const ProposedBlock& block, ExtraForm form) {
    const auto sealed = hash_with(block.block.header, block.extra, commit.payload.view.round, form);
    return signer_of(sealed, commit.payload.seal) == commit.author;
}

ProposedBlock in_round(ProposedBlock block, std::uint32_t round, ExtraForm form) {
    block.extra.round = round;
    block.extra.seals.clear();
    block.block.header.extra_data = block.extra.encode(form);
    return block;
}

}  // namespace parley::chain::qbft
