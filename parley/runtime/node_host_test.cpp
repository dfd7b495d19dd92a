// A whole node in a program of its own: folder, modules, methods, figures, discovery by settings.
#include <parley/runtime/node_host.hpp>

#include <parley/rpc/params.hpp>
#include <parley/runtime/http/rpc_client.hpp>
#include <parley/runtime/http/test_http.hpp>
#include <parley/runtime/test_dir.hpp>
#include <parley/runtime/test_node.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace parley;
using namespace parley::runtime;
using namespace parley::runtime::test;

namespace {

p2p::Config loopback() {
    p2p::Config config;
    config.client = "test/1.0";
    config.network = {.name = "test", .id = 77};
    config.p2p.listen = {any_port};
    config.p2p.allow_private = true;
    config.rpc.http = any_port;
    config.metrics.listen = any_port;
    config.log.file = "test.log";
    return config;
}

boost::json::value call(const NodeHost& host, std::string_view method,
                        std::string_view params = "[]") {
    const auto reply = rpc_post(*host.rpc_endpoint(), R"({"jsonrpc":"2.0","id":1,"method":")" +
                                                          std::string{method} + R"(","params":)" +
                                                          std::string{params} + "}");
    REQUIRE(reply);
    return boost::json::parse(*reply);
}

std::string text_of_file(const std::string& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("node host: two programs with a module of their own find each other by the settings") {
    const TestDir dir;
    Stream from{{.count = 50}};
    Stream to{{.expected = 50}};
    NodeHost first{{.folder = dir.file("first"), .config = loopback(), .modules = {&to}}};
    first.start();
    auto config = loopback();
    config.p2p.boot = {{first.id(), first.listening().front()}};
    NodeHost second{{.folder = dir.file("second"), .config = config, .modules = {&from}}};
    second.start();
    CHECK(to.complete());
    const auto status = call(second, "parley_status").at("result");
    CHECK(status.at("network") == "test");
    CHECK(status.at("networkId") == 77);
    CHECK_FALSE(status.as_object().contains("pool"));  // there is no chain
    CHECK(call(second, "eth_chainId").at("error").at("code") == -32601);
}

TEST_CASE("node host: methods, figures, status and settings of the program's own") {
    const TestDir dir;
    std::int64_t answer = 42;
    p2p::SettingList settings;
    settings.table("kv").number("answer", "What is answered.", 0, 1000, answer);
    NodeHost host{{.folder = dir.file("node"), .config = loopback(), .settings = settings}};
    host.add_methods({{.name = "kv_answer", .params_max = 1, .answer = [&](const rpc::Call& c) {
                           const auto text = rpc::text_param(c, 0, "a question");
                           if (!text) return rpc::Result{std::unexpected{text.error()}};
                           return rpc::Result{answer};
                       }}});
    host.add_metrics([&](p2p::Metrics& metrics, Now) {
        metrics.gauge("kv_answer", "What is answered.").add(answer);
    });
    host.add_status([](auto& out) { out["kv"] = "here"; });
    host.start();
    CHECK(call(host, "kv_answer", R"(["?"])").at("result") == 42);
    CHECK(call(host, "kv_answer", "[1]").at("error").at("message") ==
          "params[0]: expected a question, got number");
    CHECK(call(host, "parley_status").at("result").at("kv") == "here");
    const auto page = http_get(*host.metrics_endpoint(), "/metrics");
    CHECK(page.find("\nkv_answer 42\n") != std::string::npos);
    CHECK(page.find("\nparley_slots_limit") != std::string::npos);
    CHECK(text_of_file(dir.file("node") + "/parley.toml").find("[kv]\n# What is answered.\n") !=
          std::string::npos);
}

TEST_CASE("node host: settings with a password are for the user alone, or the log says so") {
    const TestDir dir;
    const auto settings = dir.file("node") + "/parley.toml";
    auto config = loopback();
    config.p2p.proxy = {.endpoint = *Endpoint::parse("127.0.0.1:9"), .user = "u", .password = "p"};
    const auto complaints = [&] {
        NodeHost{{.folder = dir.file("node"), .config = config}}.start();
        const auto log = text_of_file(dir.file("node") + "/test.log");
        return log.find("a password can be read by others file=" + settings) != std::string::npos;
    };
    CHECK_FALSE(complaints());
    using std::filesystem::perms;
    CHECK(std::filesystem::status(settings).permissions() ==
          (perms::owner_read | perms::owner_write));
    std::filesystem::permissions(settings, perms::others_read, std::filesystem::perm_options::add);
    CHECK(complaints());
}

TEST_CASE("node host: p2p.as_map names a file in the folder, and a bad one is told at the start") {
    const TestDir dir;
    const auto begin = [&] {
        NodeHost{{.folder = dir.file("node"), .config = loopback()}}.start();
    };
    begin();
    {
        const auto settings = dir.file("node") + "/parley.toml";
        auto text = text_of_file(settings);
        const auto at = text.find("as_map = \"\"");
        REQUIRE(at != text.npos);
        std::ofstream{settings} << text.insert(at + 10, "as.txt");
    }
    const auto path = dir.file("node") + "/as.txt";
    CHECK_THROWS_WITH(begin(), ("cannot open " + path + ": No such file or directory").c_str());
    std::ofstream{path} << "# one\n203.0.113.0/24\n";
    CHECK_THROWS_WITH(begin(), (path + ":2: no AS behind the prefix").c_str());
    std::ofstream{path} << "203.0.113.0/24 64500\n";
    NodeHost host{{.folder = dir.file("node"), .config = loopback()}};
    const auto owner = host.config().owners.of(*IpAddress::parse("203.0.113.9"));
    CHECK(owner.to_string() == "AS64500");
}

TEST_CASE("node host: the folder keeps the identity, and lets in one process at a time") {
    const TestDir dir;
    NodeId id;
    {
        NodeHost host{{.folder = dir.file("node"), .config = loopback()}};
        id = host.id();
        CHECK_THROWS_WITH((NodeHost{{.folder = dir.file("node"), .config = loopback()}}),
                          ("another node runs in " + dir.file("node")).c_str());
    }
    std::int64_t answer = 0;
    p2p::SettingList settings;
    settings.table("kv").number("answer", "What is answered.", 0, 1000, answer);
    {
        std::ofstream file{dir.file("node") + "/parley.toml", std::ios::app};
        file << "\n[kv]\nanswer = 7\n";
    }
    CHECK_THROWS_AS((NodeHost{{.folder = dir.file("node")}}), std::runtime_error);
    NodeHost host{{.folder = dir.file("node"), .settings = settings}};
    CHECK(host.id() == id);
    CHECK(answer == 7);
    CHECK(host.config().network.id == 77);
    CHECK_THROWS_AS((NodeHost{{.folder = dir.file("none"), .make_folder = false}}),
                    std::runtime_error);
}

TEST_CASE("node host: the log is no other file of the folder, by whatever name") {
    const TestDir dir;
    const Folder folder{dir.file("node")};
    for (const auto& file : {folder.key(), folder.config(), folder.store(), folder.lock()}) {
        CHECK(p2p::is_taken_in_folder(std::filesystem::path{file}.filename().string()));
    }
    auto config = loopback();
    config.log.file = folder.store();
    CHECK_THROWS_WITH(
        (NodeHost{{.folder = folder.path, .config = config}}),
        (folder.config() + ": log.file: \"" + folder.store() + "\" is " + folder.store()).c_str());
}
