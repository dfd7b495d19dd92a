#include <parley/chain/consensus/qbft/said.hpp>

#include <parley/base/overloaded.hpp>

namespace parley::chain::qbft {

const View& view_of(const Said& said) {
    return std::visit(overloaded{[](const ProposalInput& one) -> const View& {
                                     return one.message.signed_block.payload.view;
                                 },
                                 [](const RoundChangeInput& one) -> const View& {
                                     return one.message.signed_change.payload.view;
                                 },
                                 [](const auto& vote) -> const View& { return vote.payload.view; }},
                      said);
}

const Address& author_of(const Said& said) {
    return std::visit(overloaded{[](const ProposalInput& one) -> const Address& {
                                     return one.message.signed_block.author;
                                 },
                                 [](const RoundChangeInput& one) -> const Address& {
                                     return one.message.signed_change.author;
                                 },
                                 [](const auto& vote) -> const Address& { return vote.author; }},
                      said);
}

}  // namespace parley::chain::qbft
