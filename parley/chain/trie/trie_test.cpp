// The public Ethereum tests for tries, and what a batch of changes leaves behind.
#include <parley/base/rng.hpp>
#include <parley/base/test_vectors.hpp>
#include <parley/chain/trie/dirty_tree.hpp>
#include <parley/chain/trie/ordered_root.hpp>
#include <parley/chain/trie/walk.hpp>
#include <parley/crypto/hash.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::trie;
namespace json = boost::json;

namespace {

/// What the tests mean by a text: hex digits after 0x, else the text itself.
Buffer bytes_in(std::string_view text) {
    if (text.starts_with("0x")) return *from_hex(text);
    return to_buffer(bytes_of(text));
}

using Pairs = std::vector<std::pair<Buffer, Buffer>>;

Pairs pairs_of(const json::value& in) {
    Pairs out;
    const auto add = [&](std::string_view key, const json::value& value) {
        out.emplace_back(bytes_in(key),
                         value.is_null() ? Buffer{} : bytes_in(std::string{value.as_string()}));
    };
    if (in.is_array()) {
        for (const auto& pair : in.as_array()) add(pair.at(0).as_string(), pair.at(1));
    } else {
        for (const auto& [key, value] : in.as_object()) add(key, value);
    }
    return out;
}

json::object read_vectors(const std::string& name) {
    std::ifstream in{parley::testing::vectors("ethereum-tests/TrieTests") / (name + ".json")};
    return json::parse(std::string{std::istreambuf_iterator<char>{in}, {}}).as_object();
}

bool has_vectors() {
    if (std::filesystem::exists(parley::testing::vectors("ethereum-tests/TrieTests"))) return true;
    parley::testing::no_vectors("TrieTests");
    return false;
}

/// A trie and its nodes, changed in batches.
struct Trie {
    MemoryNodes nodes;
    Hash256 root = empty_root_hash;

    void set(std::map<Nibbles, Buffer> values) {
        std::vector<Change> changes;
        for (auto& [key, value] : values) changes.push_back({key, value});
        DirtyTree tree{nodes, root};
        REQUIRE(tree.update(changes));
        auto commit = tree.commit();
        nodes.apply(std::move(commit.nodes));
        root = commit.root;
    }
};

/// The nodes that a trie of these values has when it is made at once.
Trie made_at_once(const std::map<Nibbles, Buffer>& values) {
    Trie out;
    out.set(values);
    return out;
}

void check_vectors(const std::string& name, bool secure) {
    for (const auto& [test, value] : read_vectors(name)) {
        INFO(name << " " << std::string{test});
        const std::string root{value.at("root").as_string()};
        Trie one_by_one;
        std::map<Nibbles, Buffer> last;
        for (const auto& [key, bytes] : pairs_of(value.at("in"))) {
            const auto path =
                secure ? Nibbles::of_key(crypto::keccak256(key)) : Nibbles::of_key(key);
            one_by_one.set({{path, bytes}});
            last[path] = bytes;
        }
        CHECK("0x" + to_hex(one_by_one.root) == root);
        CHECK("0x" + to_hex(made_at_once(last).root) == root);
        CHECK(one_by_one.nodes.all() == made_at_once(last).nodes.all());
    }
}

Buffer value_of_size(Rng& rng, std::size_t size) {
    Buffer out;
    for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<std::byte>(rng.below(256)));
    return out;
}

/// Few different nibbles, so that keys share much of their paths.
Nibbles crowded_key(Rng& rng, std::size_t bytes) {
    Buffer key;
    for (std::size_t i = 0; i < bytes; ++i) {
        key.push_back(static_cast<std::byte>(rng.below(2) * 16 + rng.below(2)));
    }
    return Nibbles::of_key(key);
}

}  // namespace

TEST_CASE("the public Ethereum trie tests pass, by single changes and at once") {
    if (!has_vectors()) return;
    check_vectors("trietest", false);
    check_vectors("trieanyorder", false);
    check_vectors("trietest_secureTrie", true);
    check_vectors("trieanyorder_secureTrie", true);
    check_vectors("hex_encoded_securetrie_test", true);
}

TEST_CASE("the public Ethereum tests for the neighbours of a key pass") {
    if (!has_vectors()) return;
    for (const auto& [name, value] : read_vectors("trietestnextprev")) {
        std::map<Nibbles, Buffer> values;
        for (const auto& key : value.at("in").as_array()) {
            values[Nibbles::of_key(bytes_in(key.as_string()))] = to_buffer(bytes_of("value"));
        }
        const auto trie = made_at_once(values);
        const auto key_text = [](const std::optional<Nibbles>& key) {
            return key ? std::string{text_of(key->to_key())} : "";
        };
        for (const auto& test : value.at("tests").as_array()) {
            const auto key = Nibbles::of_key(bytes_in(test.at(0).as_string()));
            INFO(std::string{test.at(0).as_string()});
            CHECK(key_text(*previous_key(trie.nodes, trie.root, key)) == test.at(1).as_string());
            CHECK(key_text(*next_key(trie.nodes, trie.root, key)) == test.at(2).as_string());
            const bool more = !test.at(2).as_string().empty();
            CHECK(*has_above(trie.nodes, trie.root, key) == more);
        }
    }
}

TEST_CASE("batches of changes leave the trie, and only the nodes, that its values alone make") {
    Rng rng{5};
    for (int round = 0; round < 60; ++round) {
        CAPTURE(round);
        const std::size_t key_bytes = round % 3 == 0 ? 0 : 1 + rng.below(4);  // 0: of any size
        Trie trie;
        std::map<Nibbles, Buffer> values;
        for (int batch = 0; batch < 8; ++batch) {
            std::map<Nibbles, Buffer> changes;
            for (std::uint64_t i = 1 + rng.below(20); i > 0; --i) {
                const auto key = crowded_key(rng, key_bytes > 0 ? key_bytes : rng.below(4));
                const bool erase = rng.below(3) == 0;
                changes[key] = erase ? Buffer{} : value_of_size(rng, 1 + rng.below(60));
            }
            trie.set(changes);
            for (auto& [key, value] : changes) values[key] = value;
            std::erase_if(values, [](const auto& entry) { return entry.second.empty(); });
            const auto fresh = made_at_once(values);
            REQUIRE(to_hex(trie.root) == to_hex(fresh.root));
            REQUIRE(trie.nodes.all() == fresh.nodes.all());
        }
        std::optional<Nibbles> before;
        for (const auto& [key, value] : values) {
            CHECK(*find(trie.nodes, trie.root, key) == value);
            CHECK(*previous_key(trie.nodes, trie.root, key) == before);
            if (before) CHECK(*next_key(trie.nodes, trie.root, *before) == key);
            before = key;
        }
    }
}

TEST_CASE("a missing node is an error that says where it should be") {
    Rng rng{6};
    std::map<Nibbles, Buffer> values;
    for (int i = 0; i < 50; ++i) values[crowded_key(rng, 4)] = value_of_size(rng, 40);
    auto trie = made_at_once(values);
    const auto deepest = std::ranges::max_element(
        trie.nodes.all(), {}, [](const auto& node) { return node.first.size(); });
    const Nibbles path = deepest->first;
    const auto below = std::ranges::find_if(
        values, [&](const auto& entry) { return entry.first.starts_with(path); });
    trie.nodes.apply(NodeChanges{{{path, {}}}});
    const auto value = value_of_size(rng, 1);
    const std::vector<Change> changes{{below->first, value}};
    DirtyTree tree{trie.nodes, trie.root};
    CHECK(tree.update(changes).error() == TrieError{TrieErrc::missing_node, 0, path.size()});
    CHECK(find(trie.nodes, trie.root, below->first).error() ==
          TrieError{TrieErrc::missing_node, 0, path.size()});
}

TEST_CASE("the root of a list is that of its indexes in RLP") {
    // 300 values pass the places where the RLP of an index changes its form: 0, 127, 128, 256.
    Rng rng{7};
    std::vector<Buffer> list;
    Trie trie;
    for (std::uint64_t i = 0; i < 300; ++i) {
        list.push_back(value_of_size(rng, 1 + rng.below(40)));
        trie.set({{Nibbles::of_key(rlp::Writer{}.number(i).take()), list.back()}});
        if (i % 37 == 0 || i > 250) CHECK(ordered_root(list) == trie.root);
    }
    CHECK(ordered_root({}) == empty_root_hash);
}
