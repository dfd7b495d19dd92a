// The messages of the topic "sync": round trips, and a table of what is refused.
#include <parley/chain/sync/messages.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::sync_topic;

namespace {

Hash256 numbered(std::uint8_t i) {
    Hash256 out{};
    out[31] = std::byte{i};
    return out;
}

SharedBytes shared(std::string_view text) {
    return SharedBytes::copy(bytes_of(text));
}

std::string h(std::uint8_t i) {
    return "a0" + to_hex(numbered(i));
}

/// An RLP list of these items in hex.
std::string list(const std::string& items) {
    const auto size = items.size() / 2;
    if (size < 56) return to_hex(Buffer{std::byte(0xc0 + size)}) + items;
    if (size < 256) return "f8" + to_hex(Buffer{std::byte(size)}) + items;
    return "f9" + to_hex(Buffer{std::byte(size >> 8), std::byte(size)}) + items;
}

}  // namespace

TEST_CASE("messages of the topic sync are read as they were written") {
    const ChainStatus status{7, numbered(1), to_uint256(300)};
    CHECK(decode_status(encode(status)) == status);
    for (const bool forwards : {false, true}) {
        const GetHeaders question{5, {numbered(1), numbered(2)}, forwards, 512};
        CHECK(decode_get_headers(encode(question)) == question);
    }
    const Items some{9, {shared("one"), shared(""), shared("a longer one of more bytes")}};
    CHECK(decode_items(encode(some), 3) == some);
    const GetByHash hashes{1, {numbered(3)}};
    CHECK(decode_get_by_hash(encode(hashes), 1) == hashes);
    const GetAccounts range{2, numbered(7), numbered(4), numbered(5), 4096};
    CHECK(decode_get_accounts(encode(range)) == range);
    const GetChanges between{2, numbered(6), numbered(7), numbered(4), numbered(5), 4096};
    CHECK(decode_get_changes(encode(between)) == between);
    const std::vector<AccountEntry> entries{{numbered(1), shared("x")}, {numbered(2), {}}};
    const auto accounts_read =
        decode_accounts(encode(Accounts{3, entries, {shared("node"), shared("other")}}));
    REQUIRE(accounts_read);
    CHECK(accounts_read->id == 3);
    REQUIRE(accounts_read->entries.size() == 2);
    CHECK(accounts_read->entries[0].key == numbered(1));
    CHECK(equal(accounts_read->entries[0].value, bytes_of("x")));
    CHECK(accounts_read->proof.size() == 2);
    const auto changes_read =
        decode_changes(encode(Changes{4, numbered(9), entries, {shared("node")}}));
    REQUIRE(changes_read);
    CHECK(changes_read->id == 4);
    CHECK(changes_read->last == numbered(9));
    REQUIRE(changes_read->entries.size() == 2);
    CHECK(changes_read->entries[1].value.empty());
    CHECK(equal(changes_read->proof[0], bytes_of("node")));
    const NewBlock block{
        shared("header"), 99, shared("6bytes12more"), {{1, shared("tx")}}, shared("rest")};
    const auto new_block_read = decode_new_block(encode(block));
    REQUIRE(new_block_read);
    CHECK(equal(new_block_read->header, bytes_of("header")));
    CHECK(new_block_read->salt == 99);
    CHECK(equal(new_block_read->ids, bytes_of("6bytes12more")));
    REQUIRE(new_block_read->prefilled.size() == 1);
    CHECK(new_block_read->prefilled[0].index == 1);
    CHECK(equal(new_block_read->prefilled[0].raw, bytes_of("tx")));
    CHECK(equal(new_block_read->rest, bytes_of("rest")));
    const GetTransactions wanted{8, numbered(3), {0, 4, 300}};
    CHECK(decode_get_transactions(encode(wanted)) == wanted);
}

TEST_CASE("what breaks a bound or the form is refused, with the exact error") {
    struct Bad {
        std::string hex;
        rlp::RlpError error;
    };
    using E = rlp::Errc;
    const auto check = [](const std::vector<Bad>& table, const auto& decode) {
        for (const auto& [hex, error] : table) {
            CAPTURE(hex);
            const auto bytes = SharedBytes::own(std::move(*from_hex(hex)));
            const auto decoded = decode(bytes);
            REQUIRE_FALSE(decoded);
            CHECK(decoded.error() == error);
        }
    };
    check({{"80", {E::expected_list}},
           {list("07" + h(1)), {E::missing_item, 3, 2}},
           {list("0701"
                 "01"),
            {E::wrong_size, 32, 1}},
           {list("07" + h(1) + "0101"), {E::trailing_bytes, 0, 1}}},
          [](const auto& m) { return decode_status(m); });
    check({{list("05" + list("") + "8001"), {E::missing_item, 1, 0}},
           {list("05" + list(h(1) + h(1)) + "8001"), {E::repeated_item}},
           {list("05" + list(h(1)) + "0201"), {E::integer_too_large, 1, 2}},
           {list("05" + list(h(1)) + "8080"), {E::missing_item, 1, 0}},
           {list("05" + list(h(1)) + "80820201"), {E::too_long, 512, 513}}},
          [](const auto& m) { return decode_get_headers(m); });
    check({{list("05" + list("010203")), {E::too_long, 2, 3}},
           {list("05" + list("c0")), {E::expected_string}},
           {list("05" + h(1)), {E::expected_list}}},
          [](const auto& m) { return decode_items(m, 2); });
    check({{list("05" + list(h(1) + h(2) + h(3))), {E::too_long, 2, 3}},
           {list("05" + list("")), {E::missing_item, 1, 0}}},
          [](const auto& m) { return decode_get_by_hash(m, 2); });
    check({{list("0501" + h(1) + h(2) + "05"), {E::wrong_size, 32, 1}},
           {list("05" + h(3) + h(1) + h(2) + "80"), {E::missing_item, 1, 0}},
           {list("05" + h(3) + h(1) + h(2) + "83200001"), {E::too_long, 2097152, 2097153}}},
          [](const auto& m) { return decode_get_accounts(m); });
    check({{list("05" + h(3) + h(1) + h(2) + "05"), {E::wrong_size, 32, 1}},
           {list("05" + h(3) + h(3) + h(1) + h(2) + "80"), {E::missing_item, 1, 0}},
           {list("05" + h(3) + h(3) + h(1) + h(2) + "0101"), {E::trailing_bytes, 0, 1}}},
          [](const auto& m) { return decode_get_changes(m); });
    std::string many;
    for (std::size_t i = 0; i <= proof_nodes_max; ++i) many += "01";
    check({{list("05" +
                 list(list("01"
                           "02")) +
                 "c0"),
            {E::wrong_size, 32, 1}},
           {list("05" + list(list(h(1))) + "c0"), {E::missing_item, 2, 1}},
           {list("05" + list(list(h(1) + "0203")) + "c0"), {E::trailing_bytes}},
           {list("05c0" + list(many)), {E::too_long, 130, 131}},
           {list("05c0"), {E::missing_item, 3, 2}}},
          [](const auto& m) { return decode_accounts(m); });
    check({{list("05" + h(1) + list(list(h(1))) + "c0"), {E::missing_item, 2, 1}},
           {list("05c0c0c0"), {E::expected_string}},
           {list("05" + h(1) + "c0" + list(many)), {E::too_long, 130, 131}}},
          [](const auto& m) { return decode_changes(m); });
    // header, salt, ids, prefilled, rest
    check({{list("01" + std::string{"01"} + "83aabbcc" + "c0" + "01"), {E::wrong_size, 0, 3}},
           {list("0101" + std::string{"80"} + list(list("0101")) + "01"), {E::too_long, 1, 2}},
           {list("0101" + std::string{"80"} + list(list("8001") + list("8001")) + "01"),
            {E::repeated_item, 1, 0}},
           {list("0101" + std::string{"80"} + list(list("80")) + "01"), {E::missing_item, 2, 1}},
           {list("0101" + std::string{"80"} + list(list("800101")) + "01"), {E::trailing_bytes}},
           {list("0101" + std::string{"80"} + "c0"), {E::missing_item, 5, 4}}},
          [](const auto& m) { return decode_new_block(m); });
    check({{list("05" + h(1) + "c0"), {E::missing_item, 1, 0}},
           {list("05" + h(1) + list("0202")), {E::repeated_item, 3, 2}},
           {list("05" + h(1) + list("0201")), {E::repeated_item, 3, 1}}},
          [](const auto& m) { return decode_get_transactions(m); });
}
