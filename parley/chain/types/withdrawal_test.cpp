#include <parley/chain/types/withdrawal.hpp>

#include <parley/chain/types/test_items.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>

using namespace parley;
using namespace parley::chain;
using chain::testing::Items;

namespace {

Withdrawal example() {
    return {
        .index = 5, .validator_index = 6, .address = {{std::byte{9}}}, .amount = 32'000'000'000};
}

}  // namespace

TEST_CASE("a withdrawal survives encoding and decoding, and is go-ethereum's") {
    const auto raw = example().encode();
    CHECK(to_hex(raw) == "dd0506940900000000000000000000000000000000000000850773594000");
    CHECK(decode_withdrawal(raw) == example());

    constexpr auto max = std::numeric_limits<std::uint64_t>::max();
    const Withdrawal largest{
        .index = max, .validator_index = max, .address = example().address, .amount = max};
    CHECK(decode_withdrawal(largest.encode()) == largest);
    CHECK(decode_withdrawal(Withdrawal{}.encode()) == Withdrawal{});
}

TEST_CASE("bytes that are no withdrawal are refused with the field and the reason") {
    const auto raw = example().encode();
    const auto with = [&](std::size_t index, std::string_view hex) {
        return Items{raw}.set(index, hex).whole();
    };
    auto after = raw;
    after.push_back(std::byte{0});
    auto three = Items{raw};
    three.items.pop_back();

    using enum BlockField;
    using rlp::Errc;
    const struct {
        const char* name;
        Buffer bytes;
        BlockField field;
        Errc code;
    } table[] = {
        {"nothing", {}, envelope, Errc::truncated},
        {"a string", *from_hex("80"), envelope, Errc::expected_list},
        {"a byte after it", after, envelope, Errc::trailing_bytes},
        {"three items", three.whole(), amount, Errc::missing_item},
        {"five items", Items{raw}.add("80").whole(), envelope, Errc::trailing_bytes},
        {"index 0x00", with(0, "00"), BlockField::index, Errc::leading_zero},
        {"validator a list", with(1, "c0"), validator_index, Errc::expected_string},
        {"address of 19 bytes", with(2, "93" + std::string(38, '1')), address, Errc::wrong_size},
        {"address of 21 bytes", with(2, "95" + std::string(42, '1')), address, Errc::wrong_size},
        {"amount of 9 bytes", with(3, "89010000000000000000"), amount, Errc::integer_too_large},
        {"amount not minimal", with(3, "8101"), amount, Errc::non_canonical_byte},
    };
    for (const auto& row : table) {
        CAPTURE(row.name);
        const auto result = decode_withdrawal(row.bytes);
        REQUIRE_FALSE(result);
        INFO(message(result.error()));
        CHECK(result.error() == BlockError{BlockErrc::rlp, BlockPart::withdrawal, 0, row.field, 0,
                                           static_cast<std::uint64_t>(row.code)});
    }
}
