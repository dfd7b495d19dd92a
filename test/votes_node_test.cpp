// A chain by votes, as its operators see it: four validators, a node that follows, kills.
#include "votes_cli.hpp"
#include <parley/chain/types/test_transactions.hpp>
#include <parley/node/chain_config.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::testing;

TEST_CASE("votes: four validators make blocks, also with one dead and after all were killed") {
    VotesCli net;
    net.make("ann");
    net.nodes["ann"] = net.start("ann");
    net.head_when("ann", 0);
    const auto first = net.target("ann");
    for (const std::string name : {"ben", "cem", "dot", "eva"}) {  // eva follows
        net.make(name, {"--static", first});
        net.nodes[name] = net.start(name);
    }
    net.head_when("eva", 2);

    auto tx = chain::testing::transfer(0);
    tx.chain_id = node::ChainConfig{}.id;
    const auto made = chain::testing::sign(tx, rich);
    net.ok({"tx", "send", net.folder("eva"), "0x" + to_hex(made.raw)});
    const auto hash = "0x" + to_hex(made.hash);
    net.status_when("ann", *net.nodes["ann"], [&](const auto&) {
        return !net.ask("ann", {"eth_getTransactionReceipt", hash}).is_null();
    });

    const auto dot = net.address_of("dot");
    const auto dead = net.address_of("cem");
    net.kill("dot");
    net.head_when("ann", net.head_of("ann") + 5);
    const auto number = net.head_of("ben");

    // With one more dead nothing can be agreed on, and whoever asks is told for whom it waits.
    net.kill("cem");
    const auto stuck = net.consensus_when("ann", [&](const auto& view) {
        const std::string text{view.at("waitsFor").as_string()};
        return text.find(" more ") != std::string::npos &&
               text.find(dead.substr(0, 10)) != std::string::npos;
    });
    CHECK(stuck.at("self") == boost::json::value(net.address_of("ann")));
    CHECK(net.ok({"consensus", net.folder("eva")}).find("follows: it has no") != std::string::npos);
    net.nodes["cem"] = net.start("cem");
    net.head_when("ann", net.head_of("ann") + 1);

    // A validator that was killed goes on from what it wrote down.
    for (const std::string name : {"ben", "cem"}) {
        net.kill(name);
        net.nodes[name] = net.start(name);
    }
    net.head_when("eva", number + 3);
    const auto same = [&](const std::string& name) {
        return net.ask(name, {"eth_getBlockByNumber", fmt::format("{:#x}", number), "false"})
            .at("hash");
    };
    CHECK(same("ann") == same("eva"));
    CHECK(same("cem") == same("ben"));
    CHECK(same("ann") == same("ben"));

    // One that lost its record is silent: its key voted lately. Its owner knows better.
    net.kill("cem");
    std::filesystem::remove(net.folder("cem") + "/chain/votes.0");
    std::filesystem::remove(net.folder("cem") + "/chain/votes.1");
    net.nodes["cem"] = net.start("cem");
    net.consensus_when("cem", [&](const auto& view) {
        const auto* from = view.as_object().if_contains("speaksFrom");
        return from != nullptr && !from->is_null() &&
               from->template to_number<std::int64_t>() > at(view, "/height") + 50;
    });
    net.ok({"validators", "resume", net.folder("cem")});
    CHECK(net.run({"validators", "resume", net.folder("cem")}).exit_code == 1);
    net.head_when("ann", net.head_of("ann") + 2);

    // The one that is gone is voted out: three of four must say so.
    for (const std::string name : {"ann", "ben"}) {
        net.ok({"validators", "propose", net.folder(name), dot, "--remove"});
    }
    const auto open = net.ok({"validators", net.folder("ann")});
    CHECK(open.find(dot + "  this node votes to remove it\n") != std::string::npos);
    net.ok({"validators", "propose", net.folder("cem"), dot, "--remove"});
    net.status_when("eva", *net.nodes["eva"], [&](const auto&) {
        const auto now = net.ask("eva", {"qbft_getValidatorsByBlockNumber", "latest"});
        return now.as_array().size() == 3;
    });
    CHECK(net.run({"validators", "propose", net.folder("ann"), dot, "--remove"}).err ==
          fmt::format("parley: {} is no validator\n", dot));
    CHECK(net.run({"validators", "propose", net.folder("eva"), dot, "--add"}).err ==
          "parley: this node makes no blocks: it has no validator's key\n");
    for (const std::string name : {"ann", "ben", "cem", "eva"}) end(*net.nodes[name]);
}

TEST_CASE("votes: what names no validators is refused, with what is wrong") {
    VotesCli net;
    const auto key = net.key_of("ann");
    CHECK(net.run({"genesis", "--validator-key", key, "--validator-key", key})
              .err.find("comes twice") != std::string::npos);
    CHECK(net.run({"genesis", "--validator", "0x12"})
              .err.find("--validator: expected an address, 40 hex digits, got \"0x12\"") !=
          std::string::npos);
    CHECK(net.run({"genesis", "--validator-key", key, "--signer-key", key}).exit_code != 0);
    write_file(net.genesis, net.ok({"genesis", "--signer-key", key}));
    const auto wrong =
        net.run({"init", net.folder("fay"), "--chain", net.genesis, "--engine", "qbft"});
    CHECK(wrong.exit_code == 1);
    CHECK(wrong.err.find("extraData: expected QBFT's with the first validators: ") !=
          std::string::npos);
}
