#include <parley/node/rpc/filled_tx.hpp>

#include <parley/chain/types/fees.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/node/rpc/transaction_json.hpp>
#include <parley/rpc/hex.hpp>

#include <fmt/format.h>

namespace parley::node {

namespace {

Uint256 twice(const Uint256& value) {
    return checked_multiply(value, 2).value_or(value);
}

Result<void, rpc::Error> check_fee_order(const CallArgs& args) {
    if (*args.max_fee >= *args.max_priority_fee) return {};
    return rpc::refused(fmt::format("maxFeePerGas ({}) < maxPriorityFeePerGas ({})",
                                    rpc::hex_quantity(*args.max_fee),
                                    rpc::hex_quantity(*args.max_priority_fee)));
}

/// An unsigned legacy transaction has zeros for v, r and s; encode() would make an EIP-155 v.
Buffer encode_unsigned(const chain::Transaction& tx) {
    if (tx.type != chain::TxType::legacy) return tx.encode();
    rlp::Writer out;
    out.begin_list().number(tx.nonce).number(tx.max_fee).number(tx.gas_limit);
    out.string(tx.to ? Bytes{*tx.to} : Bytes{}).number(tx.value).string(tx.data);
    out.number(0U).number(0U).number(0U).end_list();
    return out.take();
}

}  // namespace

Result<void, rpc::Error> fill_fees(CallArgs& args, const chain::Header& head, const Uint256& tip) {
    if (args.max_blob_fee && *args.max_blob_fee == Uint256{}) {
        return rpc::refused("maxFeePerBlobGas, if specified, must be non-zero");
    }
    if (args.blob_hashes && !args.max_blob_fee && head.excess_blob_gas) {
        args.max_blob_fee = twice(chain::blob_base_fee(*head.excess_blob_gas));
    }
    if (args.gas_price) {
        if (head.base_fee && *args.gas_price == Uint256{}) {
            return rpc::refused("gasPrice must be non-zero after london fork");
        }
        return {};
    }
    if (args.max_fee && args.max_priority_fee) {
        if (*args.max_fee == Uint256{}) return rpc::refused("maxFeePerGas must be non-zero");
        return check_fee_order(args);
    }
    if (!head.base_fee) {
        if (args.max_fee || args.max_priority_fee) {
            return rpc::refused(
                "maxFeePerGas and maxPriorityFeePerGas are not valid before London is active");
        }
        args.gas_price = tip;
        return {};
    }
    if (!args.max_priority_fee) args.max_priority_fee = tip;
    if (!args.max_fee) {
        args.max_fee = checked_add(*args.max_priority_fee, twice(*head.base_fee))
                           .value_or(*args.max_priority_fee);
    }
    return check_fee_order(args);
}

Result<void, rpc::Error> check_fillable(const CallArgs& args) {
    if (args.blob_hashes && args.blob_hashes->empty()) {
        return rpc::refused("need at least 1 blob for a blob transaction");
    }
    if (args.blob_hashes && args.blob_hashes->size() > chain::blobs_max) {
        return rpc::refused(fmt::format("too many blobs in transaction (have={}, max={})",
                                        args.blob_hashes->size(), chain::blobs_max));
    }
    if (args.to) return {};
    if (args.blob_hashes) return rpc::refused("missing \"to\" in blob transaction");
    if (args.data.empty()) return rpc::refused("contract creation without any data provided");
    return {};
}

boost::json::object filled_json(const chain::Transaction& tx) {
    return {{"raw", rpc::hex_data(encode_unsigned(tx))}, {"tx", unsigned_json(tx)}};
}

}  // namespace parley::node
