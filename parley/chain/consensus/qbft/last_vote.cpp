#include <parley/chain/consensus/qbft/last_vote.hpp>

#include <parley/chain/consensus/qbft/messages.hpp>

#include <algorithm>

namespace parley::chain::qbft {
namespace {

bool has_voted(const Address& validator, const Header& header, ExtraForm form) {
    if (header.beneficiary == validator) return true;
    const auto extra = decode_extra_data(header.extra_data, form);
    if (!extra) return false;
    const auto sealed = hash_with(header, *extra, extra->round, form);
    return std::ranges::any_of(
        extra->seals, [&](const Seal& seal) { return signer_of(sealed, seal) == validator; });
}

}  // namespace

std::optional<std::uint64_t> last_vote_of(const Address& validator, const ChainHeader& head,
                                          const BlockStore& blocks, ExtraForm form,
                                          std::uint64_t first_number) {
    auto header = head.header;
    while (header.number > 0 && header.number >= first_number) {
        if (has_voted(validator, header, form)) return header.number;
        auto parent = blocks.find(header.parent_hash);
        if (!parent || !*parent) return std::nullopt;
        header = std::move((*parent)->header.header);
    }
    return std::nullopt;
}

}  // namespace parley::chain::qbft
