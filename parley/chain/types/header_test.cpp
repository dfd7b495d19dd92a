#include <parley/chain/types/header.hpp>

#include <parley/chain/types/test_headers.hpp>
#include <parley/chain/types/test_items.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using namespace parley::chain;
using chain::testing::header_of;
using chain::testing::Items;

namespace {

constexpr std::array all_forks{Fork::berlin, Fork::london, Fork::paris, Fork::shanghai,
                               Fork::cancun};

BlockError rlp_error(BlockField field, rlp::Errc code) {
    return {BlockErrc::rlp, BlockPart::header, 0, field, 0, static_cast<std::uint64_t>(code)};
}

}  // namespace

TEST_CASE("the hashes of nothing are what they are named after") {
    CHECK(empty_ommers_hash == crypto::keccak256(*from_hex("c0")));
    CHECK(empty_root_hash == crypto::keccak256(*from_hex("80")));
}

TEST_CASE("a header of each fork survives encoding and decoding") {
    for (const auto fork : all_forks) {
        CAPTURE(name(fork));
        const auto header = header_of(fork);
        const auto raw = header.encode();
        const auto again = decode_header(raw);
        REQUIRE(again);
        CHECK(*again == header);
        CHECK(again->encode() == raw);
        CHECK(again->hash() == crypto::keccak256(raw));
        for (const auto other : all_forks) {
            const bool alike = fork == other || (fork == Fork::london && other == Fork::paris) ||
                               (fork == Fork::paris && other == Fork::london);
            CHECK(header.has_fields_of(other) == alike);
        }
    }
    auto half = header_of(Fork::cancun);
    half.excess_blob_gas.reset();
    CHECK_FALSE(half.has_fields_of(Fork::cancun));
    half = header_of(Fork::cancun);
    half.parent_beacon_root.reset();
    CHECK_FALSE(half.has_fields_of(Fork::cancun));
    half = header_of(Fork::cancun);
    half.blob_gas_used.reset();
    CHECK_FALSE(half.has_fields_of(Fork::cancun));
}

TEST_CASE("headers have the hashes that go-ethereum gives them") {
    auto london = header_of(Fork::london);
    CHECK(to_hex(header_of(Fork::berlin).hash()) ==
          "09125734baafed4d1c15f40c8d2de73d07ac386c7d9ab468cbd3a62d701a3de1");
    CHECK(to_hex(london.hash()) ==
          "66f687567d24648daccf8f88a468c515d8008f017e9772fc3738dcf3e83402cd");
    CHECK(to_hex(header_of(Fork::shanghai).hash()) ==
          "da7c43eac2de9bbacc17ecfd3d4c7a32e22b4a7525de566a6ef8e017965450b2");
    CHECK(to_hex(header_of(Fork::cancun).hash()) ==
          "9a0c8e76323f000d0be5a86c0b818893f1e5b6c813c932ee0e5309047353014d");
}

TEST_CASE("the genesis of Ethereum's main network has its hash") {
    Header genesis;
    genesis.state_root =
        hex_constant("d7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544");
    genesis.difficulty = to_uint256(17'179'869'184);
    genesis.gas_limit = 5'000;
    genesis.extra_data =
        *from_hex("11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa");
    genesis.nonce[7] = std::byte{0x42};
    CHECK(to_hex(genesis.hash()) ==
          "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3");
}

TEST_CASE("bytes that are no header are refused with the field and the reason") {
    const auto raw = header_of(Fork::cancun).encode();
    const auto with = [&](std::size_t index, std::string_view hex) {
        return Items{raw}.set(index, hex).whole();
    };
    const auto first = [&](std::size_t count) {
        Items out{raw};
        out.items.resize(count);
        return out.whole();
    };
    const std::string nine_bytes = "89010000000000000000";
    const auto ones = [](std::string_view prefix, std::size_t count) {
        return std::string{prefix} + std::string(2 * count, '1');
    };
    auto after = raw;
    after.push_back(std::byte{0});
    auto cut = raw;
    cut.pop_back();

    using enum BlockField;
    using rlp::Errc;
    const struct {
        const char* name;
        Buffer bytes;
        BlockError error;
    } table[] = {
        {"nothing", {}, rlp_error(envelope, Errc::truncated)},
        {"a string", *from_hex("80"), rlp_error(envelope, Errc::expected_list)},
        {"cut", cut, rlp_error(envelope, Errc::truncated)},
        {"a byte after it", after, rlp_error(envelope, Errc::trailing_bytes)},
        {"no items", *from_hex("c0"), rlp_error(parent_hash, Errc::missing_item)},
        {"14 items", first(14), rlp_error(nonce, Errc::missing_item)},
        {"18 items", first(18), rlp_error(excess_blob_gas, Errc::missing_item)},
        {"19 items", first(19), rlp_error(parent_beacon_root, Errc::missing_item)},
        {"21 items", Items{raw}.add("80").whole(), rlp_error(envelope, Errc::trailing_bytes)},
        {"parent of 31 bytes", with(0, ones("9f", 31)), rlp_error(parent_hash, Errc::wrong_size)},
        {"ommers a list", with(1, "c0"), rlp_error(ommers_hash, Errc::expected_string)},
        {"beneficiary empty", with(2, "80"), rlp_error(beneficiary, Errc::wrong_size)},
        {"state root of 33 bytes", with(3, ones("a1", 33)),
         rlp_error(state_root, Errc::wrong_size)},
        {"transactions root empty", with(4, "80"), rlp_error(transactions_root, Errc::wrong_size)},
        {"receipts root a byte", with(5, "01"), rlp_error(receipts_root, Errc::wrong_size)},
        {"bloom of 255 bytes", with(6, ones("b8ff", 255)), rlp_error(logs_bloom, Errc::wrong_size)},
        {"difficulty of 33 bytes", with(7, ones("a1", 33)),
         rlp_error(difficulty, Errc::integer_too_large)},
        {"number of 9 bytes", with(8, nine_bytes), rlp_error(number, Errc::integer_too_large)},
        {"gas limit 0x00", with(9, "00"), rlp_error(gas_limit, Errc::leading_zero)},
        {"gas limit of 9 bytes", with(9, nine_bytes),
         rlp_error(gas_limit, Errc::integer_too_large)},
        {"gas used not minimal", with(10, "8105"), rlp_error(gas_used, Errc::non_canonical_byte)},
        {"timestamp of 9 bytes", with(11, nine_bytes),
         rlp_error(timestamp, Errc::integer_too_large)},
        {"extra data of 33 bytes", with(12, ones("a1", 33)), rlp_error(extra_data, Errc::too_long)},
        {"extra data in a long form", with(12, "b80101"),
         rlp_error(extra_data, Errc::non_canonical_size)},
        {"mix hash empty", with(13, "80"), rlp_error(mix_hash, Errc::wrong_size)},
        {"nonce of 7 bytes", with(14, ones("87", 7)), rlp_error(nonce, Errc::wrong_size)},
        {"nonce as a number", with(14, "42"), rlp_error(nonce, Errc::wrong_size)},
        {"base fee with a zero", with(15, "820001"), rlp_error(base_fee, Errc::leading_zero)},
        {"withdrawals root a list", with(16, "c0"),
         rlp_error(withdrawals_root, Errc::expected_string)},
        {"blob gas of 9 bytes", with(17, nine_bytes),
         rlp_error(blob_gas_used, Errc::integer_too_large)},
        {"excess of 9 bytes", with(18, nine_bytes),
         rlp_error(excess_blob_gas, Errc::integer_too_large)},
        {"beacon root empty", with(19, "80"), rlp_error(parent_beacon_root, Errc::wrong_size)},
    };
    for (const auto& row : table) {
        CAPTURE(row.name);
        const auto result = decode_header(row.bytes);
        REQUIRE_FALSE(result);
        INFO(message(result.error()));
        CHECK(result.error() == row.error);
    }
    for (const auto items : {15U, 16U, 17U}) CHECK(decode_header(first(items)));
    CHECK(message(rlp_error(gas_limit, Errc::leading_zero)) ==
          "header, field gas limit: leading zero");
}

TEST_CASE("the extra data may be as long as the caller says, and no longer") {
    auto header = header_of(Fork::berlin);
    header.extra_data.assign(1'000, std::byte{7});
    const auto raw = header.encode();
    CHECK(decode_header(raw, 1'000) == header);
    CHECK(decode_header(raw, 999).error() ==
          rlp_error(BlockField::extra_data, rlp::Errc::too_long));
}
