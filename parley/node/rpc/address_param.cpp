#include <parley/node/rpc/address_param.hpp>

#include <parley/rpc/params.hpp>

namespace parley::node {

Result<chain::Address, rpc::Error> address_param(const rpc::Call& call, std::size_t index) {
    const auto bytes = rpc::data_param(call, index, sizeof(chain::Address));
    if (!bytes) return std::unexpected{bytes.error()};
    return chain::Address{array_of<sizeof(chain::Address)>(*bytes)};
}

}  // namespace parley::node
