// For tests of Rpc: a node that is asked.
#pragma once

#include <parley/node/node.hpp>
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

namespace parley::node {

namespace json = boost::json;

/// In memory; has no room for as long as it is told so.
struct SmallStore final : Store {
    bool full = false;
    MemoryStore memory;

    Result<std::optional<Buffer>, StoreError> get(std::string_view table, Bytes key) override {
        return memory.get(table, key);
    }
    Result<void, StoreError> scan_from(std::string_view table, Bytes first,
                                       const Visitor& visit) override {
        return memory.scan_from(table, first, visit);
    }
    Result<void, StoreError> write(const StoreBatch& batch) override {
        if (full) return std::unexpected{StoreError{StoreErrc::full, 0, 0}};
        return memory.write(batch);
    }
};

/// Of a node on loopback that takes part in the DHT.
inline NodeConfig listening() {
    NodeConfig config;
    config.p2p.listen = {*Endpoint::parse("127.0.0.1:9000")};
    config.p2p.advertise = config.p2p.listen;
    config.p2p.allow_private = true;
    return config;
}

/// A node that nobody drives but the test, with its RPC.
struct RpcNode {
    SmallStore store;
    SeededEntropy dht_entropy{3};  // of use to a node that listens
    std::unique_ptr<Node> node;
    std::shared_ptr<p2p::RpcExtras> extras;
    std::optional<rpc::Dispatcher> rpc;
    Now now{Instant{100s}, UnixTime{1s}};
    NodeConfig config;

    explicit RpcNode(NodeConfig settings = {}) : config(std::move(settings)) { restart(); }

    /// As a process that ends and begins again, with what it had saved.
    void restart() {
        rpc.reset();
        node.reset();
        SeededEntropy entropy{1};
        auto made = Node::create(config, NodeKey::generate(entropy), store, no_log(), Rng{2}, now,
                                 {}, &dht_entropy);
        REQUIRE(made);
        node = std::move(*made);
        rpc.emplace(p2p::dispatcher_for(*node));
        extras = std::make_shared<p2p::RpcExtras>();
        rpc->add(rpc_methods(*node, extras));
    }

    /// What changed is in the store.
    void save() {
        now.instant += 1s;
        node->on_timer(now);
        work();
    }

    /// Jobs run until none is left.
    void work() {
        for (auto jobs = node->take_jobs(); !jobs.empty(); jobs = node->take_jobs()) {
            for (auto& job : jobs) {
                job.run();
                node->finish_job(job, now);
            }
        }
    }

    /// The reply as it is sent, without running jobs; nothing if there is none yet.
    std::optional<std::string> ask(std::string_view body, rpc::Origin origin = rpc::Origin::http) {
        auto reply = std::make_shared<std::optional<std::string>>();
        rpc->handle(now, body, origin, [reply](std::string text) {
            CHECK_FALSE(*reply);
            *reply = std::move(text);
        });
        work();
        return *reply;
    }

    /// The reply to one method, which must have that member; `params` is JSON.
    json::value call(std::string_view method, std::string_view params, rpc::Origin origin,
                     std::string_view member) {
        const auto reply = ask(
            fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":{}}})", method, params),
            origin);
        REQUIRE(reply);
        auto value = json::parse(*reply);
        REQUIRE_MESSAGE(value.as_object().contains(member), *reply);
        return value;
    }

    /// The result of one method.
    json::value result(std::string_view method, std::string_view params = "[]",
                       rpc::Origin origin = rpc::Origin::http) {
        const auto value = call(method, params, origin, "result");
        CHECK(value.at("jsonrpc") == "2.0");
        CHECK(value.at("id") == 1);
        return value.at("result");
    }

    /// "code: message" of one method's error.
    std::string error(std::string_view method, std::string_view params = "[]",
                      rpc::Origin origin = rpc::Origin::http) {
        const auto value = call(method, params, origin, "error");
        return fmt::format("{}: {}", value.at_pointer("/error/code").as_int64(),
                           value.at_pointer("/error/message").as_string().c_str());
    }

    json::value send(const chain::Transaction& tx) {
        return result("eth_sendRawTransaction", "[\"" + rpc::hex_data(tx.raw) + "\"]");
    }
};

}  // namespace parley::node
