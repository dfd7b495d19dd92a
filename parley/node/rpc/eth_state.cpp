#include <parley/crypto/hash.hpp>
#include <parley/node/rpc/address_param.hpp>
#include <parley/node/rpc/answers.hpp>
#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/node/rpc/find_block.hpp>
#include <parley/node/rpc/proof_json.hpp>
#include <parley/node/rpc/state_way.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/params.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace parley::node {

namespace {

namespace json = rpc::json;

/// The account of the first parameter, after the block of another one.
struct AccountAt {
    Hash256 key{};
    StateWay way;
    chain::Account account;
};

Result<AccountAt, rpc::Error> account_at(EthRpc& eth, const rpc::Call& call,
                                         std::size_t block_index) {
    const auto address = address_param(call, 0);
    if (!address) return std::unexpected{address.error()};
    const auto ref = block_param(call, block_index);
    if (!ref) return std::unexpected{ref.error()};
    const auto* chain = eth.chain();
    if (chain == nullptr) return eth.no_ledger();
    const auto block = require_block(*chain, *ref);
    if (!block) return std::unexpected{block.error()};
    auto way = StateWay::to(chain->ledger, block->header);
    if (!way) return std::unexpected{std::move(way.error())};
    const auto key = crypto::keccak256(*address);
    const auto account = way->account(key);
    if (!account) return std::unexpected{store_failure(account.error())};
    return AccountAt{key, std::move(*way), account->value_or(chain::Account{})};
}

Result<std::string, rpc::Error> code_of(EthRpc& eth, const chain::Account& account) {
    if (!account.has_code()) return "0x";
    const auto code = eth.chain()->ledger.state().code(account.code_hash);
    if (!code) return std::unexpected{store_failure(code.error())};
    return rpc::hex_data(code->value_or(Buffer{}));
}

rpc::Result eth_get_balance(EthRpc& eth, const rpc::Call& call) {
    const auto at = account_at(eth, call, 1);
    if (!at) return std::unexpected{at.error()};
    return json::value(rpc::hex_quantity(at->account.balance));
}

/// "pending": the nonce after the account's run in the pool. Without a ledger accounts begin at 0.
rpc::Result eth_get_transaction_count(EthRpc& eth, const rpc::Call& call) {
    const auto address = address_param(call, 0);
    if (!address) return std::unexpected{address.error()};
    const auto ref = block_param(call, 1);
    if (!ref) return std::unexpected{ref.error()};
    std::uint64_t nonce = 0;
    if (eth.chain() != nullptr || eth.awaits_state()) {
        const auto at = account_at(eth, call, 1);
        if (!at) return std::unexpected{at.error()};
        nonce = at->account.nonce;
    }
    if (*ref == BlockRef{BlockTag::pending}) {
        nonce = std::max(nonce, eth.services().pool.next_nonce(*address).value_or(0));
    }
    return json::value(rpc::hex_quantity(nonce));
}

rpc::Result eth_get_code(EthRpc& eth, const rpc::Call& call) {
    const auto at = account_at(eth, call, 1);
    if (!at) return std::unexpected{at.error()};
    const auto code = code_of(eth, at->account);
    if (!code) return std::unexpected{code.error()};
    return json::value(*code);
}

rpc::Result eth_get_storage_at(EthRpc& eth, const rpc::Call& call) {
    const auto text = rpc::text_param(call, 1, "a storage key");
    if (!text) return std::unexpected{text.error()};
    const auto key = read_storage_key(*text);
    if (!key) return std::unexpected{key.error()};
    const auto at = account_at(eth, call, 2);
    if (!at) return std::unexpected{at.error()};
    const auto value = at->way.slot(at->key, crypto::keccak256(key->slot));
    if (!value) return std::unexpected{store_failure(value.error())};
    return json::value(rpc::hex_data(*value));
}

rpc::Result eth_get_account_info(EthRpc& eth, const rpc::Call& call) {
    const auto at = account_at(eth, call, 1);
    if (!at) return std::unexpected{at.error()};
    const auto code = code_of(eth, at->account);
    if (!code) return std::unexpected{code.error()};
    return json::value{{"balance", rpc::hex_quantity(at->account.balance)},
                       {"nonce", rpc::hex_quantity(at->account.nonce)},
                       {"code", *code}};
}

void eth_get_proof(EthRpc& eth, const rpc::Call& call, rpc::DoneText done) {
    const auto address = address_param(call, 0);
    if (!address) return done(std::unexpected{address.error()});
    auto keys = storage_keys_param(call, 1);
    if (!keys) return done(std::unexpected{std::move(keys.error())});
    const auto ref = block_param(call, 2);
    if (!ref) return done(std::unexpected{ref.error()});
    const auto* chain = eth.chain();
    if (chain == nullptr) return done(eth.no_ledger());
    const auto block = require_block(*chain, *ref);
    if (!block) return done(std::unexpected{block.error()});
    answer_from_state(
        eth, call.now, block->header,
        [address = *address, keys = std::move(*keys)](const SlowReads::StateAt& at) -> rpc::Result {
            const auto proof =
                read_proof(at.view, at.nodes, at.block.header.state_root, address, keys);
            if (!proof) return std::unexpected{proof.error()};
            return proof_json(address, keys, *proof);
        },
        std::move(done));
}

}  // namespace

void add_state_methods(EthMethods& list) {
    list.answers("eth_getAccountInfo", 2, &eth_get_account_info);
    list.answers("eth_getBalance", 2, &eth_get_balance);
    list.answers("eth_getCode", 2, &eth_get_code);
    list.starts_text("eth_getProof", 3, &eth_get_proof);
    list.answers("eth_getStorageAt", 3, &eth_get_storage_at);
    list.answers("eth_getTransactionCount", 2, &eth_get_transaction_count);
}

}  // namespace parley::node
