#include "node/new_genesis.hpp"
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/runtime/clock.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace parley::app {

chain::Genesis new_genesis(std::uint64_t chain_id, std::uint64_t gas_limit, Buffer extra_data) {
    chain::Genesis genesis;
    genesis.chain_id = chain_id;
    genesis.gas_limit = gas_limit;
    genesis.timestamp = static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::seconds>(runtime::now().unix_time.time_since_epoch())
            .count());
    genesis.forks = {.london_block = 0,
                     .terminal_total_difficulty = Uint256{},
                     .shanghai_time = 0,
                     .cancun_time = 0};
    genesis.extra_data = std::move(extra_data);
    return genesis;
}

void set_votes(chain::Genesis& genesis, std::uint64_t period_s) {
    genesis.qbft = chain::QbftGenesis{.period_s = period_s, .timeout_s = 2 * period_s};
    genesis.difficulty = to_uint256(1);
}

void set_work(chain::Genesis& genesis, const Uint256& difficulty, const chain::PowGenesis& pow) {
    genesis.forks = {.london_block = 0};
    genesis.difficulty = difficulty;
    genesis.pow = pow;
}

Result<Buffer, Failure> validator_extra_data(std::vector<chain::Address> validators) {
    std::ranges::sort(validators);
    const auto twice = std::ranges::adjacent_find(validators);
    if (twice != validators.end()) {
        return failed(fmt::format("the validator {} comes twice", twice->to_string()));
    }
    if (validators.size() > chain::qbft::validators_max) {
        return failed(fmt::format("{} validators, expected at most {}", validators.size(),
                                  chain::qbft::validators_max));
    }
    chain::qbft::ExtraData extra;
    extra.validators = std::move(validators);
    return extra.encode();
}

}  // namespace parley::app
