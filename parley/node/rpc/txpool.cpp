#include <parley/node/rpc/functions.hpp>
#include <parley/node/rpc/transaction_json.hpp>
#include <parley/rpc/hex.hpp>

#include <fmt/format.h>

#include <optional>
#include <string>

namespace parley::node {

rpc::Result txpool_status(Chain& chain, const rpc::Call&) {
    const auto status = chain.pool().status();
    return rpc::json::value{{"pending", rpc::hex_quantity(status.pending)},
                            {"queued", rpc::hex_quantity(status.queued)}};
}

rpc::Result txpool_content(Chain& chain, const rpc::Call& call) {
    const auto& pool = chain.pool();
    std::size_t bytes = 0;
    pool.for_each([&](const chain::PooledTx& entry, bool) {
        bytes += transaction_json_bytes(entry);
        return bytes <= call.reply_bytes_max;
    });
    if (bytes > call.reply_bytes_max) {
        return std::unexpected{rpc::Error{
            rpc::code::reply_too_large, fmt::format("reply: {} transactions do not fit in {} bytes",
                                                    pool.size(), call.reply_bytes_max)}};
    }
    rpc::json::object pending;
    rpc::json::object queued;
    std::optional<chain::Address> sender;
    std::string name;  // of `sender`
    pool.for_each([&](const chain::PooledTx& entry, bool is_pending) {
        if (sender != entry.sender) {
            sender = entry.sender;
            name = entry.sender.checksummed();
        }
        auto& by_nonce = (is_pending ? pending : queued)[name];
        if (!by_nonce.is_object()) by_nonce.emplace_object();
        by_nonce.get_object()[std::to_string(entry.nonce)] = transaction_json(entry);
        return true;
    });
    return rpc::json::value{{"pending", std::move(pending)}, {"queued", std::move(queued)}};
}

}  // namespace parley::node
