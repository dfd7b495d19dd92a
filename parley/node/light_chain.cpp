#include <parley/node/light_chain.hpp>

#include <parley/node/chain_data.hpp>

#include <fmt/format.h>

#include <utility>

namespace parley::node {
namespace {

chain::light::LightNodeConfig light_config(const ChainConfig& config) {
    chain::light::LightNodeConfig out;
    out.follower.walks = config.checks_all_seals;
    if (config.checkpoint) {
        out.follower.checkpoint = {config.checkpoint->number, config.checkpoint->hash};
    }
    out.work.gate.minimum_work = config.minimum_work;
    return out;
}

chain::ChainHeader first_of(const LightData& data) {
    return {data.first_header, data.engine->hash_of(data.first_header),
            data.first_header.difficulty};
}

}  // namespace

Result<LightData, std::string> make_light_data(const ChainConfig& config, chain::Genesis genesis,
                                               std::shared_ptr<Store> store) {
    const auto engine = make_engine(config.engine, genesis);
    if (!engine) return std::unexpected{engine.error()};
    if (const auto* qbft = dynamic_cast<const chain::qbft::Qbft*>(engine->get())) {
        const auto epoch = qbft->config().epoch_blocks;
        if (config.checks_all_seals && config.checkpoint &&
            config.checkpoint->number % epoch != 0) {
            return std::unexpected{
                fmt::format("chain.light_checks_all: from chain.light_checkpoint {} on the votes "
                            "on validators are not known: expected a multiple of {}",
                            config.checkpoint->number, epoch)};
        }
    } else if (!(*engine)->is_by_work()) {
        return std::unexpected{
            fmt::format("a light node follows chains by votes (\"qbft\") or by work (\"pow\"), "
                        "and chain.engine is \"{}\"",
                        config.engine)};
    } else if (config.checkpoint) {
        return std::unexpected{std::string{
            "chain.light_checkpoint: of a chain by work all headers are needed: expected \"\"; "
            "chain.minimum_work says which chains are not followed"}};
    }
    LightData out{.genesis = std::move(genesis),
                  .first_header = {},
                  .engine = *engine,
                  .store = std::move(store)};
    out.first_header = chain::make_genesis_block(out.genesis).header;
    return out;
}

p2p::ChainFacts facts_of(const LightData& data) {
    auto out = facts_of(data.genesis, data.first_header);
    out.roles = transport::role::light;
    return out;
}

LightChain::LightChain(const ChainConfig& config, LightData data, Rng rng)
    : config_(config),
      data_(std::move(data)),
      light_(light_config(config), {data_.engine, first_of(data_), *data_.store}, rng) {}

void LightChain::add_status(rpc::json::object& out) const {
    const auto head = light_.head();
    out["chainId"] = config_.id;
    out["head"] = {{"number", head.header.number},
                   {"hash", "0x" + to_hex(head.hash)},
                   {"time", head.header.timestamp},
                   {"missing", light_.highest() - head.header.number}};
    out["light"] = {{"fullNodes", light_.peers()},
                    {"headersMissing", light_.missing()},
                    {"conflict", light_.conflict().has_value()}};
}

void LightChain::add_node_info(rpc::json::object& out) const {
    out["chainId"] = config_.id;
    out["head"] = "0x" + to_hex(light_.head().hash);
}

void LightChain::collect_metrics(p2p::Metrics& metrics) const {
    const auto head = light_.head().header;
    metrics.gauge("parley_head_number", "Number of the last block of the main chain.")
        .add(head.number);
    metrics.gauge("parley_head_time_seconds", "Its time, in Unix seconds.").add(head.timestamp);
    metrics.gauge("parley_light_full_nodes", "Full nodes that serve this light one.")
        .add(light_.peers());
    metrics.gauge("parley_light_headers_missing", "Headers below the head that are not here yet.")
        .add(light_.missing());
}

}  // namespace parley::node
