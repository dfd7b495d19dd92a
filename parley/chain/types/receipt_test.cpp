#include <parley/chain/types/receipt.hpp>

#include <parley/chain/types/test_items.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using namespace parley::chain;
using chain::testing::Items;

namespace {

Receipt receipt_of(TxType type) {
    Receipt out;
    out.type = type;
    const auto number = static_cast<std::uint64_t>(type);
    out.succeeded = number % 2 == 0;
    out.cumulative_gas_used = 50'000 + number;
    out.logs = {{Address{{std::byte{0x11}}},
                 {Hash256{std::byte{1}}, Hash256{std::byte{2}}, Hash256{std::byte{3}},
                  Hash256{std::byte{4}}},
                 to_buffer(bytes_of("log data"))},
                {Address{{std::byte{0x12}}}, {}, {}}};
    return out;
}

BlockError rlp_error(BlockField field, rlp::Errc code) {
    return {BlockErrc::rlp, BlockPart::receipt, 0, field, 0, static_cast<std::uint64_t>(code)};
}

BlockError log_error(std::uint64_t index, BlockField field, rlp::Errc code) {
    return {BlockErrc::rlp, BlockPart::log, index, field, 0, static_cast<std::uint64_t>(code)};
}

}  // namespace

TEST_CASE("a receipt of each type survives encoding and decoding, and is go-ethereum's") {
    const struct {
        TxType type;
        const char* hash;
    } table[] = {
        {TxType::legacy, "11510996cec5bd74594db299e7a6e3572ed47255fa20193664bcb8663eb84f85"},
        {TxType::access_list, "e6d2ac2566f0f10ac3a8de61fe9fd0b61c986523b959a0334f442070cc8ed758"},
        {TxType::dynamic_fee, "3e381c8316187241c10d8e77cebace8530e8f450f105641afa8e6a34c246dd25"},
        {TxType::blob, "7046df0c628b6f4b313c93f8a696e1cd519c419f957c703ad94834d960cb6de2"},
    };
    for (const auto& row : table) {
        CAPTURE(static_cast<int>(row.type));
        const auto raw = receipt_of(row.type).encode();
        CHECK(to_hex(crypto::keccak256(raw)) == row.hash);
        CHECK(decode_receipt(raw) == receipt_of(row.type));
        const auto stored = receipt_of(row.type).encode_stored();
        CHECK(stored.size() < raw.size() - sizeof(Bloom));
        CHECK(decode_stored_receipt(stored, row.type) == receipt_of(row.type));
    }
    // That of the format's page.
    const Receipt plain{.type = TxType::dynamic_fee, .cumulative_gas_used = 21'000};
    CHECK(to_hex(plain.encode()) == "02f9010801825208b90100" + std::string(512, '0') + "c0");
    CHECK(decode_receipt(plain.encode()) == plain);
}

TEST_CASE("the bloom of logs holds their addresses and topics, not their data") {
    const auto bloom = receipt_of(TxType::legacy).logs_bloom();
    CHECK(bloom.contains(Address{{std::byte{0x11}}}));
    CHECK(bloom.contains(Address{{std::byte{0x12}}}));
    CHECK(bloom.contains(Hash256{std::byte{4}}));
    CHECK_FALSE(bloom.contains(bytes_of("log data")));
    CHECK(bloom_of({}) == Bloom{});
}

TEST_CASE("bytes that are no receipt are refused with the place and the reason") {
    const auto raw = receipt_of(TxType::legacy).encode();
    const auto with = [&](std::size_t index, std::string_view hex) {
        return Items{raw}.set(index, hex).whole();
    };
    // A receipt whose second log has an item replaced.
    const auto with_log = [&](std::size_t index, std::string_view hex) {
        Items receipt{raw};
        Items logs{receipt.items[3]};
        logs.items[1] = Items{logs.items[1]}.set(index, hex).whole();
        receipt.items[3] = logs.whole();
        return receipt.whole();
    };
    const auto ones = [](std::string_view prefix, std::size_t count) {
        return std::string{prefix} + std::string(2 * count, '1');
    };
    std::string five_topics = "f8a5";
    for (int i = 0; i < 5; ++i) five_topics += ones("a0", 32);
    auto after = raw;
    after.push_back(std::byte{0});
    auto three = Items{raw};
    three.items.pop_back();

    using enum BlockField;
    using rlp::Errc;
    const struct {
        const char* name;
        Buffer bytes;
        BlockError error;
    } table[] = {
        {"nothing", {}, rlp_error(envelope, Errc::truncated)},
        {"type 0", *from_hex("00"), {BlockErrc::unknown_type, BlockPart::receipt}},
        {"type 4",
         Items{raw}.whole("04"),
         {BlockErrc::unknown_type, BlockPart::receipt, 0, envelope, 0, 4}},
        {"wrapped in a string",
         *from_hex("b802c0c0"),
         {BlockErrc::unknown_type, BlockPart::receipt, 0, envelope, 0, 0xb8}},
        {"only the type", *from_hex("02"), rlp_error(envelope, Errc::truncated)},
        {"type and a string", *from_hex("0280"), rlp_error(envelope, Errc::expected_list)},
        {"a byte after it", after, rlp_error(envelope, Errc::trailing_bytes)},
        {"no items", *from_hex("c0"), rlp_error(status, Errc::missing_item)},
        {"three items", three.whole(), rlp_error(logs, Errc::missing_item)},
        {"five items", Items{raw}.add("80").whole(), rlp_error(envelope, Errc::trailing_bytes)},
        {"status 2", with(0, "02"), {BlockErrc::bad_status, BlockPart::receipt, 0, envelope, 1, 2}},
        {"status 0x00", with(0, "00"), rlp_error(status, Errc::leading_zero)},
        {"a state root", with(0, ones("a0", 32)), rlp_error(status, Errc::integer_too_large)},
        {"gas of 9 bytes", with(1, "89010000000000000000"),
         rlp_error(cumulative_gas_used, Errc::integer_too_large)},
        {"bloom of 255 bytes", with(2, ones("b8ff", 255)), rlp_error(logs_bloom, Errc::wrong_size)},
        {"another bloom",
         with(2, ones("b90100", 256)),
         {BlockErrc::wrong_bloom, BlockPart::receipt}},
        {"logs a string", with(3, "80"), rlp_error(logs, Errc::expected_list)},
        {"a log cut", with(3, "c1c1"), rlp_error(logs, Errc::truncated)},
        {"a log a string", with(3, "c180"), log_error(0, envelope, Errc::expected_list)},
        {"a log without items", with(3, "c1c0"), log_error(0, address, Errc::missing_item)},
        {"address of 19 bytes", with_log(0, ones("93", 19)),
         log_error(1, address, Errc::wrong_size)},
        {"topics a string", with_log(1, "80"), log_error(1, topics, Errc::expected_list)},
        {"a topic of a byte", with_log(1, "c101"), log_error(1, topics, Errc::wrong_size)},
        {"a topic a list", with_log(1, "c1c0"), log_error(1, topics, Errc::expected_string)},
        {"five topics",
         with_log(1, five_topics),
         {BlockErrc::too_many, BlockPart::log, 1, topics, 4}},
        {"data a list", with_log(2, "c0"), log_error(1, BlockField::data, Errc::expected_string)},
    };
    for (const auto& row : table) {
        CAPTURE(row.name);
        const auto result = decode_receipt(row.bytes);
        REQUIRE_FALSE(result);
        INFO(message(result.error()));
        CHECK(result.error() == row.error);
    }
    const auto large = decode_receipt(raw, 100).error();
    CHECK(large ==
          BlockError{BlockErrc::too_large, BlockPart::receipt, 0, envelope, 100, raw.size()});
    CHECK(message(large) == "receipt of 458 bytes, at most 100 allowed");
    CHECK(decode_receipt(raw, raw.size()));
    CHECK(decode_stored_receipt(raw, TxType::legacy).error() ==
          rlp_error(logs, Errc::expected_list));
    CHECK(message(BlockError{BlockErrc::wrong_bloom, BlockPart::receipt}) ==
          "receipt: the bloom is not that of its logs");
}

TEST_CASE("errors of receipts name their place") {
    using enum BlockField;
    CHECK(message(log_error(3, topics, rlp::Errc::wrong_size)) ==
          "log 3, field topics: wrong size");
    CHECK(message(BlockError{BlockErrc::too_many, BlockPart::log, 1, topics, 4}) ==
          "log 1 with more than 4 topics");
    CHECK(message(BlockError{BlockErrc::unknown_type, BlockPart::receipt, 0, envelope, 0, 4}) ==
          "unknown receipt type 0x04");
    CHECK(message(BlockError{BlockErrc::bad_status, BlockPart::receipt, 0, envelope, 1, 2}) ==
          "receipt: status is 2, not 0 or 1");
}
