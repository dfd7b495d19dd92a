#include <parley/node/chain_data.hpp>

#include <parley/chain/consensus/pow/proof_of_work.hpp>
#include <parley/chain/consensus/qbft/qbft.hpp>
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/consensus/unsealed/unsealed.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace parley::node {
namespace {

Result<std::shared_ptr<const chain::Engine>, std::string> make_qbft(const chain::Genesis& genesis) {
    const auto extra = chain::qbft::decode_extra_data(genesis.extra_data);
    if (!extra) {
        return std::unexpected{"extraData: expected QBFT's with the first validators: " +
                               message(extra.error())};
    }
    const auto& validators = extra->validators;
    if (validators.empty()) return std::unexpected{"extraData: expected a validator, got none"};
    if (std::ranges::adjacent_find(validators, std::ranges::greater_equal{}) != validators.end()) {
        return std::unexpected{"extraData: expected validators in ascending order, none twice"};
    }
    const auto settings = genesis.qbft.value_or(chain::QbftGenesis{});
    return std::make_shared<const chain::qbft::Qbft>(
        chain::qbft::QbftConfig{.forks = genesis.forks,
                                .period_s = settings.period_s,
                                .epoch_blocks = settings.epoch_blocks,
                                .is_gas_limit_free = genesis.is_quorum});
}

Result<std::shared_ptr<const chain::Engine>, std::string> make_pow(const chain::Genesis& genesis) {
    if (genesis.difficulty == Uint256{}) {
        return std::unexpected{"difficulty: expected at least 1 for the engine pow, got 0"};
    }
    if (genesis.forks.terminal_total_difficulty) {
        return std::unexpected{
            "config.terminalTotalDifficulty: expected nothing for the engine pow, since Paris ends "
            "work"};
    }
    const auto settings = genesis.pow.value_or(chain::PowGenesis{});
    if (settings.half_life_s < settings.period_s) {
        return std::unexpected{
            fmt::format("config.pow.halfLifeSeconds: expected at least the {} of "
                        "blockPeriodSeconds, got {}",
                        settings.period_s, settings.half_life_s)};
    }
    return std::make_shared<const chain::ProofOfWork>(chain::ProofOfWorkConfig{
        .forks = genesis.forks,
        .asert = {.anchor_time_s = genesis.timestamp,
                  .anchor_target = chain::target_of_difficulty(genesis.difficulty),
                  .interval_s = settings.period_s,
                  .half_life_s = settings.half_life_s},
        .reward = settings.reward});
}

}  // namespace

Result<std::unique_ptr<chain::Ledger>, chain::LedgerError> open_ledger(
    const ChainData& data, std::shared_ptr<const chain::Execution> execution, JobQueue& jobs,
    Log& log, std::uint64_t salt) {
    chain::LedgerConfig config;
    config.salt = salt;
    return chain::Ledger::open({.execution = std::move(execution),
                                .engine = data.engine,
                                .store = *data.store,
                                .log_file = *data.log_file,
                                .jobs = jobs,
                                .log = log},
                               data.genesis_block, config);
}

bool is_by_work(const ChainData& data) {
    return dynamic_cast<const chain::ProofOfWork*>(data.engine.get()) != nullptr;
}

bool is_by_votes(const ChainData& data) {
    return dynamic_cast<const chain::qbft::Qbft*>(data.engine.get()) != nullptr;
}

p2p::ChainFacts facts_of(const ChainData& data) {
    return facts_of(data.genesis, data.genesis_block.header);
}

p2p::ChainFacts facts_of(const ChainConfig& config, const std::optional<ChainData>& data) {
    auto out = data ? facts_of(*data) : p2p::ChainFacts{};
    out.chain_id = config.id;
    out.light_nodes_max = data ? config.light_nodes_max : 0;
    return out;
}

p2p::ChainFacts facts_of(const chain::Genesis& genesis, const chain::Header& first_header) {
    auto points = genesis.forks.fork_points(genesis.timestamp);
    return {.chain_id = genesis.chain_id,
            .genesis = first_header.hash(),
            .forks = std::move(points.blocks),
            .fork_times = std::move(points.times)};
}

Result<std::shared_ptr<const chain::Engine>, std::string> make_engine(
    std::string_view name, const chain::Genesis& genesis) {
    if (name == "unsealed") return std::make_shared<const chain::Unsealed>(genesis.forks);
    if (name == "qbft") return make_qbft(genesis);
    if (name == "pow") return make_pow(genesis);
    if (name != "solo") return std::unexpected{fmt::format("no engine \"{}\"", name)};
    const auto signer = chain::solo_signer(genesis.extra_data);
    if (!signer) {
        return std::unexpected{
            fmt::format("extraData: expected the address of the signer, 20 bytes, for the engine "
                        "solo, got {} bytes",
                        genesis.extra_data.size())};
    }
    return std::make_shared<const chain::Solo>(genesis.forks, *signer);
}

std::optional<std::string> fault_of_signer(std::string_view engine, const chain::Genesis& genesis,
                                           const ByteArray<32>& secret) {
    if (engine == "pow") return "is of no use: nobody signs blocks by work, see chain.miner";
    const auto own = chain::address_of_secret(secret);
    const auto signer = chain::solo_signer(genesis.extra_data);
    if (engine != "solo" || signer == own) return std::nullopt;
    return fmt::format("is the key of {}, and the genesis names the signer {}", own.to_string(),
                       signer ? signer->to_string() : "");
}

}  // namespace parley::node
