#include <parley/node/rpc/eth_config.hpp>

#include <parley/chain/types/fees.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/transport/handshake/fork_id.hpp>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

namespace parley::node {

namespace json = boost::json;

namespace {

/// How slowly the blob base fee follows the excess (EIP-4844).
constexpr std::uint64_t update_fraction = 3'338'477;

/// Of a chain on which all blocks that bring forks are passed, at this time.
ByteArray<4> fork_hash(const ConfigOfChain& config, std::uint64_t time_s) {
    const auto points = config.forks.fork_points(config.genesis_time_s);
    transport::ForkRules rules{.genesis = config.genesis_hash,
                               .forks = points.blocks,
                               .head = std::numeric_limits<std::uint64_t>::max(),
                               .fork_times = points.times,
                               .head_time = time_s};
    return fork_id(rules).hash;
}

json::object rules_json(const ConfigOfChain& config, std::uint64_t time_s) {
    const auto& cancun = config.forks.cancun_time;
    json::value blobs;
    if (cancun && *cancun <= time_s) {
        blobs = {{"target", chain::blob_gas_target / chain::gas_per_blob},
                 {"max", chain::blobs_max},
                 {"baseFeeUpdateFraction", update_fraction}};
    }
    return {{"activationTime", time_s <= config.genesis_time_s ? 0 : time_s},
            {"blobSchedule", std::move(blobs)},
            {"chainId", rpc::hex_quantity(config.chain_id)},
            {"forkId", rpc::hex_data(fork_hash(config, time_s))},
            {"precompiles", json::object{}},
            {"systemContracts", json::object{}}};
}

}  // namespace

json::object config_json(const ConfigOfChain& config, std::uint64_t now_s) {
    // The genesis, and what comes after it.
    std::vector<std::uint64_t> times{config.genesis_time_s};
    for (const auto& time : {config.forks.shanghai_time, config.forks.cancun_time}) {
        if (time && *time > times.back()) times.push_back(*time);
    }
    const auto next = std::ranges::find_if(times, [&](auto time) { return time > now_s; });
    const auto current = next == times.begin() ? *next : *(next - 1);
    const bool is_last = next == times.end();
    return {{"current", rules_json(config, current)},
            {"next", is_last ? json::value{} : rules_json(config, *next)},
            {"last", is_last ? json::value{} : rules_json(config, times.back())}};
}

}  // namespace parley::node
