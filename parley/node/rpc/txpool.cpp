#include <parley/node/rpc/functions.hpp>
#include <parley/rpc/hex.hpp>

namespace parley::node {

rpc::Result txpool_status(Chain& chain, const rpc::Call&) {
    const auto status = chain.pool().status();
    return rpc::json::value{{"pending", rpc::hex_quantity(status.pending)},
                            {"queued", rpc::hex_quantity(status.queued)}};
}

rpc::Result parley_pool_prices(Chain& chain, const rpc::Call&) {
    const auto& pool = chain.pool();
    const auto status = pool.status();
    rpc::json::array buckets;
    for (const auto& bucket : pool.prices()) {
        buckets.push_back(
            {{"from", bucket.from < 0 ? rpc::json::value{}
                                      : rpc::json::value(rpc::hex_quantity(
                                            static_cast<std::uint64_t>(bucket.from)))},
             {"count", bucket.count},
             {"gas", bucket.gas}});
    }
    return rpc::json::value{{"pending", status.pending},
                            {"queued", status.queued},
                            {"baseFee", rpc::hex_quantity(pool.base_fee())},
                            {"buckets", std::move(buckets)}};
}

}  // namespace parley::node
