#include <parley/node/rpc/answers.hpp>
#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/node/rpc/find_block.hpp>
#include <parley/node/rpc/receipt_json.hpp>
#include <parley/node/rpc/transaction_json.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/params.hpp>

#include <optional>
#include <utility>

namespace parley::node {

namespace {

namespace json = rpc::json;

/// One transaction of a block, or what became of it.
using FromTx = json::object (*)(const chain::LoggedBlock&, const Hash256&, std::size_t index);

json::object mined_json(const chain::LoggedBlock& logged, const Hash256& hash, std::size_t index) {
    return transaction_json(logged.block.body.transactions[index], logged.senders[index],
                            {logged.block.header, hash, index});
}

json::object receipt_of(const chain::LoggedBlock& logged, const Hash256& hash, std::size_t index) {
    return receipt_json(logged, hash, index);
}

/// Null if the block has no such transaction. A block in memory is read at once.
void answer_from_tx(EthRpc& eth, Now now, const chain::KnownBlock& block, std::uint64_t index,
                    FromTx make, rpc::DoneText done) {
    auto answer = [index, make](const chain::LoggedBlock& logged,
                                const Hash256& hash) -> rpc::Result {
        if (index >= logged.senders.size()) return json::value{};
        return json::value(make(logged, hash, static_cast<std::size_t>(index)));
    };
    const auto& hash = block.header.hash;
    if (const auto* recent = eth.chain()->ledger.blocks().recent(hash)) {
        return done(text_of_result(answer(recent->logged, hash)));
    }
    answer_from_block(eth, now, block, std::move(answer), std::move(done));
}

/// Where the main chain has it.
struct FoundTx {
    chain::KnownBlock block;
    std::uint64_t index = 0;
};

Result<std::optional<FoundTx>, rpc::Error> find_mined(const EthLedger& chain, const Hash256& hash) {
    const auto place = chain.ledger.blocks().find_transaction(hash);
    if (!place) return std::unexpected{store_failure(place.error())};
    if (!*place) return std::nullopt;
    const auto block = find_block(chain, (*place)->number);
    if (!block) return std::unexpected{block.error()};
    if (!*block) return std::nullopt;
    return FoundTx{**block, (*place)->index};
}

void eth_get_transaction_by_hash(EthRpc& eth, const rpc::Call& call, rpc::DoneText done) {
    const auto hash = rpc::hash_param(call, 0);
    if (!hash) return done(std::unexpected{hash.error()});
    if (const auto* chain = eth.chain()) {
        const auto mined = find_mined(*chain, *hash);
        if (!mined) return done(std::unexpected{mined.error()});
        if (*mined) {
            return answer_from_tx(eth, call.now, (*mined)->block, (*mined)->index, &mined_json,
                                  std::move(done));
        }
    }
    const auto* pooled = eth.services().pool.find(*hash);
    if (pooled == nullptr) return done(eth.nothing_found());
    done(json::serialize(transaction_json(*pooled)));
}

void eth_get_transaction_receipt(EthRpc& eth, const rpc::Call& call, rpc::DoneText done) {
    const auto hash = rpc::hash_param(call, 0);
    if (!hash) return done(std::unexpected{hash.error()});
    const auto* chain = eth.chain();
    if (chain == nullptr) return done(eth.nothing_found());
    const auto mined = find_mined(*chain, *hash);
    if (!mined) return done(std::unexpected{mined.error()});
    if (!*mined) return done("null");
    answer_from_tx(eth, call.now, (*mined)->block, (*mined)->index, &receipt_of, std::move(done));
}

void eth_send_raw_transaction(EthRpc& eth, const rpc::Call& call, rpc::Done done) {
    auto raw = rpc::data_param(call, 0);
    if (!raw) return done(std::unexpected{raw.error()});
    eth.services().relay.submit(
        call.now, SharedBytes::own(std::move(*raw)),
        [done = std::move(done)](Result<Hash256, chain::SubmitError> result) mutable {
            if (!result) return done(rpc::refused(result.error().message));
            done(json::value(rpc::hex_data(*result)));
        });
}

}  // namespace

void add_transaction_methods(EthMethods& list) {
    list.starts_text("eth_getTransactionByHash", 1, &eth_get_transaction_by_hash);
    list.starts_text("eth_getTransactionReceipt", 1, &eth_get_transaction_receipt);
    list.starts("eth_sendRawTransaction", 1, &eth_send_raw_transaction);
}

}  // namespace parley::node
