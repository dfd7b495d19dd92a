#include <parley/node/rpc/functions.hpp>
#include <parley/rpc/hex.hpp>

namespace parley::node {

rpc::Result txpool_status(Chain& chain, const rpc::Call&) {
    const auto status = chain.pool().status();
    return rpc::json::value{{"pending", rpc::hex_quantity(status.pending)},
                            {"queued", rpc::hex_quantity(status.queued)}};
}

}  // namespace parley::node
