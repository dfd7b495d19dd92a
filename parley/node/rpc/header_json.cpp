#include <parley/node/rpc/header_json.hpp>

#include <parley/rpc/hex.hpp>

namespace parley::node {

namespace json = boost::json;

json::object header_json(const chain::Header& header, const Hash256& hash) {
    json::object out{
        {"number", rpc::hex_quantity(header.number)},
        {"hash", rpc::hex_data(hash)},
        {"parentHash", rpc::hex_data(header.parent_hash)},
        {"nonce", rpc::hex_data(header.nonce)},
        {"mixHash", rpc::hex_data(header.mix_hash)},
        {"sha3Uncles", rpc::hex_data(header.ommers_hash)},
        {"logsBloom", rpc::hex_data(header.logs_bloom)},
        {"stateRoot", rpc::hex_data(header.state_root)},
        {"miner", header.beneficiary.to_string()},
        {"difficulty", rpc::hex_quantity(header.difficulty)},
        {"extraData", rpc::hex_data(header.extra_data)},
        {"gasLimit", rpc::hex_quantity(header.gas_limit)},
        {"gasUsed", rpc::hex_quantity(header.gas_used)},
        {"timestamp", rpc::hex_quantity(header.timestamp)},
        {"transactionsRoot", rpc::hex_data(header.transactions_root)},
        {"receiptsRoot", rpc::hex_data(header.receipts_root)},
    };
    if (header.base_fee) out["baseFeePerGas"] = rpc::hex_quantity(*header.base_fee);
    if (header.withdrawals_root) out["withdrawalsRoot"] = rpc::hex_data(*header.withdrawals_root);
    if (header.blob_gas_used) out["blobGasUsed"] = rpc::hex_quantity(*header.blob_gas_used);
    if (header.excess_blob_gas) out["excessBlobGas"] = rpc::hex_quantity(*header.excess_blob_gas);
    if (header.parent_beacon_root) {
        out["parentBeaconBlockRoot"] = rpc::hex_data(*header.parent_beacon_root);
    }
    return out;
}

json::array withdrawals_json(std::span<const chain::Withdrawal> withdrawals) {
    json::array out;
    for (const auto& withdrawal : withdrawals) {
        out.push_back({{"index", rpc::hex_quantity(withdrawal.index)},
                       {"validatorIndex", rpc::hex_quantity(withdrawal.validator_index)},
                       {"address", withdrawal.address.to_string()},
                       {"amount", rpc::hex_quantity(withdrawal.amount)}});
    }
    return out;
}

}  // namespace parley::node
