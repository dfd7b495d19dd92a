#include <parley/node/rpc/block_seals.hpp>

#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/consensus/qbft/messages.hpp>
#include <parley/chain/consensus/qbft/qbft.hpp>
#include <parley/node/rpc/answers.hpp>
#include <parley/node/rpc/find_block.hpp>
#include <parley/rpc/hex.hpp>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace parley::node {
namespace {

namespace json = rpc::json;
namespace qbft = chain::qbft;

/// What a header says without looking at its seals.
json::object maker_json(const chain::ChainHeader& block) {
    return {{"number", rpc::hex_quantity(block.header.number)},
            {"hash", rpc::hex_data(block.hash)},
            {"time", block.header.timestamp},
            {"gasUsed", block.header.gas_used},
            {"gasLimit", block.header.gas_limit},
            {"proposer", block.header.beneficiary.to_string()},
            {"round", nullptr},
            {"validators", nullptr},
            {"signers", nullptr}};
}

template <class Addresses>
json::array texts(const Addresses& addresses) {
    json::array out;
    for (const chain::Address& one : addresses) out.emplace_back(one.to_string());
    return out;
}

/// The block is in the chain: its seals were checked when it came.
json::object sealed_json(const chain::ChainHeader& block, const qbft::ExtraData& extra,
                         qbft::ExtraForm form) {
    auto out = maker_json(block);
    const auto sealed = qbft::hash_with(block.header, extra, extra.round, form);
    std::vector<chain::Address> signers;
    for (const auto& seal : extra.seals) {
        if (const auto signer = qbft::signer_of(sealed, seal)) signers.push_back(*signer);
    }
    std::ranges::sort(signers);
    out["round"] = extra.round;
    out["validators"] = texts(extra.validators);
    out["signers"] = texts(signers);
    return out;
}

}  // namespace

void parley_block_seals(Chain& chain, const rpc::Call& call, rpc::DoneText done) {
    const auto ref = block_param(call, 0);
    if (!ref) return done(std::unexpected{ref.error()});
    auto& eth = chain.eth();
    if (eth.chain() == nullptr) return done(eth.nothing_found());
    const auto block = find_block(*eth.chain(), *ref);
    if (!block) return done(std::unexpected{block.error()});
    if (!*block) return done("null");
    const auto& header = (*block)->header;
    const auto engine = std::dynamic_pointer_cast<const qbft::Qbft>(chain.blocks()->data().engine);
    if (!engine) return done(json::serialize(maker_json(header)));
    const auto form = engine->config().form;
    auto extra = qbft::decode_extra_data(header.header.extra_data, form);
    if (!extra) return done(json::serialize(maker_json(header)));
    const auto text = std::make_shared<std::string>();
    eth.reads().read_log(
        call.now,
        {.run = [text, header, extra = std::move(*extra),
                 form] { *text = json::serialize(sealed_json(header, extra, form)); },
         .done =
             [text, done = std::move(done)](Now, const std::optional<rpc::Error>& error) mutable {
                 if (error) return done(std::unexpected{*error});
                 done(std::move(*text));
             }});
}

}  // namespace parley::node
