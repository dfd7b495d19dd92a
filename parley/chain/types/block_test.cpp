#include <parley/chain/types/block.hpp>

#include <parley/chain/types/test_blocks.hpp>
#include <parley/chain/types/test_items.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace parley;
using namespace parley::chain;
using chain::testing::header_of;
using chain::testing::Items;
using chain::testing::mixed_body;

namespace {

std::string hash_of(const Buffer& bytes) {
    return to_hex(crypto::keccak256(bytes));
}

Buffer list_of(std::initializer_list<Bytes> items) {
    rlp::Writer out;
    out.begin_list();
    for (const auto item : items) out.raw(item);
    return out.end_list().take();
}

BlockError rlp_error(BlockPart part, BlockField field, rlp::Errc code, std::uint64_t index = 0) {
    return {BlockErrc::rlp, part, index, field, 0, static_cast<std::uint64_t>(code)};
}

BlockError tx_error(std::uint64_t index, const TxError& error) {
    return {
        BlockErrc::transaction, BlockPart::transaction, index, BlockField::envelope, 0, 0, error};
}

TxError field_error(TxField field, rlp::Errc code) {
    return {TxErrc::rlp, static_cast<std::uint64_t>(field), static_cast<std::uint64_t>(code)};
}

BlockError error_of(const Buffer& body, const BlockLimits& limits = {}) {
    const auto result = decode_body(SharedBytes::copy(body), limits);
    REQUIRE_FALSE(result);
    return result.error();
}

}  // namespace

TEST_CASE("a body survives encoding and decoding, and is go-ethereum's") {
    const auto body = mixed_body();
    const auto raw = body.encode();
    CHECK(hash_of(raw) == "a872399b784394d9c2d91b1f4a897c21af01aaa55389d5abcd6dfe56b7237525");
    const auto shared = SharedBytes::copy(raw);
    const auto again = decode_body(shared);
    REQUIRE(again);
    CHECK(again->encode() == raw);
    REQUIRE(again->transactions.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto& tx = again->transactions[i];
        CHECK(tx.hash == body.transactions[i].hash);
        CHECK(tx.encode() == to_buffer(tx.raw));
        CHECK(tx.raw.view().data() > shared.view().data());  // shared, not copied
        CHECK(tx.raw.view().data() < shared.view().data() + shared.size());
        CHECK(tx.data.size() == body.transactions[i].data.size());
    }
    CHECK(again->ommers == body.ommers);
    CHECK(again->withdrawals == body.withdrawals);

    auto made = *again;  // from the fields alone
    for (auto& tx : made.transactions) tx.raw = {};
    CHECK(made.encode() == raw);
}

TEST_CASE("a block survives encoding and decoding, and is go-ethereum's") {
    const Block block{header_of(Fork::cancun), mixed_body()};
    const auto raw = block.encode();
    CHECK(hash_of(raw) == "eb587bbd4857abb8dea9899b40d60ebc7c1d691aa0f7cf70bd70b1ad1ff8adcc");
    const auto again = decode_block(SharedBytes::copy(raw));
    REQUIRE(again);
    CHECK(again->header == block.header);
    CHECK(again->body.ommers == block.body.ommers);
    CHECK(again->encode() == raw);

    const Block empty{header_of(Fork::cancun), {.withdrawals = std::vector<Withdrawal>{}}};
    CHECK(hash_of(empty.encode()) ==
          "3e961e69a1054b0f22259da55eff3403fffff1edd6ff00874aaca4a1a3fb6f1a");
    CHECK(decode_block(SharedBytes::own(empty.encode()))->body.withdrawals->empty());
    const Block old{header_of(Fork::berlin), {}};
    CHECK_FALSE(decode_block(SharedBytes::own(old.encode()))->body.withdrawals);
}

TEST_CASE("the body of the format's page holds") {
    const Body body{.transactions = {mixed_body().transactions[0]}};
    CHECK(to_hex(body.encode()) ==
          "f869f866f864808502540be4008252089442000000000000000000000000000000000000000180"
          "26a08fdebaf629247f0b37be5493054fc3be4e3d09fa726a9209c48b0a7499a37248a031c0f6ff"
          "2dc0c4401569b043eceb22b038f5d886a0ff4d6e0bd489d37051ffb6c0");
}

TEST_CASE("the hash of ommers is that of their list") {
    CHECK(hash_of_ommers({}) == empty_ommers_hash);
    const auto ommers = mixed_body().ommers;
    CHECK(hash_of_ommers(ommers) == crypto::keccak256(list_of({ommers[0].encode()})));
}

TEST_CASE("bytes that are no body are refused with the place and the reason") {
    const auto body = mixed_body();
    const auto raw = body.encode();
    const auto legacy = to_buffer(body.transactions[0].raw);
    const auto typed = rlp::Writer{}.string(body.transactions[1].raw.view()).take();
    const auto with = [&](std::size_t index, const Buffer& item) {
        Items out{raw};
        out.items.at(index) = item;
        return out.whole();
    };
    const auto hex = [](std::string_view text) { return *from_hex(text); };
    const auto second = [&](const Buffer& item) { return with(0, list_of({legacy, item})); };
    const auto first_only = [&](std::size_t count) {
        Items out{raw};
        out.items.resize(count);
        return out.whole();
    };
    auto after = raw;
    after.push_back(std::byte{0});
    auto bare = to_buffer(body.transactions[1].raw);  // a type byte, then a list of its own
    auto ommer = Items{body.ommers[0].encode()}.set(8, "00").whole();
    auto withdrawal = Items{body.withdrawals->at(0).encode()}.set(2, "80").whole();

    using enum BlockField;
    using rlp::Errc;
    constexpr auto in_body = BlockPart::body;
    const struct {
        const char* name;
        Buffer bytes;
        BlockError error;
    } table[] = {
        {"nothing", {}, rlp_error(in_body, envelope, Errc::truncated)},
        {"a string", hex("80"), rlp_error(in_body, envelope, Errc::expected_list)},
        {"a byte after it", after, rlp_error(in_body, envelope, Errc::trailing_bytes)},
        {"no items", hex("c0"), rlp_error(in_body, transactions, Errc::missing_item)},
        {"one item", first_only(1), rlp_error(in_body, ommers, Errc::missing_item)},
        {"four items", Items{raw}.add("c0").whole(),
         rlp_error(in_body, envelope, Errc::trailing_bytes)},
        {"transactions a string", with(0, hex("80")),
         rlp_error(in_body, transactions, Errc::expected_list)},
        {"transactions cut", with(0, hex("c1c1")),
         rlp_error(in_body, transactions, Errc::truncated)},
        {"ommers a string", with(1, hex("80")), rlp_error(in_body, ommers, Errc::expected_list)},
        {"withdrawals a string", with(2, hex("80")),
         rlp_error(in_body, withdrawals, Errc::expected_list)},
        {"an empty transaction", second(hex("80")), tx_error(1, {TxErrc::empty})},
        {"only a type", second(hex("02")),
         tx_error(1, field_error(TxField::envelope, Errc::truncated))},
        {"type 4", second(hex("8204c0")), tx_error(1, {TxErrc::unknown_type, 0, 4})},
        {"legacy in a string", second(rlp::Writer{}.string(Bytes{legacy}).take()),
         tx_error(1, {TxErrc::unknown_type, 0, 0xf8})},
        {"typed in two strings", second(rlp::Writer{}.string(Bytes{typed}).take()),
         tx_error(1, {TxErrc::unknown_type, 0, 0xb9})},
        {"typed not in a string", second(bare),
         tx_error(1, field_error(TxField::envelope, Errc::truncated))},
        {"typed in a list", second(list_of({typed})),
         tx_error(1, field_error(TxField::nonce, Errc::integer_too_large))},
        {"a transaction with a bad field", second(Items{legacy}.set(2, "00").whole()),
         tx_error(1, field_error(TxField::gas_limit, Errc::leading_zero))},
        {"an ommer with a bad field", with(1, list_of({body.ommers[0].encode(), ommer})),
         rlp_error(BlockPart::ommer, number, Errc::leading_zero, 1)},
        {"an ommer a string", with(1, hex("c180")),
         rlp_error(BlockPart::ommer, envelope, Errc::expected_list)},
        {"a withdrawal with a bad field",
         with(2, list_of({body.withdrawals->at(0).encode(), withdrawal})),
         rlp_error(BlockPart::withdrawal, address, Errc::wrong_size, 1)},
    };
    for (const auto& row : table) {
        CAPTURE(row.name);
        const auto error = error_of(row.bytes);
        INFO(message(error));
        CHECK(error == row.error);
    }
    CHECK(message(tx_error(1, {TxErrc::unknown_type, 0, 4})) ==
          "transaction 1: unknown transaction type 0x04");
    CHECK(message(rlp_error(BlockPart::ommer, number, Errc::leading_zero, 1)) ==
          "ommer 1, field number: leading zero");
    CHECK(message(rlp_error(BlockPart::withdrawal, address, Errc::wrong_size, 2)) ==
          "withdrawal 2, field address: wrong size");
}

TEST_CASE("bytes that are no block are refused with the place and the reason") {
    const auto raw = Block{header_of(Fork::cancun), mixed_body()}.encode();
    const auto with = [&](std::size_t index, std::string_view hex) {
        return Items{raw}.set(index, hex).whole();
    };
    auto half = Items{raw};
    half.items.resize(2);
    using enum BlockField;
    using rlp::Errc;
    const struct {
        const char* name;
        Buffer bytes;
        BlockError error;
    } table[] = {
        {"nothing", {}, rlp_error(BlockPart::block, envelope, Errc::truncated)},
        {"no items", *from_hex("c0"),
         rlp_error(BlockPart::block, BlockField::header, Errc::missing_item)},
        {"header a string", with(0, "80"),
         rlp_error(BlockPart::header, envelope, Errc::expected_list)},
        {"header empty", with(0, "c0"),
         rlp_error(BlockPart::header, parent_hash, Errc::missing_item)},
        {"two items", half.whole(), rlp_error(BlockPart::block, ommers, Errc::missing_item)},
        {"transactions a string", with(1, "80"),
         rlp_error(BlockPart::block, transactions, Errc::expected_list)},
        {"a bad transaction", with(1, "c104"), tx_error(0, {TxErrc::unknown_type, 0, 4})},
        {"five items", Items{raw}.add("c0").whole(),
         rlp_error(BlockPart::block, envelope, Errc::trailing_bytes)},
    };
    for (const auto& row : table) {
        CAPTURE(row.name);
        const auto result = decode_block(SharedBytes::copy(row.bytes));
        REQUIRE_FALSE(result);
        INFO(message(result.error()));
        CHECK(result.error() == row.error);
    }
    CHECK(decode_block(SharedBytes::copy(raw), {.bytes_max = raw.size()}));
    CHECK(decode_block(SharedBytes::copy(raw), {.bytes_max = raw.size() - 1}).error() ==
          BlockError{BlockErrc::too_large, BlockPart::block, 0, envelope, raw.size() - 1,
                     raw.size()});
}

TEST_CASE("each limit holds exactly") {
    const auto raw = mixed_body().encode();
    const BlockLimits exact{.bytes_max = raw.size(),
                            .extra_data_bytes_max = 0,
                            .transactions_max = 2,
                            .ommers_max = 1,
                            .withdrawals_max = 1};
    CHECK(decode_body(SharedBytes::copy(raw), exact));
    using enum BlockField;
    auto limits = exact;
    limits.bytes_max = raw.size() - 1;
    CHECK(error_of(raw, limits) == BlockError{BlockErrc::too_large, BlockPart::body, 0, envelope,
                                              raw.size() - 1, raw.size()});
    const auto too_many = [](BlockField field, std::uint64_t max) {
        return BlockError{BlockErrc::too_many, BlockPart::body, 0, field, max};
    };
    limits = exact;
    limits.transactions_max = 1;
    CHECK(error_of(raw, limits) == too_many(transactions, 1));
    CHECK(message(error_of(raw, limits)) == "body with more than 1 transactions");
    limits = exact;
    limits.ommers_max = 0;
    CHECK(error_of(raw, limits) == too_many(ommers, 0));
    limits = exact;
    limits.withdrawals_max = 0;
    CHECK(error_of(raw, limits) == too_many(withdrawals, 0));
    auto body = mixed_body();
    body.ommers[0].extra_data = {std::byte{1}};
    const auto longer = body.encode();
    limits = exact;
    limits.bytes_max = longer.size();
    CHECK(error_of(longer, limits) == rlp_error(BlockPart::ommer, extra_data, rlp::Errc::too_long));
}
