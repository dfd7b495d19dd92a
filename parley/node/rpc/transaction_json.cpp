#include <parley/node/rpc/transaction_json.hpp>

#include <parley/rpc/hex.hpp>

#include <string>

namespace parley::node {

namespace json = boost::json;

namespace {

std::string v_of(const chain::Transaction& tx) {
    const std::uint64_t parity = tx.y_parity;
    if (tx.type != chain::TxType::legacy) return rpc::hex_quantity(parity);
    if (!tx.chain_id) return rpc::hex_quantity(27 + parity);
    // EIP-155: 35 + parity + 2 * chain id, which may need more than 64 bits.
    const auto doubled = checked_multiply(to_uint256(*tx.chain_id), 2);
    return rpc::hex_quantity(*checked_add(*doubled, to_uint256(35 + parity)));
}

json::array access_list_json(const chain::Transaction& tx) {
    json::array out;
    for (const auto& entry : tx.access_list) {
        json::array keys;
        for (const auto& key : entry.keys) keys.emplace_back(rpc::hex_data(key));
        out.push_back({{"address", entry.address.to_string()}, {"storageKeys", std::move(keys)}});
    }
    return out;
}

}  // namespace

json::object transaction_json(const chain::PooledTx& pooled) {
    const auto tx = pooled.transaction();
    const Bytes signature{tx.signature};
    json::object out{
        {"blockHash", nullptr},
        {"blockNumber", nullptr},
        {"transactionIndex", nullptr},
        {"hash", rpc::hex_data(tx.hash)},
        {"type", rpc::hex_quantity(static_cast<std::uint64_t>(tx.type))},
        {"from", pooled.sender.to_string()},
        {"to", tx.to ? json::value(tx.to->to_string()) : json::value{}},
        {"nonce", rpc::hex_quantity(tx.nonce)},
        {"gas", rpc::hex_quantity(tx.gas_limit)},
        {"gasPrice", rpc::hex_quantity(tx.max_fee)},
        {"value", rpc::hex_quantity(tx.value)},
        {"input", rpc::hex_data(tx.data)},
        {"v", v_of(tx)},
        {"r", rpc::hex_quantity(signature.first(32))},
        {"s", rpc::hex_quantity(signature.subspan(32))},
    };
    if (tx.chain_id) out["chainId"] = rpc::hex_quantity(*tx.chain_id);
    if (tx.type == chain::TxType::legacy) return out;
    out["yParity"] = rpc::hex_quantity(tx.y_parity);
    out["accessList"] = access_list_json(tx);
    if (tx.type == chain::TxType::access_list) return out;
    out["maxFeePerGas"] = rpc::hex_quantity(tx.max_fee);
    out["maxPriorityFeePerGas"] = rpc::hex_quantity(tx.max_priority_fee);
    return out;
}

}  // namespace parley::node
