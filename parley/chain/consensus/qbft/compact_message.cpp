#include <parley/chain/consensus/qbft/compact_message.hpp>

#include <parley/codec/rlp.hpp>

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

namespace parley::chain::qbft {
namespace {

std::string_view name_of(CompactField field) {
    switch (field) {
        case CompactField::envelope:
            return "compact message";
        case CompactField::head:
            return "head";
        case CompactField::block:
            return "block";
        case CompactField::tail:
            return "tail";
    }
    std::unreachable();
}

/// A message taken apart: of a proposal `[[[height, round, block], signature], rest]`, of a change
/// of round `[signed, block, rest]`.
struct Parts {
    Bytes height{}, round{};  // of a proposal
    Bytes signature{};
    Bytes change{};  // of a change of round, signed
    Bytes block{};
    Bytes rest{};
};

using Item = Result<Bytes, rlp::RlpError>;

/// So many items, and nothing else; nothing if that is not so.
template <std::size_t Count>
std::optional<std::array<Bytes, Count>> items_of(Bytes list) {
    auto in = rlp::Reader::open_list(list);
    if (!in) return std::nullopt;
    std::array<Bytes, Count> out;
    for (auto& item : out) {
        const auto read = in->raw_item();
        if (!read) return std::nullopt;
        item = *read;
    }
    if (!in->at_end()) return std::nullopt;
    return out;
}

std::optional<Parts> take_apart(Code code, Bytes message) {
    if (code == Code::round_change) {
        const auto items = items_of<3>(message);
        if (!items) return std::nullopt;
        return Parts{.change = (*items)[0], .block = (*items)[1], .rest = (*items)[2]};
    }
    const auto items = items_of<2>(message);
    const auto both = items ? items_of<2>((*items)[0]) : std::nullopt;
    const auto payload = both ? items_of<3>((*both)[0]) : std::nullopt;
    if (!payload) return std::nullopt;
    return Parts{.height = (*payload)[0],
                 .round = (*payload)[1],
                 .signature = (*both)[1],
                 .block = (*payload)[2],
                 .rest = (*items)[1]};
}

}  // namespace

std::optional<Code> whole_code(std::uint16_t code) {
    for (const auto whole : {Code::proposal, Code::round_change}) {
        if (code == (static_cast<std::uint16_t>(whole) | compact_bit)) return whole;
    }
    return std::nullopt;
}

std::optional<SharedBytes> block_in(Code code, const SharedBytes& message) {
    if (code != Code::proposal && code != Code::round_change) return std::nullopt;
    const auto parts = take_apart(code, message);
    if (!parts || parts->block.size() <= 1) return std::nullopt;
    return message.part(parts->block);
}

SharedBytes encode_compact(Code code, const SharedBytes& message, Bytes block) {
    const auto parts = take_apart(code, message);
    rlp::Writer out;
    out.begin_list();
    if (code == Code::proposal) {
        out.begin_list().raw(parts->height).raw(parts->round).raw(parts->signature).end_list();
    } else {
        out.raw(parts->change);
    }
    out.raw(block).raw(parts->rest).end_list();
    return SharedBytes::own(out.take());
}

std::string message(const CompactMessageError& error) {
    return fmt::format("{}: {}", name_of(error.field), rlp::message(error.rlp));
}

Result<CompactMessage, CompactMessageError> decode_compact(const SharedBytes& message) {
    std::optional<CompactMessageError> error;
    rlp::Fields<CompactField> in{message.view(), CompactField::envelope, error};
    CompactMessage out;
    out.head = message.part(in.raw_item(CompactField::head));
    const auto block = message.part(in.raw_item(CompactField::block));
    if (!error) {
        if (auto read = sync_topic::decode_new_block(block)) {
            out.block = std::move(*read);
        } else {
            in.fail(CompactField::block, read.error());
        }
    }
    out.tail = message.part(in.raw_item(CompactField::tail));
    in.finish();
    if (error) return std::unexpected{*error};
    return out;
}

std::optional<SharedBytes> complete(Code code, const CompactMessage& compact, Bytes block) {
    rlp::Writer out;
    out.begin_list();
    if (code == Code::proposal) {
        const auto head = items_of<3>(compact.head);
        if (!head) return std::nullopt;
        out.begin_list().begin_list().raw((*head)[0]).raw((*head)[1]).raw(block).end_list();
        out.raw((*head)[2]).end_list();
    } else {
        out.raw(compact.head).raw(block);
    }
    out.raw(compact.tail).end_list();
    return SharedBytes::own(out.take());
}

}  // namespace parley::chain::qbft
