// A light client: asks a full node for the balance of an account, and believes what is proven under
// a header that the chain's validators sealed. It starts from a header that its user trusts, as RLP
// in hex (parley rpc DIR debug_getRawHeader 0x0):
//
//     balance NETWORK-ID CHAIN-ID HEADER ID@ADDRESS:PORT ACCOUNT
#include <parley/chain/light/light_node.hpp>
#include <parley/runtime/module_host.hpp>

#include <future>
#include <iostream>

using namespace parley;
using namespace parley::chain;

int main(int argc, char** argv) try {
    if (argc != 6) throw std::invalid_argument{"expected 5 arguments"};
    const auto raw = from_hex(std::string_view{argv[3]}.substr(2)).value();  // "0x…"
    const auto header = decode_header(raw, qbft::extra_data_bytes_max).value();
    const auto account = Address::parse(argv[5]).value();
    const auto engine = std::make_shared<const qbft::Qbft>(qbft::QbftConfig{});
    const ChainHeader first{header, engine->hash_of(header), header.difficulty};

    MemoryStore headers;
    light::LightNode node{{}, {engine, first, headers}, Rng{runtime::random_seed()}};
    std::promise<std::string> answer;
    bool is_asked = false;
    node.on_head([&](Now now, const light::LightNode::Known& head) {
        if (std::exchange(is_asked, true)) return;
        node.account(now, head, account, {}, [&](Now, const auto& proven) {
            if (!proven) return answer.set_value(proven.error());
            const auto balance = proven->account.value_or(Account{}).balance;
            answer.set_value(to_decimal(balance) + " wei after block " +
                             std::to_string(node.head().header.number));
        });
    });
    runtime::ModuleHost host{{&node},
                             {.listen = {},
                              .network_id = std::stoull(argv[1]),
                              .genesis = first.hash,
                              .chain_id = std::stoull(argv[2]),
                              .roles = transport::role::light}};
    host.start();
    host.dial(Target::parse(argv[4]).value());
    std::cout << answer.get_future().get() << std::endl;
} catch (const std::exception& error) {
    std::cerr << "balance: " << error.what() << std::endl;
    return 1;
}
