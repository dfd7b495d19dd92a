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

json::array blob_hashes_json(const chain::Transaction& tx) {
    json::array out;
    for (const auto& hash : tx.blob_hashes) out.emplace_back(rpc::hex_data(hash));
    return out;
}

void add_place(json::object& out, const TxPosition* position) {
    if (position == nullptr) {
        for (const auto* name :
             {"blockHash", "blockNumber", "blockTimestamp", "transactionIndex"}) {
            out[name] = nullptr;
        }
        return;
    }
    out["blockHash"] = rpc::hex_data(position->block_hash);
    out["blockNumber"] = rpc::hex_quantity(position->header.number);
    out["blockTimestamp"] = rpc::hex_quantity(position->header.timestamp);
    out["transactionIndex"] = rpc::hex_quantity(position->index);
}

json::object signed_json(const chain::Transaction& tx, const chain::Address& sender,
                         const TxPosition* position) {
    auto out = unsigned_json(tx);
    add_place(out, position);
    const Bytes signature{tx.signature};
    out["hash"] = rpc::hex_data(tx.hash);
    out["from"] = sender.to_string();
    out["v"] = v_of(tx);
    out["r"] = rpc::hex_quantity(signature.first(32));
    out["s"] = rpc::hex_quantity(signature.subspan(32));
    if (tx.type != chain::TxType::legacy) out["yParity"] = rpc::hex_quantity(tx.y_parity);
    if (position != nullptr) out["gasPrice"] = rpc::hex_quantity(price_paid(tx, position->header));
    return out;
}

}  // namespace

Uint256 price_paid(const chain::Transaction& tx, const chain::Header& header) {
    return chain::effective_gas_price(tx.max_fee, tx.max_priority_fee,
                                      header.base_fee.value_or(Uint256{}));
}

Uint256 tip_paid(const chain::Transaction& tx, const chain::Header& header) {
    return checked_subtract(price_paid(tx, header), header.base_fee.value_or(Uint256{}))
        .value_or(Uint256{});
}

json::object unsigned_json(const chain::Transaction& tx) {
    json::object out{
        {"type", rpc::hex_quantity(static_cast<std::uint64_t>(tx.type))},
        {"to", tx.to ? json::value(tx.to->to_string()) : json::value{}},
        {"nonce", rpc::hex_quantity(tx.nonce)},
        {"gas", rpc::hex_quantity(tx.gas_limit)},
        {"gasPrice", rpc::hex_quantity(tx.max_fee)},
        {"value", rpc::hex_quantity(tx.value)},
        {"input", rpc::hex_data(tx.data)},
    };
    if (tx.chain_id) out["chainId"] = rpc::hex_quantity(*tx.chain_id);
    if (tx.type == chain::TxType::legacy) return out;
    out["accessList"] = access_list_json(tx);
    if (tx.type == chain::TxType::access_list) return out;
    out["maxFeePerGas"] = rpc::hex_quantity(tx.max_fee);
    out["maxPriorityFeePerGas"] = rpc::hex_quantity(tx.max_priority_fee);
    if (tx.type != chain::TxType::blob) return out;
    out["maxFeePerBlobGas"] = rpc::hex_quantity(tx.max_fee_per_blob_gas);
    out["blobVersionedHashes"] = blob_hashes_json(tx);
    return out;
}

json::object transaction_json(const chain::PooledTx& pooled) {
    return signed_json(pooled.transaction(), pooled.sender, nullptr);
}

json::object transaction_json(const chain::Transaction& tx, const chain::Address& sender,
                              const TxPosition& position) {
    return signed_json(tx, sender, &position);
}

}  // namespace parley::node
