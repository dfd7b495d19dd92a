#include <parley/p2p/config/config.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::p2p;

namespace {

std::string error_of(std::string_view toml) {
    const auto config = parse_config(toml, "parley.toml");
    return config ? "no error" : config.error().message;
}

}  // namespace

TEST_CASE("the template parses back to what it was made of") {
    Config config;
    config.network.id = 42;
    config.network.forks = {10, 20};
    config.network.fork_times = {1'700'000'000};
    config.p2p.listen = {*Endpoint::parse("127.0.0.1:30303")};
    config.p2p.boot = {
        *Target::parse(
            "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5@127.0.0.1:1"),
        *Target::parse("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16"
                       "f81798@boot.example.org:30770")};
    config.p2p.allow_private = true;
    config.p2p.proxy = {
        .endpoint = *Endpoint::parse("[::1]:1080"), .user = "alice", .password = "a \"b\" \\c"};
    config.p2p.heartbeat_interval = 7s;
    config.permissions.allow = {config.p2p.boot[0].id};
    config.permissions.private_peers = config.permissions.allow;
    config.permissions.private_only = true;
    config.rpc.http = Endpoint::parse("127.0.0.1:8545");
    config.rpc.allowed_origins = {"https://wallet.example", "http://localhost:3000"};
    config.metrics.listen = Endpoint::parse("127.0.0.1:9464");
    config.log.level = LogLevel::debug;
    const auto text = settings_template(settings_of(config));
    auto again = parse_config(text, "parley.toml");
    REQUIRE_MESSAGE(again, error_of(text));
    CHECK(settings_template(settings_of(*again)) == text);
    CHECK(again->network.id == 42);
    CHECK(again->network.forks == config.network.forks);
    CHECK(again->network.fork_times == config.network.fork_times);
    CHECK(again->p2p.boot == config.p2p.boot);
    CHECK(again->p2p.proxy == config.p2p.proxy);
    CHECK(again->p2p.heartbeat_interval == 7s);
    CHECK(again->permissions.allow == config.permissions.allow);
    CHECK(again->permissions.private_peers == config.permissions.private_peers);
    CHECK(again->permissions.private_only);
    CHECK_FALSE(again->permissions.enabled);
    CHECK(again->rpc.allowed_origins == config.rpc.allowed_origins);
    CHECK(again->metrics.listen == config.metrics.listen);
    CHECK(again->log.level == LogLevel::debug);
}

TEST_CASE("an empty configuration is the default one") {
    Config defaults;
    auto parsed = *parse_config("", "x");
    CHECK(settings_template(settings_of(parsed)) == settings_template(settings_of(defaults)));
}

TEST_CASE(
    "limits of bandwidth are given in KiB a second; the links of one node share those of all") {
    const auto config = parse_config("[p2p]\nupload_max = 100\nupload_per_peer_max = 20", "x");
    REQUIRE(config);
    const auto link = config->link();
    CHECK(link.bandwidth.up_per_link == 20 * 1024);
    CHECK(link.bandwidth.down_per_link == 0);
    CHECK(link.bandwidth.up_all->limits());
    CHECK(link.bandwidth.limit_down() == nullptr);
}

TEST_CASE("bad settings are named with file, line and key") {
    CHECK(error_of("[p2p]\noutbound_max = -1") ==
          "parley.toml:2: p2p.outbound_max: expected 0 to 1000, got -1");
    CHECK(error_of("[p2p]\n\nlisten = 5") ==
          "parley.toml:3: p2p.listen: expected a list of \"address:port\", got 5");
    CHECK(error_of("[p2p]\nlisten = [\"here\"]") ==
          "parley.toml:2: p2p.listen: expected \"address:port\" (not \"here\"), got [ 'here' ]");
    CHECK(error_of("[rpc]\nhttp = \"8.8.8.8:80\"") ==
          "parley.toml:2: rpc.http: expected a loopback endpoint, such as \"127.0.0.1:8570\" or "
          "\"[::1]:8570\", or \"\", got '8.8.8.8:80'");
    CHECK(error_of("[rpc]\nhttp = \"127.0.0.2:80\"") == "no error");
    CHECK(error_of("[metrics]\nlisten = \"9464\"") ==
          "parley.toml:2: metrics.listen: expected \"address:port\" or \"\", got '9464'");
    CHECK(error_of("[p2p]\nupload_max = 15") ==
          "parley.toml:2: p2p.upload_max: expected 0 (no limit), or 16 to 100000000 KiB a second, "
          "got 15");
    CHECK(error_of("[p2p]\nupload_max = 0\ndownload_per_peer_max = 16") == "no error");
    CHECK(error_of("[p2p]\nallow_private = 1") ==
          "parley.toml:2: p2p.allow_private: expected true or false, got 1");
    CHECK(error_of("[network]\nforks = [5, 3]") ==
          "parley.toml:2: network.forks: expected ascending block numbers above 0, got [ 5, 3 ]");
    CHECK(error_of("[permissions]\nallow = [\"02\"]") ==
          "parley.toml:2: permissions.allow: expected node IDs of 66 hex digits (not \"02\"), got "
          "[ '02' ]");
    CHECK(error_of("[permissions]\nenabled = 1") ==
          "parley.toml:2: permissions.enabled: expected true or false, got 1");
    CHECK(error_of("[network]\ngenesis = \"0x12\"") ==
          "parley.toml:2: network.genesis: expected 32 bytes in hex, got '0x12'");
    CHECK(error_of("[network]\nid = 2020-01-01") ==
          "parley.toml:2: network.id: expected another type, got 2020-01-01");
    for (const auto* nowhere : {"0.0.0.0:7", "81.2.3.4:0", "224.0.0.1:7", "255.255.255.255:7",
                                "192.0.2.1:7", "[::]:7", "[ff02::1]:7"}) {
        const auto text = error_of("[p2p]\nadvertise = \"" + std::string{nowhere} + "\"");
        CAPTURE(nowhere);
        CHECK(text.starts_with("parley.toml:2: p2p.advertise: expected \"address:port\" at which"));
    }
    CHECK(error_of("[p2p]\nadvertise = \"10.1.2.3:7\"") == "no error");
    CHECK(error_of("[p2p]\nadvertise = \"\"") == "no error");
    CHECK(error_of("[p2p]\nadvertise = [\"8.1.2.3:7\", \"[2a01::1]:7\"]") == "no error");
    CHECK(
        error_of("[p2p]\nadvertise = [\"[2a01::1]:7\", \"[2a01::2]:7\"]") ==
        "parley.toml:2: p2p.advertise: [2a01::2]:7 is a second IPv6 endpoint, and a node's record "
        "has room for one");
    CHECK(error_of("[rpc]\nallowed_hosts = [\"node.example:80\"]")
              .starts_with("parley.toml:2: rpc.allowed_hosts: expected host names or addresses"));
    CHECK(error_of("[p2p]\nspeed = 3") == "parley.toml:2: unknown setting \"p2p.speed\"");
    CHECK(error_of("[nope]\n") == "parley.toml:1: unknown table \"nope\"");
    CHECK(error_of("x = 1") == "parley.toml:1: unknown setting \"x\"");
    CHECK(error_of("[log]\nlevel = \"loud\"") ==
          "parley.toml:2: log.level: expected trace, debug, info, warn, error or off, got 'loud'");
    CHECK(error_of("[network]\nforks = []") == "no error");
    CHECK(error_of("[p2p]\nboot = [\"02@a.example:1\"]") ==
          "parley.toml:2: p2p.boot: expected \"ID@address:port\", \"ID@host.example:port\" or "
          "\"enr:...\" (not \"02@a.example:1\": the ID is not a public key of 66 hex digits), got "
          "[ '02@a.example:1' ]");
    CHECK(error_of("[p2p]\nproxy = \"localhost\"") ==
          "parley.toml:2: p2p.proxy: expected \"address:port\" or \"\", got 'localhost'");
    CHECK(error_of("[p2p]\nport_mapping = \"on\"") ==
          "parley.toml:2: p2p.port_mapping: expected \"off\", \"pcp\", \"nat-pmp\", \"upnp\" or "
          "\"auto\", got 'on'");
    CHECK(
        error_of("[p2p]\nport_mapping = \"auto\"\nproxy = \"127.0.0.1:9\"") ==
        "parley.toml:2: p2p.port_mapping tells where this node is, which p2p.proxy hides: only one "
        "of them");
    CHECK(parse_config("[p2p]\nport_mapping = \"auto\"", "parley.toml")->p2p.port_mapping ==
          nat::MappingMode::automatic);
    CHECK(parse_config("", "parley.toml")->p2p.port_mapping == nat::MappingMode::off);
    CHECK(error_of("[p2p]\nproxy = \"127.0.0.1:0\"") ==
          "parley.toml:2: p2p.proxy: expected \"address:port\" or \"\", got '127.0.0.1:0'");
    CHECK(error_of("[p2p]\nproxy_user = \"" + std::string(256, 'u') + "\"")
              .starts_with("parley.toml:2: p2p.proxy_user: expected at most 255 bytes, got"));
    CHECK(error_of("[p2p]\nproxy_password = \"x\"") ==
          "parley.toml:2: p2p.proxy_password is of no use without p2p.proxy_user");
    CHECK(error_of("[p2p]\nproxy_user = \"x\"") ==
          "parley.toml:2: p2p.proxy_user is of no use without p2p.proxy");
}

TEST_CASE("lists of peers have room for all their entries, or the start fails with the number") {
    Config config;
    SeededEntropy entropy{1};
    for (std::uint16_t port = 1; port <= named_peers_max; ++port) {
        const auto id = NodeKey::generate(entropy).id();
        config.p2p.static_peers.push_back({id, {*IpAddress::parse("10.0.0.1"), port}});
        config.p2p.trusted.push_back(id);
    }
    CHECK(check(config, "f"));
    auto one_more = config;
    one_more.p2p.trusted.push_back(NodeKey::generate(entropy).id());
    CHECK(check(one_more, "f").error().message == "f: p2p.trusted: 1025 nodes, at most 1024");
    config.p2p.static_peers.back().id = config.p2p.static_peers.front().id;
    const auto& peers = config.p2p.static_peers;
    CHECK(check(config, "f").error().message ==
          "f: p2p.static_peers: " + peers.back().to_string() + " is in p2p.static_peers as " +
              peers.front().to_string() + ", and a node has one address");
    config.p2p.static_peers.push_back(config.p2p.static_peers.front());
    CHECK(check(config, "f").error().message == "f: p2p.static_peers: 1025 nodes, at most 1024");
}

TEST_CASE("what is not TOML is named with its line") {
    const auto error = error_of("[p2p]\nlisten = [");
    CHECK(error.starts_with("parley.toml:2: "));
    CHECK(error_of("[p2p]\nx = 1\nx = 2").starts_with("parley.toml:3: "));
}

TEST_CASE("settings that exclude each other are named with the line of the one that comes later") {
    constexpr auto id = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
    const auto node = [&](const std::string& where) {
        return "\"" + std::string{id} + "@" + where + "\"";
    };
    CHECK(error_of("[p2p]\n\nboot = [" + node("10.0.0.1:1") + ", " + node("10.0.0.2:1") + "]") ==
          "parley.toml:3: p2p.boot: " + std::string{id} + "@10.0.0.2:1 is in p2p.boot as " + id +
              "@10.0.0.1:1, and a node has one address");
    CHECK(error_of("[p2p]\nboot = [" + node("10.0.0.1:1") + "]\nstatic_peers = [" +
                   node("10.0.0.1:2") + "]") ==
          "parley.toml:3: p2p.static_peers: " + std::string{id} + "@10.0.0.1:2 is in p2p.boot as " +
              id + "@10.0.0.1:1, and a node has one address");
    CHECK(error_of("[p2p]\nboot = [" + node("10.0.0.1:1") + "]\nstatic_peers = [" +
                   node("10.0.0.1:1") + "]") == "no error");
    std::string many = "[p2p]\ntrusted = [\n";
    for (std::size_t i = 0; i <= named_peers_max; ++i) many += "\"" + std::string{id} + "\",\n";
    CHECK(error_of(many + "]") == "parley.toml:2: p2p.trusted: 1025 nodes, at most 1024");
    CHECK(error_of("[rpc]\nsocket = \"log\"\n[log]\nfile = \"log\"") ==
          "parley.toml:4: log.file: \"log\" is rpc.socket, and one file cannot be both");
    // Of settings that are in no file, the fault alone.
    CHECK(parse_config("[p2p]\nproxy_user = \"x\"", "").error().message ==
          "p2p.proxy_user is of no use without p2p.proxy");
    CHECK(parse_config("[p2p]\nspeed = 1", "").error().message == "unknown setting \"p2p.speed\"");
}

TEST_CASE("neither the log nor the socket can be another file of the node's folder") {
    for (const auto* file : {"store", "./store", "logs/../store", "store-lock", "lock", "node.key",
                             "parley.toml", "names.toml"}) {
        CAPTURE(file);
        const auto text = " = \"" + std::string{file} + "\"";
        CHECK(error_of("[log]\nfile" + text)
                  .starts_with("parley.toml:2: log.file: expected the name of a file that is not "
                               "another one of the folder"));
        CHECK(error_of("[rpc]\nsocket" + text).starts_with("parley.toml:2: rpc.socket: expected"));
    }
    CHECK(error_of("[log]\nfile = \"parley.log\"") == "no error");
    CHECK(error_of("[log]\nfile = \"logs/store\"") == "no error");
}

TEST_CASE("heartbeats come as often as peers want them") {
    CHECK(error_of("[p2p]\nheartbeat_interval = 30") == "no error");
    CHECK(error_of("[p2p]\nheartbeat_interval = 31") ==
          "parley.toml:2: p2p.heartbeat_interval: expected 1 to 30 seconds (a peer ends a link of "
          "which nothing came for 35), got 31");
    const transport::HeartbeatConfig of_peers;
    CHECK(of_peers.interval + of_peers.timeout == 35s);
}

TEST_CASE("targets are addresses of one host") {
    constexpr auto id = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5@";
    for (const auto* nobody :
         {"0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "[::]", "[ff02::1]"}) {
        CAPTURE(nobody);
        for (const auto* key : {"boot", "static_peers"}) {
            const auto error =
                error_of("[p2p]\n\n" + std::string{key} + " = [\"" + id + nobody + ":7\"]");
            CHECK(error.starts_with("parley.toml:3: p2p." + std::string{key}));
            CHECK(error.find("nobody can be dialed at") != std::string::npos);
        }
    }
    CHECK(error_of("[p2p]\nboot = [\"" + std::string{id} + "[2a01::1]:7\"]") == "no error");
    CHECK(error_of("[p2p]\nboot = [\"" + std::string{id} + "223.1.2.3:7\"]") == "no error");
}

TEST_CASE("descriptors are counted for peers that may yet be named, and for links that close") {
    Config config;
    const auto before = config.descriptors_max();
    CHECK(before >= config.p2p.inbound_max + config.p2p.outbound_max + config.p2p.handshakes_max +
                        2 * named_peers_max + 256);
    config.io_threads = 2;
    CHECK(config.descriptors_max() == before + 256);
}
