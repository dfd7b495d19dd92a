// A replicated key-value store: a whole node on its own folder, with discovery, JSON-RPC and the
// commands of `parley` (parley status FOLDER). Start it once; then again, with another folder and
// the target that the first one printed. Nodes find the others by themselves.
//
//     echo '{"jsonrpc":"2.0","id":1,"method":"kv_set","params":["name","value"]}' |
//         curl --unix-socket FOLDER/parley.sock -H 'Content-Type: application/json' -d @- localhost
#include "kv_module.hpp"
#include <parley/rpc/params.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/node_host.hpp>

#include <exception>
#include <iostream>

namespace {

using namespace parley;

std::vector<rpc::Method> methods(kv::Module& module) {
    const auto set = [&module](const rpc::Call& call) -> rpc::Result {
        const auto key = rpc::text_param(call, 0, "a key");
        if (!key) return std::unexpected{key.error()};
        const auto value = rpc::text_param(call, 1, "a value");
        if (!value) return std::unexpected{value.error()};
        if (!module.set(std::string{*key}, std::string{*value})) {
            return rpc::refused("the key or the value is too long, or the store is full");
        }
        return rpc::json::value(module.store().height());
    };
    const auto get = [&module](const rpc::Call& call) -> rpc::Result {
        const auto key = rpc::text_param(call, 0, "a key");
        if (!key) return std::unexpected{key.error()};
        const auto value = module.store().find(std::string{*key});
        return value ? rpc::json::value(*value) : rpc::json::value(nullptr);
    };
    const auto height = [&module](const rpc::Call&) -> rpc::Result {
        return rpc::json::value(module.store().height());
    };
    return {{.name = "kv_set", .params_max = 2, .owner_only = true, .answer = set},
            {.name = "kv_get", .params_max = 1, .answer = get},
            {.name = "kv_height", .answer = height}};
}

p2p::Config config() {
    p2p::Config config;
    config.client = "kv/1.0";
    config.network.name = "kv";
    config.network.id = 4711;
    // This machine alone, until the folder's parley.toml says otherwise.
    config.p2p.listen = {{*IpAddress::parse("127.0.0.1"), 0}};
    config.p2p.allow_private = true;
    return config;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc < 2) throw std::runtime_error{"usage: kv FOLDER [TARGET...]"};
    kv::Module module{runtime::random_seed()};
    runtime::NodeHost host{
        {.folder = argv[1], .config = config(), .modules = {&module}, .methods = methods(module)}};
    host.add_metrics([&module](p2p::Metrics& metrics, Now) {
        metrics.gauge("kv_keys", "Keys in the store.").add(module.store().keys());
    });
    host.add_status(
        [&module](rpc::json::object& out) { out["kv_height"] = module.store().height(); });
    for (const auto& endpoint : host.listening()) {
        std::cout << "others join with: kv FOLDER " << Target{host.id(), endpoint}.to_string()
                  << std::endl;
    }
    for (int i = 2; i < argc; ++i) {
        const auto target = Target::read(argv[i]);
        if (!target) throw std::runtime_error{target.error()};
        host.post([&host, target = *target](Now now) { host.network().add_peer(now, target); });
    }
    host.run();  // until SIGINT or SIGTERM
} catch (const std::exception& error) {
    std::cerr << "kv: " << error.what() << std::endl;
    return 1;
}
