// Nodes as bytes: compact paths, round trips, and a table of what is refused.
#include <parley/chain/trie/node.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::trie;

namespace {

Nibbles nibbles(std::string_view hex) {
    Nibbles out;
    for (const char c : hex) {
        const auto digit = std::string_view{"0123456789abcdef"}.find(c);
        out.push(static_cast<std::uint8_t>(digit));
    }
    return out;
}

std::string hash_text(char digit) {
    return "a0" + std::string(64, digit);
}

}  // namespace

TEST_CASE("compact paths are those of the Yellow Paper, appendix C") {
    CHECK(to_hex(nibbles("12345").to_compact(false)) == "112345");
    CHECK(to_hex(nibbles("012345").to_compact(false)) == "00012345");
    CHECK(to_hex(nibbles("0f1cb8").to_compact(true)) == "200f1cb8");
    CHECK(to_hex(nibbles("f1cb8").to_compact(true)) == "3f1cb8");
    CHECK(to_hex(nibbles("").to_compact(true)) == "20");
    for (const auto* text : {"", "1", "12", "0000", "f00", "123456789abcdef"}) {
        for (const bool is_leaf : {false, true}) {
            const auto back = from_compact(nibbles(text).to_compact(is_leaf));
            REQUIRE(back);
            CHECK(back->nibbles == nibbles(text));
            CHECK(back->is_leaf == is_leaf);
        }
    }
    for (const auto* bad : {"", "01", "0100", "21", "40", "5f", "80", "f0"}) {
        CAPTURE(bad);
        CHECK_FALSE(from_compact(*from_hex(bad)));
    }
    CHECK(from_compact(*from_hex("00" + std::string(64, '7'))));
    CHECK_FALSE(from_compact(*from_hex("00" + std::string(66, '7'))));
    CHECK_FALSE(from_compact(*from_hex("17" + std::string(64, '7'))));
}

TEST_CASE("bytes that are no node are refused, and say why") {
    struct Bad {
        std::string hex;
        TrieError error;
    };
    const auto rlp_error = [](rlp::Errc code) {
        return TrieError{TrieErrc::rlp, 0, static_cast<std::uint64_t>(code)};
    };
    const auto empty_items = [](int count) {
        std::string out;
        while (count-- > 0) out += "80";
        return out;
    };
    const std::string list_31 = "de9d" + std::string(58, '1');
    const std::string list_32 = "df9e" + std::string(60, '1');
    const Bad table[] = {
        {"", rlp_error(rlp::Errc::truncated)},
        {"80", rlp_error(rlp::Errc::expected_list)},
        {"c0", {TrieErrc::bad_items, 17, 0}},
        {"c3202020", {TrieErrc::bad_items, 17, 3}},
        {"c22080", {TrieErrc::empty_value}},
        {"c220c0", rlp_error(rlp::Errc::expected_string)},
        {"c2c001", rlp_error(rlp::Errc::expected_string)},
        {"c24001", {TrieErrc::bad_path}},
        {"c20101", {TrieErrc::bad_path}},
        {"c21180", {TrieErrc::bad_extension}},
        {"e200" + hash_text('1'), {TrieErrc::bad_extension}},
        {"c21105", {TrieErrc::bad_reference}},
        {"e1119f" + std::string(62, '1'), {TrieErrc::bad_reference}},
        {"e111" + list_32, {TrieErrc::bad_reference}},
        {"d1" + empty_items(17), {TrieErrc::bad_branch, 2, 0}},
        {"d1" + empty_items(16) + "01", {TrieErrc::bad_branch, 2, 1}},
        {"f1" + empty_items(3) + hash_text('1') + empty_items(13), {TrieErrc::bad_branch, 2, 1}},
        {"c2200100", rlp_error(rlp::Errc::trailing_bytes)},
        {"c3812001", rlp_error(rlp::Errc::non_canonical_byte)},
    };
    for (const auto& [hex, error] : table) {
        CAPTURE(hex);
        const auto node = decode_node(*from_hex(hex));
        REQUIRE_FALSE(node);
        CHECK(node.error() == error);
        CHECK_FALSE(message(node.error()).empty());
    }
    CHECK(decode_node(*from_hex("e011" + list_31)));
}

TEST_CASE("a node that is read is written as it was") {
    const auto branch = [](const std::string& first, const std::string& value) {
        std::string items = first;
        for (int i = 0; i < 15; ++i) items += i == 3 ? hash_text('c') : "80";
        items += value;
        const auto size = items.size() / 2;
        return (size < 56 ? to_hex(Buffer{std::byte(0xc0 + size)})
                          : "f8" + to_hex(Buffer{std::byte(size)})) +
               items;
    };
    const std::vector<std::string> nodes{
        "c22001",
        "c23105",
        "e211" + hash_text('d'),
        branch(hash_text('a'), "80"),
        branch("c22001", "83616263"),
    };
    for (const auto& hex : nodes) {
        CAPTURE(hex);
        const auto node = decode_node(*from_hex(hex));
        REQUIRE(node);
        CHECK(to_hex(encode_node(*node)) == hex);
    }
}
