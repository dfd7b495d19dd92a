#include "proof_node.hpp"
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/node/chain.hpp>
#include <parley/runtime/node_host.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

namespace parley::bench {
namespace {

using namespace parley::chain;

/// By votes, of a validator that is not there: there is the genesis alone.
node::ChainData chain_data() {
    Genesis genesis;
    genesis.chain_id = node::ChainConfig{}.id;
    genesis.forks.london_block = 0;
    genesis.forks.terminal_total_difficulty = Uint256{};
    genesis.gas_limit = 30'000'000;
    qbft::ExtraData extra;
    extra.validators = {proof_account(0)};
    genesis.extra_data = extra.encode();
    auto engine = node::make_engine("qbft", genesis).value();
    for (std::size_t i = 0; i < proof_accounts; ++i) {
        genesis.alloc[proof_account(i)].balance = to_uint256(i + 1);
    }
    auto first = make_genesis_block(genesis);
    genesis.alloc.clear();
    return {.genesis = std::move(genesis),
            .genesis_block = std::move(first),
            .engine = std::move(engine),
            .store = std::make_shared<MemoryStore>(),
            .log_file = std::make_shared<MemoryLog>()};
}

}  // namespace

Address proof_account(std::uint64_t number) {
    return Address{array_of<20>(Bytes{to_uint256(0x1'0000 + number)}.last(20))};
}

int proof_node(const std::vector<std::string>& arguments) {
    auto data = chain_data();
    const auto header = data.genesis_block.header.encode();
    const node::ChainConfig config;
    const auto facts = node::facts_of(config, data);
    node::Chain chain{config, Rng{1}, std::move(data)};
    runtime::NodeHostOptions options;
    options.folder = arguments.at(0);
    options.config.client = "parley-bench";
    options.config.p2p.listen = {*Endpoint::parse("127.0.0.1:0")};
    options.config.rpc.http = Endpoint::parse("127.0.0.1:0");
    options.config.log.level = LogLevel::error;
    options.modules = chain.modules();
    options.methods = chain.rpc_methods();
    runtime::NodeHost host{std::move(options)};
    host.set_chain(facts);
    host.start();
    fmt::print("{}\n{}\n{}\n", host.rpc_endpoint()->to_string(),
               Target{host.id(), host.listening().front()}.to_string(), to_hex(header));
    std::fflush(stdout);
    ::pause();
    return 0;
}

ProofNode::ProofNode()
    : process(std::make_unique<PeerProcess>(
          std::vector<std::string>{"proof-node", folder.file("node")})) {
    http = Endpoint::parse(process->read_line()).value();
    target = Target::parse(process->read_line()).value();
    genesis =
        decode_header(from_hex(process->read_line()).value(), qbft::extra_data_bytes_max).value();
}

}  // namespace parley::bench
