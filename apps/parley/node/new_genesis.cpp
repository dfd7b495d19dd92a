#include "node/new_genesis.hpp"
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/runtime/clock.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
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
    set_rules(genesis, chain::Fork::cancun);
    genesis.extra_data = std::move(extra_data);
    return genesis;
}

void set_rules(chain::Genesis& genesis, chain::Fork rules) {
    using enum chain::Fork;
    genesis.forks = {};
    if (rules >= london) genesis.forks.london_block = 0;
    if (rules >= paris) genesis.forks.terminal_total_difficulty = Uint256{};
    if (rules >= shanghai) genesis.forks.shanghai_time = 0;
    if (rules >= cancun) genesis.forks.cancun_time = 0;
}

Outcome add_fork(chain::Genesis& genesis, std::string_view text) {
    const auto equals = text.find('=');
    const auto name = text.substr(0, equals);
    const auto number = text.substr(equals == text.npos ? text.size() : equals + 1);
    std::uint64_t at = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), at);
    auto& forks = genesis.forks;
    auto* point = name == "london"     ? &forks.london_block
                  : name == "shanghai" ? &forks.shanghai_time
                  : name == "cancun"   ? &forks.cancun_time
                                       : nullptr;
    if (!point || number.empty() || read.ec != std::errc{} ||
        read.ptr != number.data() + number.size()) {
        return failed(fmt::format(
            "--fork: expected london=BLOCK, shanghai=TIME or cancun=TIME, got \"{}\"", text));
    }
    const auto first = make_genesis_block(genesis).header;
    *point = at;
    if (const auto fits = forks.validate(); !fits) {
        return failed(fmt::format("--fork {}: {}", text, message(fits.error())));
    }
    if (make_genesis_block(genesis).header != first) {
        return failed(fmt::format("--fork {}: expected a point after the first block", text));
    }
    return {};
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
