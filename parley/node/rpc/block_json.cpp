#include <parley/node/rpc/block_json.hpp>

#include <parley/chain/types/block.hpp>
#include <parley/node/rpc/header_json.hpp>
#include <parley/node/rpc/transaction_json.hpp>
#include <parley/rpc/hex.hpp>

namespace parley::node {

namespace json = boost::json;

json::object block_json(const chain::LoggedBlock& logged, const Hash256& hash, TxDetail detail) {
    const auto& [header, body] = logged.block;
    auto out = header_json(header, hash);
    out["size"] = rpc::hex_quantity(logged.block.encode().size());
    json::array transactions;
    for (std::size_t i = 0; i < body.transactions.size(); ++i) {
        const auto& tx = body.transactions[i];
        if (detail == TxDetail::hashes) {
            transactions.emplace_back(rpc::hex_data(tx.hash));
        } else {
            transactions.push_back(transaction_json(tx, logged.senders[i], {header, hash, i}));
        }
    }
    out["transactions"] = std::move(transactions);
    json::array ommers;
    for (const auto& ommer : body.ommers) ommers.emplace_back(rpc::hex_data(ommer.hash()));
    out["uncles"] = std::move(ommers);
    if (body.withdrawals) out["withdrawals"] = withdrawals_json(*body.withdrawals);
    return out;
}

json::object ommer_json(const chain::Header& ommer) {
    auto out = header_json(ommer, ommer.hash());
    out["size"] = rpc::hex_quantity(chain::Block{.header = ommer}.encode().size());
    out["uncles"] = json::array{};
    return out;
}

}  // namespace parley::node
