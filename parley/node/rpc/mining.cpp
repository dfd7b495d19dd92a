#include <parley/node/rpc/mining.hpp>

#include <parley/base/endian.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/method_list.hpp>
#include <parley/rpc/params.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace parley::node {
namespace {

namespace json = rpc::json;

/// Null where there is none.
chain::Miner* miner_of(Chain& chain) {
    return chain.blocks() == nullptr ? nullptr : chain.blocks()->miner();
}

Result<chain::Miner*, rpc::Error> require_miner(Chain& chain) {
    if (chain.blocks() == nullptr || !is_by_work(chain.blocks()->data())) {
        return rpc::refused("no blocks are made by work here");
    }
    if (!chain.config().miner) {
        return rpc::refused("this node makes no work: the setting chain.miner names no account");
    }
    auto* miner = miner_of(chain);
    if (miner == nullptr) return chain.eth().no_ledger();
    return miner;
}

rpc::Result eth_mining(Chain& chain, const rpc::Call&) {
    return miner_of(chain) != nullptr;
}

/// In hashes a second, without fractions.
std::uint64_t whole(double rate) {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    return rate < static_cast<double>(most) ? static_cast<std::uint64_t>(std::floor(rate)) : most;
}

rpc::Result eth_hashrate(Chain& chain, const rpc::Call& call) {
    auto* miner = miner_of(chain);
    if (miner == nullptr) return json::value(rpc::hex_quantity(0));
    const auto outside = miner->outside_rates().sum(call.now);
    const auto own = whole(miner->own_rate());
    const auto room = std::numeric_limits<std::uint64_t>::max() - outside;
    return json::value(rpc::hex_quantity(outside + std::min(own, room)));
}

/// Geth's four items, and the header that is to be hashed.
rpc::Result eth_get_work(Chain& chain, const rpc::Call&) {
    const auto miner = require_miner(chain);
    if (!miner) return std::unexpected{miner.error()};
    const auto work = (*miner)->work();
    if (!work) return rpc::refused("no mining work available yet");
    return json::array{rpc::hex_data(work->name), rpc::hex_data(Hash256{}),
                       rpc::hex_data(work->boundary), rpc::hex_quantity(work->number),
                       rpc::hex_data(work->header)};
}

rpc::Result eth_submit_work(Chain& chain, const rpc::Call& call) {
    const auto nonce = rpc::data_param(call, 0, sizeof(std::uint64_t));
    if (!nonce) return std::unexpected{nonce.error()};
    const auto name = rpc::hash_param(call, 1);
    if (!name) return std::unexpected{name.error()};
    const auto mix_hash = rpc::hash_param(call, 2);
    if (!mix_hash) return std::unexpected{mix_hash.error()};
    const auto miner = require_miner(chain);
    if (!miner) return std::unexpected{miner.error()};
    const chain::Solution solution{
        .work = *name, .nonce = load_be<std::uint64_t>(*nonce), .mix_hash = *mix_hash};
    return (*miner)->submit(call.now, solution) == chain::Submitted::good;
}

rpc::Result eth_submit_hashrate(Chain& chain, const rpc::Call& call) {
    const auto rate = rpc::u64_param(call, 0);
    if (!rate) return std::unexpected{rate.error()};
    const auto id = rpc::hash_param(call, 1);
    if (!id) return std::unexpected{id.error()};
    const auto miner = require_miner(chain);
    if (!miner) return std::unexpected{miner.error()};
    return (*miner)->outside_rates().report(call.now, *id, *rate);
}

}  // namespace

std::vector<rpc::Method> mining_methods(Chain& chain) {
    rpc::MethodList<Chain> list{chain};
    list.answers("eth_getWork", 0, &eth_get_work);
    list.answers("eth_hashrate", 0, &eth_hashrate);
    list.answers("eth_mining", 0, &eth_mining);
    list.answers("eth_submitHashrate", 2, &eth_submit_hashrate);
    list.answers("eth_submitWork", 3, &eth_submit_work);
    return list.take();
}

}  // namespace parley::node
