// For tests: a ledger with funded accounts, a pool, and the methods eth_* over them.
#pragma once

#include <parley/chain/ledger/test_chain.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/rpc/dispatcher.hpp>
#include <parley/rpc/hex.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::node::testing {

namespace json = boost::json;

inline std::string quoted(std::string_view text) {
    return fmt::format("\"{}\"", text);
}
inline std::string hash_text(const Hash256& hash) {
    return quoted(rpc::hex_data(hash));
}

/// An account of the genesis that has code and a slot.
inline const chain::Address contract{{std::byte{0xc0}}};
inline const Hash256 contract_slot{std::byte{1}};

/// A connection that keeps what it is told.
struct ToldSession final : rpc::Session {
    std::vector<json::value> told;
    bool ended = false;
    int holds = 0;

    void notify(std::string text) override { told.push_back(json::parse(text)); }
    void hold_until_replied() override { ++holds; }
    bool has_ended() const override { return ended; }
    std::vector<json::value> take() { return std::exchange(told, {}); }
};

struct EthRig {
    chain::testing::TestChain chain;
    chain::TxPool pool;
    chain::TxRelay relay{{}, pool, Rng{1}};
    std::optional<EthRpc> eth;
    std::optional<rpc::Dispatcher> dispatcher;
    std::optional<std::uint64_t> finalized;
    std::optional<SyncProgress> syncing;
    std::shared_ptr<ToldSession> session;  ///< of who asks; null: it cannot be notified
    Now now{Instant{std::chrono::seconds{100}}, UnixTime{std::chrono::seconds{1'000}}};

    /// Without a ledger if `with_ledger` is false.
    explicit EthRig(bool with_ledger = true) {
        if (with_ledger) open_chain();
        eth.emplace(EthServices{.chain_id = 1, .pool = pool, .relay = relay}, Rng{2});
        if (with_ledger) use_chain();
        dispatcher.emplace(rpc::DispatcherLimits{});
        dispatcher->add(eth->methods());
    }

    void run_jobs() {
        if (chain.ledger) chain::testing::run_all(*chain.jobs, now);
    }
    /// The reply to one method, which must have that member; `params` is JSON without brackets.
    json::value ask(std::string_view method, std::string_view params, std::string_view member) {
        std::optional<std::string> reply;
        dispatcher->handle(now,
                           fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":[{}]}})",
                                       method, params),
                           {rpc::Origin::http, session}, [&](std::string text) {
                               REQUIRE_FALSE(reply);
                               reply = std::move(text);
                           });
        run_jobs();
        REQUIRE_MESSAGE(reply, method);
        auto value = json::parse(*reply);
        REQUIRE_MESSAGE(value.as_object().contains(member), *reply);
        return value.at(member);
    }
    json::value result(std::string_view method, std::string_view params = "") {
        return ask(method, params, "result");
    }
    /// "code: message".
    std::string error(std::string_view method, std::string_view params = "") {
        const auto value = ask(method, params, "error");
        return fmt::format("{}: {}", value.at("code").as_int64(),
                           value.at("message").as_string().c_str());
    }
    /// Into the pool, unsent.
    void pool_insert(const chain::Transaction& tx) {
        const auto inserted = pool.insert(tx, *chain::recover_sender(tx), now, {.local = true});
        REQUIRE(chain::is_new(inserted));
    }
    std::string account(std::uint64_t seed) const {
        return quoted(chain::testing::address_of(seed).to_string());
    }

private:
    chain::GenesisBlock genesis() const {
        MemoryStore nothing;
        const chain::State empty{nothing, chain::empty_root_hash, 1};
        chain::StateEdit edit{empty};
        chain::Account account;
        for (std::uint64_t i = 0; i < chain.accounts; ++i) {
            account.balance = to_uint256(10'000'000'000'000'000'000U);
            edit.set_account(chain::testing::address_of(i), account);
        }
        const Buffer code{std::byte{0x60}, std::byte{0x01}};
        account.code_hash = crypto::keccak256(code);
        account.balance = to_uint256(7);
        edit.set_account(contract, account);
        edit.add_code(account.code_hash, code);
        edit.set_slot(contract, contract_slot, to_uint256(0x1234));
        auto commit = commit_state(empty, chain::empty_root_hash, edit.take());
        REQUIRE(commit);
        auto out = chain::testing::genesis_of(0);
        out.header.state_root = commit->root;
        out.state = std::move(*commit);
        return out;
    }
    void open_chain() {
        auto opened = chain::Ledger::open({.execution = chain.execution,
                                           .engine = chain.engine,
                                           .store = chain.store,
                                           .log_file = chain.log_file,
                                           .jobs = *chain.jobs},
                                          genesis(), chain.config);
        REQUIRE(opened);
        chain.ledger = std::move(*opened);
    }
    void use_chain() {
        eth->use_ledger({.ledger = *chain.ledger,
                         .execution = chain.execution,
                         .engine = chain.engine,
                         .jobs = *chain.jobs,
                         .forks = chain::testing::merged_schedule(),
                         .genesis_time_s = 1'000,
                         .finalized = [this] { return finalized; },
                         .syncing = [this] { return syncing; }});
    }
};

}  // namespace parley::node::testing
