// Ethereum's JSON-RPC methods of a light node: what it answers is proven, and what it cannot prove
// it refuses by name. docs/RPC.md says which.
#include <parley/base/overloaded.hpp>
#include <parley/chain/types/fees.hpp>
#include <parley/node/light_chain.hpp>
#include <parley/node/rpc/address_param.hpp>
#include <parley/node/rpc/block_methods.hpp>
#include <parley/node/rpc/eth_config.hpp>
#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/node/rpc/fee_oracle.hpp>
#include <parley/node/rpc/header_json.hpp>
#include <parley/node/rpc/proof_json.hpp>
#include <parley/node/rpc/receipt_json.hpp>
#include <parley/node/rpc/transaction_json.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/method_list.hpp>
#include <parley/rpc/params.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::node {
namespace {

namespace json = rpc::json;
using chain::light::Asker;
using Known = chain::light::LightNode::Known;

/// By votes each header that is trusted is final, by work none is.
std::optional<Known> find_header(const LightChain& chain, const BlockRef& ref) {
    const auto& light = chain.light();
    const bool is_final = chain.data().engine->is_final_at_once();
    return std::visit(overloaded{[&](BlockTag tag) -> std::optional<Known> {
                                     const bool needs_final =
                                         tag == BlockTag::finalized || tag == BlockTag::safe;
                                     if (needs_final && !is_final) return std::nullopt;
                                     if (tag == BlockTag::earliest)
                                         return light.at(light.headers().lowest());
                                     return light.head();
                                 },
                                 [&](std::uint64_t number) { return light.at(number); },
                                 [&](const BlockByHash& by) { return light.find(by.hash); }},
                      ref);
}

Result<Known, rpc::Error> require_header(const LightChain& chain, const BlockRef& ref) {
    auto found = find_header(chain, ref);
    if (!found) return rpc::refused("header not found");
    return std::move(*found);
}

/// The account of the first parameter at the block of parameter `block_index`, with these slots.
void ask_account(LightChain& chain, const rpc::Call& call, std::size_t block_index,
                 std::vector<Hash256> slots, rpc::Done done,
                 std::function<rpc::Result(const Asker::ProvenAccount&)> make) {
    const auto address = address_param(call, 0);
    if (!address) return done(std::unexpected{address.error()});
    const auto ref = block_param(call, block_index);
    if (!ref) return done(std::unexpected{ref.error()});
    const auto block = require_header(chain, *ref);
    if (!block) return done(std::unexpected{block.error()});
    chain.light().account(
        call.now, *block, *address, std::move(slots),
        [done = std::move(done), make = std::move(make)](Now, const auto& proven) mutable {
            if (!proven) return done(rpc::refused(proven.error()));
            done(make(*proven));
        });
}

chain::Account account_of(const Asker::ProvenAccount& proven) {
    return proven.account.value_or(chain::Account{});
}

void eth_get_balance(LightChain& chain, const rpc::Call& call, rpc::Done done) {
    ask_account(chain, call, 1, {}, std::move(done), [](const auto& proven) {
        return json::value(rpc::hex_quantity(account_of(proven).balance));
    });
}

void eth_get_transaction_count(LightChain& chain, const rpc::Call& call, rpc::Done done) {
    ask_account(chain, call, 1, {}, std::move(done), [](const auto& proven) {
        return json::value(rpc::hex_quantity(account_of(proven).nonce));
    });
}

void eth_get_code(LightChain& chain, const rpc::Call& call, rpc::Done done) {
    ask_account(chain, call, 1, {}, std::move(done), [](const auto& proven) -> rpc::Result {
        if (!account_of(proven).has_code()) return json::value("0x");
        return rpc::refused("a light node does not fetch code");
    });
}

void eth_get_account_info(LightChain& chain, const rpc::Call& call, rpc::Done done) {
    ask_account(chain, call, 1, {}, std::move(done), [](const auto& proven) -> rpc::Result {
        const auto account = account_of(proven);
        if (account.has_code()) return rpc::refused("a light node does not fetch code");
        return json::value{{"balance", rpc::hex_quantity(account.balance)},
                           {"nonce", rpc::hex_quantity(account.nonce)},
                           {"code", "0x"}};
    });
}

void eth_get_storage_at(LightChain& chain, const rpc::Call& call, rpc::Done done) {
    const auto text = rpc::text_param(call, 1, "a storage key");
    if (!text) return done(std::unexpected{text.error()});
    const auto key = read_storage_key(*text);
    if (!key) return done(std::unexpected{key.error()});
    ask_account(chain, call, 2, {key->slot}, std::move(done), [](const auto& proven) {
        return json::value(rpc::hex_data(proven.slots.front()));
    });
}

void eth_get_proof(LightChain& chain, const rpc::Call& call, rpc::Done done) {
    const auto address = address_param(call, 0);
    if (!address) return done(std::unexpected{address.error()});
    auto keys = storage_keys_param(call, 1);
    if (!keys) return done(std::unexpected{std::move(keys.error())});
    std::vector<Hash256> slots;
    for (const auto& key : *keys) slots.push_back(key.slot);
    ask_account(chain, call, 2, std::move(slots), std::move(done),
                [address = *address, keys = std::move(*keys)](const auto& proven) -> rpc::Result {
                    AccountProof proof{
                        .account = proven.account, .nodes = proven.nodes, .slots = {}};
                    for (std::size_t i = 0; i < keys.size(); ++i) {
                        proof.slots.push_back({proven.slots[i], proven.slot_nodes[i]});
                    }
                    return proof_json(address, keys, proof);
                });
}

/// What is made of a whole block.
void ask_block(LightChain& chain, const rpc::Call& call, const BlockMethod& method,
               rpc::DoneText done) {
    auto question = method.read(call);
    if (!question) return done(std::unexpected{std::move(question.error())});
    const auto block = find_header(chain, question->ref);
    if (!block) return done("null");
    const auto text = std::make_shared<rpc::TextResult>();
    chain.light().block(
        call.now, *block, method.needs_receipts,
        [text, hash = block->hash,
         make = std::move(question->make)](const chain::LoggedBlock& logged) mutable {
            const auto made = make(logged, hash);
            if (made) {
                *text = json::serialize(*made);
            } else {
                *text = std::unexpected{made.error()};
            }
        },
        [text, done = std::move(done)](Now, const auto& proven) mutable {
            if (!proven) return done(rpc::refused(proven.error()));
            done(std::move(*text));
        });
}

/// Of a transaction in the chain, or null.
void ask_inclusion(LightChain& chain, const rpc::Call& call, rpc::Done done,
                   rpc::Result (*make)(const Asker::Included&, const Known&,
                                       const chain::Address& sender)) {
    const auto hash = rpc::hash_param(call, 0);
    if (!hash) return done(std::unexpected{hash.error()});
    chain.light().inclusion(call.now, *hash,
                            [&chain, make, done = std::move(done)](Now, const auto& found) mutable {
                                if (!found) return done(rpc::refused(found.error()));
                                if (!*found) return done(json::value{});
                                const auto block = chain.light().at((*found)->number);
                                const auto sender = recover_sender((*found)->transaction);
                                if (!block || !sender)
                                    return done(rpc::refused("header not found"));
                                done(make(**found, *block, *sender));
                            });
}

void eth_get_transaction_by_hash(LightChain& chain, const rpc::Call& call, rpc::Done done) {
    ask_inclusion(
        chain, call, std::move(done),
        [](const Asker::Included& found, const Known& block, const auto& sender) -> rpc::Result {
            return transaction_json(found.transaction, sender,
                                    {block.header, block.hash, found.index});
        });
}

void eth_get_transaction_receipt(LightChain& chain, const rpc::Call& call, rpc::Done done) {
    ask_inclusion(
        chain, call, std::move(done),
        [](const Asker::Included& found, const Known& block, const auto& sender) -> rpc::Result {
            return receipt_json(
                {block.header, block.hash, found.index, found.transaction, sender, found.receipt},
                {.gas_used = found.gas_before});
        });
}

void eth_send_raw_transaction(LightChain& chain, const rpc::Call& call, rpc::Done done) {
    auto raw = rpc::data_param(call, 0);
    if (!raw) return done(std::unexpected{raw.error()});
    auto bytes = SharedBytes::own(std::move(*raw));
    const auto tx = chain::decode_transaction(bytes);
    if (!tx) return done(rpc::refused(message(tx.error())));
    chain.light().submit(call.now, std::move(bytes),
                         [hash = tx->hash, done = std::move(done)](Now, const auto& taken) mutable {
                             if (!taken) return done(rpc::refused(taken.error()));
                             done(json::value(rpc::hex_data(hash)));
                         });
}

rpc::Result header_of(LightChain& chain, const BlockRef& ref) {
    const auto found = find_header(chain, ref);
    if (!found) return json::value{};
    return header_json(found->header, found->hash);
}

rpc::Result eth_get_header_by_number(LightChain& chain, const rpc::Call& call) {
    const auto ref = block_number_param(call, 0);
    if (!ref) return std::unexpected{ref.error()};
    return header_of(chain, *ref);
}

rpc::Result eth_get_header_by_hash(LightChain& chain, const rpc::Call& call) {
    const auto hash = rpc::hash_param(call, 0);
    if (!hash) return std::unexpected{hash.error()};
    return header_of(chain, BlockByHash{*hash});
}

rpc::Result eth_accounts(LightChain&, const rpc::Call&) {
    return json::array{};
}

rpc::Result eth_chain_id(LightChain& chain, const rpc::Call&) {
    return json::value(rpc::hex_quantity(chain.config().id));
}

rpc::Result eth_config(LightChain& chain, const rpc::Call&) {
    const auto& data = chain.data();
    return json::value(config_json({.chain_id = chain.config().id,
                                    .genesis_hash = data.engine->hash_of(data.first_header),
                                    .genesis_time_s = data.genesis.timestamp,
                                    .forks = data.genesis.forks},
                                   chain.light().head().header.timestamp));
}

rpc::Result eth_block_number(LightChain& chain, const rpc::Call&) {
    return json::value(rpc::hex_quantity(chain.light().head().header.number));
}

rpc::Result eth_syncing(LightChain& chain, const rpc::Call&) {
    const auto current = chain.light().head().header.number;
    const auto highest = chain.light().highest();
    // The next block is on its way.
    if (highest <= current + 1) return json::value(false);
    return json::value(
        progress_json({.starting = 0, .current = current, .highest = highest, .accounts = {}}));
}

rpc::Result eth_max_priority_fee(LightChain&, const rpc::Call&) {
    return json::value(rpc::hex_quantity(to_uint256(FeeOracle::tip_default)));
}

rpc::Result eth_gas_price(LightChain& chain, const rpc::Call&) {
    const auto tip = to_uint256(FeeOracle::tip_default);
    const auto head = chain.light().head().header;
    const auto price = checked_add(head.base_fee ? chain::next_base_fee(head) : Uint256{}, tip);
    return json::value(rpc::hex_quantity(price.value_or(tip)));
}

/// {number, …} of the headers, and what is missing.
rpc::Result parley_light(LightChain& chain, const rpc::Call&) {
    json::object out;
    chain.add_status(out);
    return out;
}

/// What is not in the chain, what no root covers, and what must be executed.
constexpr auto unproven = std::to_array<std::string_view>(
    {"eth_blobBaseFee", "eth_call", "eth_estimateGas", "eth_feeHistory", "eth_fillTransaction",
     "eth_getFilterChanges", "eth_getFilterLogs", "eth_getLogs", "eth_newBlockFilter",
     "eth_newFilter", "eth_newPendingTransactionFilter", "eth_subscribe", "eth_uninstallFilter",
     "eth_unsubscribe"});

}  // namespace

std::vector<rpc::Method> LightChain::rpc_methods() {
    rpc::MethodList<LightChain> list{*this};
    list.answers("eth_accounts", 0, &eth_accounts);
    list.answers("eth_blockNumber", 0, &eth_block_number);
    list.answers("eth_chainId", 0, &eth_chain_id);
    list.answers("eth_config", 0, &eth_config);
    list.answers("eth_gasPrice", 0, &eth_gas_price);
    list.answers("eth_getHeaderByHash", 1, &eth_get_header_by_hash);
    list.answers("eth_getHeaderByNumber", 1, &eth_get_header_by_number);
    list.answers("eth_maxPriorityFeePerGas", 0, &eth_max_priority_fee);
    list.answers("eth_syncing", 0, &eth_syncing);
    list.answers("parley_light", 0, &parley_light);
    list.starts("eth_getAccountInfo", 2, &eth_get_account_info);
    list.starts("eth_getBalance", 2, &eth_get_balance);
    list.starts("eth_getCode", 2, &eth_get_code);
    list.starts("eth_getProof", 3, &eth_get_proof);
    list.starts("eth_getStorageAt", 3, &eth_get_storage_at);
    list.starts("eth_getTransactionByHash", 1, &eth_get_transaction_by_hash);
    list.starts("eth_getTransactionCount", 2, &eth_get_transaction_count);
    list.starts("eth_getTransactionReceipt", 1, &eth_get_transaction_receipt);
    list.starts("eth_sendRawTransaction", 1, &eth_send_raw_transaction);
    for (const auto& method : block_methods()) {
        list.add({.name = std::string{method.name},
                  .params_max = method.params_max,
                  .start_text = [this, &method](const rpc::Call& call, rpc::DoneText done) {
                      ask_block(*this, call, method, std::move(done));
                  }});
    }
    auto out = list.take();
    for (const auto name : unproven) {
        out.push_back({.name = std::string{name},
                       .params_max = 16,
                       .answer = [name](const rpc::Call&) -> rpc::Result {
                           return rpc::refused(std::string{name} +
                                               ": a light node cannot prove it; ask a full node");
                       }});
    }
    return out;
}

}  // namespace parley::node
