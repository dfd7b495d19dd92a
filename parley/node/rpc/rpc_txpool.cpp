#include <parley/node/rpc/json_hex.hpp>
#include <parley/node/rpc/rpc_method.hpp>
#include <parley/node/rpc/rpc_transaction.hpp>

#include <fmt/format.h>

#include <optional>
#include <string>

namespace parley::node {

RpcResult txpool_status(const RpcCall& call) {
    const auto status = call.node.pool().status();
    return json::value{{"pending", hex_quantity(status.pending)},
                       {"queued", hex_quantity(status.queued)}};
}

RpcResult txpool_content(const RpcCall& call) {
    const auto& pool = call.node.pool();
    std::size_t bytes = 0;
    pool.for_each([&](const chain::PooledTx& entry, bool) {
        bytes += transaction_json_bytes(entry);
        return bytes <= call.reply_bytes_max;
    });
    if (bytes > call.reply_bytes_max) {
        return std::unexpected{RpcError{rpc_code::reply_too_large,
                                        fmt::format("reply: {} transactions do not fit in {} bytes",
                                                    pool.size(), call.reply_bytes_max)}};
    }
    json::object pending;
    json::object queued;
    std::optional<chain::Address> sender;
    std::string name;  // of `sender`
    pool.for_each([&](const chain::PooledTx& entry, bool is_pending) {
        if (sender != entry.sender) {
            sender = entry.sender;
            name = checksummed(entry.sender);
        }
        auto& by_nonce = (is_pending ? pending : queued)[name];
        if (!by_nonce.is_object()) by_nonce.emplace_object();
        by_nonce.get_object()[std::to_string(entry.nonce)] = transaction_json(entry);
        return true;
    });
    return json::value{{"pending", std::move(pending)}, {"queued", std::move(queued)}};
}

}  // namespace parley::node
