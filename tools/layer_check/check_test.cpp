#include "check.hpp"
#include "source_text.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

using namespace layer_check;

namespace {

/// All findings of a tree, one a line.
std::string findings_in(const Tree& tree) {
    std::string out;
    for (const auto& finding : check(tree)) out += to_string(finding) + "\n";
    return out;
}

}  // namespace

TEST_CASE("an include of a higher layer is found, of a lower one not") {
    CHECK(findings_in({{"parley/codec/rlp.hpp",
                        "#pragma once\n"
                        "#include <parley/base/bytes.hpp>\n"
                        "#include <parley/transport/switch/slots.hpp>\n"}}) ==
          "parley/codec/rlp.hpp:3: include: codec must not use transport "
          "(<parley/transport/switch/slots.hpp>); it may use base\n");
}

TEST_CASE("neighbours do not use each other") {
    const auto rejects = [](const std::string& layer, const std::string& other) {
        const auto found = findings_in({{"parley/" + layer + "/a.cpp",  //
                                         "#include <parley/" + other + "/b.hpp>\n"}});
        return found.starts_with("parley/" + layer + "/a.cpp:1: include: " + layer +
                                 " must not use " + other);
    };
    CHECK(rejects("codec", "crypto"));
    CHECK(rejects("crypto", "codec"));
    CHECK(rejects("gossip", "discovery"));
    CHECK(rejects("discovery", "gossip"));
    CHECK(rejects("chain", "discovery"));
    CHECK(rejects("runtime", "sim"));
    CHECK(rejects("sim", "runtime"));
    CHECK(rejects("base", "codec"));
    CHECK(rejects("identity", "events"));
    CHECK(rejects("node", "runtime"));
    CHECK(rejects("node", "nowhere"));

    CHECK_FALSE(rejects("chain", "gossip"));
    CHECK_FALSE(rejects("node", "discovery"));
    CHECK_FALSE(rejects("sim", "node"));
    CHECK_FALSE(rejects("runtime", "base"));
}

TEST_CASE("a quoted include does not get around the rule, and a comment is no include") {
    CHECK(findings_in({{"parley/base/a.cpp",
                        "// #include <parley/node/node.hpp>\n"
                        "/*\n"
                        "#include <parley/node/node.hpp>\n"
                        "*/\n"
                        "#include \"../node/node.hpp\"\n"
                        "#include \"bytes.hpp\"\n"}}) ==
          "parley/base/a.cpp:5: include: base must not use node (<parley/node/node.hpp>); it may "
          "use nothing\n");
}

TEST_CASE("a test is held to the layers too") {
    CHECK(findings_in({{"parley/base/a_test.cpp", "#include <parley/sim/world/world.hpp>\n"}}) ==
          "parley/base/a_test.cpp:1: include: base must not use sim "
          "(<parley/sim/world/world.hpp>); it "
          "may use nothing\n");
}

TEST_CASE("what is in no layer is found") {
    CHECK(findings_in({{"parley/util/a.hpp", ""}, {"parley/all.hpp", ""}}) ==
          "parley/all.hpp:1: include: parley/ holds layers only, and this is in none\n"
          "parley/util/a.hpp:1: include: parley/ holds layers only, and this is in none\n");
}

TEST_CASE("Asio is found outside runtime and apps") {
    CHECK(findings_in({{"parley/node/a.cpp", "\n#  include <boost/asio.hpp>\n"},
                       {"parley/sim/a.cpp", "#include <boost/beast/http.hpp>\n"},
                       {"examples/chat.cpp", "#include <boost/asio/io_context.hpp>\n"},
                       {"parley/runtime/tcp.cpp", "#include <boost/asio.hpp>\n"},
                       {"apps/parley/main.cpp", "#include <boost/asio.hpp>\n"}}) ==
          "examples/chat.cpp:1: asio: <boost/asio/io_context.hpp>: Asio is for runtime and apps "
          "alone\n"
          "parley/node/a.cpp:2: asio: <boost/asio.hpp>: Asio is for runtime and apps alone\n"
          "parley/sim/a.cpp:1: asio: <boost/beast/http.hpp>: Asio is for runtime and apps alone\n");
}

TEST_CASE("clocks, random devices and threads are found below the runtime") {
    CHECK(findings_in({{"parley/chain/a.cpp",
                        "auto a = std::chrono::system_clock::now();\n"
                        "auto b = std::chrono::steady_clock::now();\n"
                        "std::random_device c;\n"
                        "std::thread d;\n"}}) ==
          "parley/chain/a.cpp:1: clock: system_clock has no place in chain; take a parley::Now as "
          "an argument\n"
          "parley/chain/a.cpp:2: clock: steady_clock has no place in chain; take a parley::Now as "
          "an argument\n"
          "parley/chain/a.cpp:3: entropy: random_device has no place in chain; take a parley::Rng "
          "or EntropySource\n"
          "parley/chain/a.cpp:4: thread: std::thread has no place in chain; hand slow work out as "
          "an effect\n");
    const std::string all = "std::chrono::system_clock c; std::random_device r; std::thread t;\n";
    CHECK(findings_in({{"parley/runtime/a.cpp", all}, {"apps/parley/a.cpp", all}}).empty());
    CHECK(findings_in({{"parley/base/a_test.cpp", "std::thread t;\n"}}).empty());
}

TEST_CASE("words in comments, literals and longer names are not found") {
    CHECK(findings_in({{"parley/base/a.cpp",
                        "// no system_clock here\n"
                        "/* std::thread */ int my_system_clock = 1'000;\n"
                        "auto a = \"random_device \\\" std::thread\";\n"
                        "auto b = R\"x(system_clock \" )\" )x\"; char c = '\"'; int d; // '\n"
                        "std::thread_local_thing e;\n"}}) == "");
}

TEST_CASE("iteration over an unordered container is found") {
    CHECK(findings_in({{"parley/gossip/a.cpp",
                        "std::unordered_map<Key, std::vector<int>> peers_;\n"
                        "std::map<int, int> sorted_;\n"
                        "void f() {\n"
                        "    for (const auto& [k, v] : peers_) g();\n"
                        "    for (const auto& [k, v] : sorted_) g();\n"
                        "    for (int i = 0; auto k : peers_ | std::views::keys) g();\n"
                        "    auto it = this->peers_.begin();\n"
                        "    if (peers_.find(k) != peers_.end()) g();\n"
                        "    for (std::size_t i = 0; i < peers_.size(); ++i) g();\n"
                        "    for (auto x : std::as_const(peers_)) g();\n"
                        "    for (auto x : sorted(peers_)) g();\n"
                        "    auto b = std::begin(peers_);\n"
                        "}\n"}}) ==
          "parley/gossip/a.cpp:4: unordered: iterates over the unordered container peers_, whose "
          "order differs from machine to machine\n"
          "parley/gossip/a.cpp:6: unordered: iterates over the unordered container peers_, whose "
          "order differs from machine to machine\n"
          "parley/gossip/a.cpp:7: unordered: iterates over the unordered container peers_, whose "
          "order differs from machine to machine\n"
          "parley/gossip/a.cpp:10: unordered: iterates over the unordered container peers_, whose "
          "order differs from machine to machine\n"
          "parley/gossip/a.cpp:12: unordered: iterates over the unordered container peers_, whose "
          "order differs from machine to machine\n");
}

TEST_CASE("an unordered container is known from its own header and by an alias") {
    const std::string header =
        "struct A {\n"
        "    using Table = std::unordered_set<Key, SaltedHash>;\n"
        "    Table table_;\n"
        "    const Table& table() const;\n"
        "};\n";
    CHECK(findings_in({{"parley/sim/a.hpp", header},
                       {"parley/sim/a.cpp",
                        "void f() {\n"
                        "    for (auto x : a.table_) g();\n"
                        "    for (auto x : a->table()) g();\n"
                        "}\n"},
                       {"parley/sim/b.cpp", "void f() { for (auto x : table_) g(); }\n"},
                       {"parley/sim/a_test.cpp", "void f() { for (auto x : table_) g(); }\n"}}) ==
          "parley/sim/a.cpp:2: unordered: iterates over the unordered container table_, whose "
          "order differs from machine to machine\n"
          "parley/sim/a.cpp:3: unordered: iterates over the unordered container table, whose "
          "order differs from machine to machine\n");
}

TEST_CASE("a line may be allowed to break one rule, with a reason") {
    const std::string loop = "for (auto x : s) n += x;\n";
    const std::string set = "std::unordered_set<int> s;\n";
    const auto found = [&](const std::string& comment) {
        return findings_in({{"parley/base/a.cpp", set + comment + loop}});
    };
    CHECK(found("").starts_with("parley/base/a.cpp:2: unordered"));
    CHECK(found("// layer-check: allow(unordered) a sum\n").empty());
    CHECK(found("// layer-check: allow(unordered) a sum\n// of numbers\n").empty());
    CHECK_FALSE(found("// layer-check: allow(unordered)\n").empty());
    CHECK_FALSE(found("// layer-check: allow(unordered) \n").empty());
    CHECK_FALSE(found("// layer-check: allow(clock) a sum\n").empty());
    CHECK_FALSE(found("// layer-check: allow(unordered) a sum\nint n = 0;\n").empty());
}

TEST_CASE("a tree on disk is read with paths from its root") {
    namespace fs = std::filesystem;
    const fs::path root = fs::path(PARLEY_BINARY_DIR) / "layer-check-test";
    fs::remove_all(root);
    fs::create_directories(root / "parley/base");
    fs::create_directories(root / "build/parley/base");
    std::ofstream(root / "parley/base/a.hpp") << "#include <parley/sim/b.hpp>\n";
    std::ofstream(root / "parley/base/a.txt") << "#include <parley/sim/b.hpp>\n";
    std::ofstream(root / "build/parley/base/a.hpp") << "#include <parley/sim/b.hpp>\n";
    const auto findings = check(read_tree(root));
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].path == "parley/base/a.hpp");
    CHECK(findings[0].line == 1);
    CHECK(findings[0].rule == "include");
    fs::remove_all(root);
}
