#include <parley/chain/types/transaction.hpp>

#include <parley/chain/types/sender.hpp>
#include <parley/chain/types/test_items.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::chain;
using chain::testing::Items;
using chain::testing::secret_of;
using chain::testing::sign;
using chain::testing::transfer;

namespace {

constexpr auto u64_max = std::numeric_limits<std::uint64_t>::max();
Uint256 all_ones() {
    Uint256 out;
    out.fill(std::byte{0xff});
    return out;
}

Address address_of(const ByteArray<32>& secret) {
    const auto key = crypto::decompress(crypto::public_key(secret));
    REQUIRE(key);
    return {array_of<20>(Bytes{crypto::keccak256(*key)}.last(20))};
}

Transaction of_type(TxType type) {
    auto tx = transfer(7);
    tx.type = type;
    if (type == TxType::legacy || type == TxType::access_list) tx.max_priority_fee = tx.max_fee;
    tx.data = SharedBytes::copy(bytes_of("\x01two"));
    tx.gas_limit = 100'000;
    if (type != TxType::legacy) {
        tx.access_list = {{Address{{std::byte{1}}}, {Hash256{}, Hash256{std::byte{2}}}},
                          {Address{{std::byte{3}}}, {}}};
    }
    if (type == TxType::blob) {
        tx.max_fee_per_blob_gas = to_uint256(2'000'000'000);
        tx.blob_hashes = {Hash256{std::byte{1}}, Hash256{std::byte{1}, std::byte{2}}};
    }
    return tx;
}

Items items_of(const Transaction& tx) {
    return Items{Bytes{tx.raw}.subspan(tx.type == TxType::legacy ? 0 : 1)};
}
SharedBytes raw_of(const Items& items, std::string_view prefix_hex = "02") {
    return SharedBytes::own(items.whole(prefix_hex));
}

TxError rlp_error(TxField field, rlp::Errc code) {
    return {TxErrc::rlp, static_cast<std::uint64_t>(field), static_cast<std::uint64_t>(code)};
}

}  // namespace

TEST_CASE("each type survives signing, encoding, decoding and gives its sender back") {
    const auto secret = secret_of(3);
    for (const auto type :
         {TxType::legacy, TxType::access_list, TxType::dynamic_fee, TxType::blob}) {
        CAPTURE(static_cast<int>(type));
        const auto tx = sign(of_type(type), secret);
        const auto again = decode_transaction(tx.raw);
        REQUIRE(again);
        CHECK(again->type == type);
        CHECK(again->chain_id == 1);
        CHECK(again->nonce == 7);
        CHECK(again->gas_limit == 100'000);
        CHECK(again->max_fee == to_uint256(10'000'000'000));
        CHECK(again->to == tx.to);
        CHECK(text_of(again->data) == "\x01two");
        CHECK(again->access_list == of_type(type).access_list);
        CHECK(again->max_fee_per_blob_gas == of_type(type).max_fee_per_blob_gas);
        CHECK(again->blob_hashes == of_type(type).blob_hashes);
        CHECK(again->blob_gas() == (type == TxType::blob ? 262'144 : 0));
        CHECK(again->hash == crypto::keccak256(tx.raw));
        CHECK(again->encode() == to_buffer(tx.raw));
        CHECK(again->data.view().data() >= tx.raw.view().data());  // shared, not copied
        CHECK(check_stateless(*again, {.fork = Fork::cancun}));
        CHECK(recover_sender(*again) == address_of(secret));
    }
}

TEST_CASE("the example of EIP-155 decodes, checks and recovers") {
    const auto raw = from_hex(
        "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080"
        "25a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"
        "a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83");
    const auto tx = decode_transaction(SharedBytes::copy(*raw));
    REQUIRE(tx);
    CHECK(to_hex(tx->signing_hash()) ==
          "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
    CHECK(recover_sender(*tx)->to_string() == "0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f");
}

TEST_CASE("the vector of the format's page holds") {
    auto tx = of_type(TxType::dynamic_fee);
    tx.max_priority_fee = to_uint256(1'000'000'000);
    tx.data = SharedBytes::copy(bytes_of("data"));
    tx.access_list = {{Address{{std::byte{1}}}, {Hash256{std::byte{2}}}}, {}};
    tx = sign(tx, secret_of(0));
    CHECK(to_hex(tx.raw) ==
          "02f8c00107843b9aca008502540be400830186a09442000000000000000000000000000000000000000184"
          "64617461f84ff7940100000000000000000000000000000000000000e1a002000000000000000000000000"
          "00000000000000000000000000000000000000d6940000000000000000000000000000000000000000c080"
          "a0f5eed781d4238443f09f0463d174eca78e23ed0419b0a1233d43a664c0b29255a0631f0da7c50641cded"
          "1d9f38f66db00fb5ea22d8f633ed4978f7f1db79920928");
    CHECK(to_hex(tx.hash) == "cdadffe32cf63942e7eb179afd1bf67229ebf1e8eef74a35ea7c77630350ea9c");
    CHECK(recover_sender(tx)->to_string() == "0x7691ee0343b9a529675e1a8a70197b3b704f90b7");
    CHECK(intrinsic_gas(tx, Fork::london) == 27'764);
}

TEST_CASE("the blob transaction of the format's page is go-ethereum's") {
    auto tx = of_type(TxType::blob);
    tx.max_priority_fee = to_uint256(1'000'000'000);
    tx.data = SharedBytes::copy(bytes_of("data"));
    tx.access_list = {{Address{{std::byte{1}}}, {Hash256{std::byte{2}}}}, {}};
    tx.blob_hashes = {Hash256{std::byte{1}}, Hash256{std::byte{1}}};
    tx = sign(tx, secret_of(0));
    CHECK(to_hex(tx.raw) ==
          "03f901090107843b9aca008502540be400830186a094420000000000000000000000000000000000000001"
          "8464617461f84ff7940100000000000000000000000000000000000000e1a0020000000000000000000000"
          "0000000000000000000000000000000000000000d6940000000000000000000000000000000000000000c0"
          "8477359400f842a00100000000000000000000000000000000000000000000000000000000000000a00100"
          "0000000000000000000000000000000000000000000000000000000000"
          "0080a05afbe78918687ded50efb4f0f2e17a4f651323d1b65247d8a820f5bc4ef4400ca06cc108060297d0"
          "32189d93fbc5d3960f45ca2d17724ec1b3458421cf63bcdb07");
    CHECK(to_hex(tx.signing_hash()) ==
          "b774d4a013cfe1e804a83482b32befe76183db9e4ccf057fe0c5a62df64a094b");
    CHECK(to_hex(tx.hash) == "da988f0a959ad920791311bc142fabea997747a49f860a42c45406c0316ca692");
    CHECK(recover_sender(tx)->to_string() == "0x7691ee0343b9a529675e1a8a70197b3b704f90b7");
    CHECK(intrinsic_gas(tx, Fork::cancun) == 27'764);
}

TEST_CASE("bytes that are no transaction are refused with the field and the reason") {
    const auto tx = sign(of_type(TxType::dynamic_fee), secret_of(1));
    const auto with = [&](std::size_t index, std::string_view hex) {
        return raw_of(items_of(tx).set(index, hex));
    };
    const auto blob = sign(of_type(TxType::blob), secret_of(1));
    const auto blob_with = [&](std::size_t index, std::string_view hex) {
        return raw_of(items_of(blob).set(index, hex), "03");
    };
    const auto hex = [](std::string_view text) { return SharedBytes::own(*from_hex(text)); };
    const std::string zeros41 = "a9" + std::string(82, '1');
    const struct {
        const char* name;
        SharedBytes raw;
        TxError error;
    } table[] = {
        {"empty", {}, {TxErrc::empty, 0, 0}},
        {"type 0", hex("00"), {TxErrc::unknown_type, 0, 0}},
        {"type 4", raw_of(items_of(tx), "04"), {TxErrc::unknown_type, 0, 4}},
        {"type 0x7f", raw_of(items_of(tx), "7f"), {TxErrc::unknown_type, 0, 0x7f}},
        {"wrapped in a string", hex("b802c0c0"), {TxErrc::unknown_type, 0, 0xb8}},
        {"only the type", hex("02"), rlp_error(TxField::envelope, rlp::Errc::truncated)},
        {"string for list", hex("0180"), rlp_error(TxField::envelope, rlp::Errc::expected_list)},
        {"empty list", hex("02c0"), rlp_error(TxField::chain_id, rlp::Errc::missing_item)},
        {"chain id 0x00", with(0, "00"), rlp_error(TxField::chain_id, rlp::Errc::leading_zero)},
        {"chain id of 9 bytes", with(0, "89010000000000000000"),
         rlp_error(TxField::chain_id, rlp::Errc::integer_too_large)},
        {"nonce not minimal", with(1, "8101"),
         rlp_error(TxField::nonce, rlp::Errc::non_canonical_byte)},
        {"nonce with zero", with(1, "820001"), rlp_error(TxField::nonce, rlp::Errc::leading_zero)},
        {"priority fee of 41 bytes", with(2, zeros41),
         rlp_error(TxField::max_priority_fee, rlp::Errc::integer_too_large)},
        {"max fee a list", with(3, "c0"), rlp_error(TxField::max_fee, rlp::Errc::expected_string)},
        {"gas of 9 bytes", with(4, "89010000000000000000"),
         rlp_error(TxField::gas_limit, rlp::Errc::integer_too_large)},
        {"to of 19 bytes", with(5, "93" + std::string(38, '1')),
         rlp_error(TxField::to, rlp::Errc::wrong_size)},
        {"to of 21 bytes", with(5, "95" + std::string(42, '1')),
         rlp_error(TxField::to, rlp::Errc::wrong_size)},
        {"to a list", with(5, "c0"), rlp_error(TxField::to, rlp::Errc::expected_string)},
        {"value of 41 bytes", with(6, zeros41),
         rlp_error(TxField::value, rlp::Errc::integer_too_large)},
        {"data in a long form", with(7, "b80101"),
         rlp_error(TxField::data, rlp::Errc::non_canonical_size)},
        {"access list a string", with(8, "80"),
         rlp_error(TxField::access_list, rlp::Errc::expected_list)},
        {"access entry a string", with(8, "c180"),
         rlp_error(TxField::access_list, rlp::Errc::expected_list)},
        {"access entry empty", with(8, "c1c0"),
         rlp_error(TxField::access_address, rlp::Errc::missing_item)},
        {"access address short", with(8, "c4c38101c0"),
         rlp_error(TxField::access_address, rlp::Errc::non_canonical_byte)},
        {"access entry without keys", with(8, "d6d594" + std::string(40, '1')),
         rlp_error(TxField::access_list, rlp::Errc::missing_item)},
        {"access key short", with(8, "d8d794" + std::string(40, '1') + "c105"),
         rlp_error(TxField::access_key, rlp::Errc::wrong_size)},
        {"access entry with a third item", with(8, "d8d794" + std::string(40, '1') + "c080"),
         rlp_error(TxField::access_list, rlp::Errc::trailing_bytes)},
        {"parity 2", with(9, "02"), {TxErrc::bad_parity, 1, 2}},
        {"parity 27", with(9, "1b"), {TxErrc::bad_parity, 1, 27}},
        {"r with zero", with(10, "820001"), rlp_error(TxField::r, rlp::Errc::leading_zero)},
        {"s of 33 bytes", with(11, "a1" + std::string(66, '1')),
         rlp_error(TxField::s, rlp::Errc::integer_too_large)},
        {"blobs without a recipient", blob_with(5, "80"), {TxErrc::blob_creation, 0, 0}},
        {"blobs to 19 bytes", blob_with(5, "93" + std::string(38, '1')),
         rlp_error(TxField::to, rlp::Errc::wrong_size)},
        {"blob fee of 41 bytes", blob_with(9, zeros41),
         rlp_error(TxField::max_blob_fee, rlp::Errc::integer_too_large)},
        {"blob hashes a string", blob_with(10, "80"),
         rlp_error(TxField::blob_hashes, rlp::Errc::expected_list)},
        {"blob hash of a byte", blob_with(10, "c101"),
         rlp_error(TxField::blob_hashes, rlp::Errc::wrong_size)},
        {"type 3 with the items of type 2", raw_of(items_of(tx), "03"),
         rlp_error(TxField::blob_hashes, rlp::Errc::expected_list)},
        {"type 2 with the items of type 3",
         raw_of(items_of(blob)),
         {TxErrc::bad_parity, 1, 2'000'000'000}},
        {"with its blobs around it",
         SharedBytes::own(*from_hex("03f87ec0" + std::string(250, '1'))),
         rlp_error(TxField::chain_id, rlp::Errc::expected_string)},
    };
    for (const auto& row : table) {
        CAPTURE(row.name);
        const auto result = decode_transaction(row.raw);
        REQUIRE_FALSE(result);
        INFO(message(result.error()));
        CHECK(result.error() == row.error);
    }
    auto extra = items_of(tx);
    extra.add("80");
    CHECK(decode_transaction(raw_of(extra)).error() ==
          rlp_error(TxField::envelope, rlp::Errc::trailing_bytes));
    extra.items.resize(11);
    CHECK(decode_transaction(raw_of(extra)).error() ==
          rlp_error(TxField::s, rlp::Errc::missing_item));
    auto after = to_buffer(tx.raw);
    after.push_back(std::byte{0});
    CHECK(decode_transaction(SharedBytes::own(std::move(after))).error() ==
          rlp_error(TxField::envelope, rlp::Errc::trailing_bytes));
    CHECK(decode_transaction(tx.raw, 100).error() ==
          TxError{TxErrc::too_large, 100, tx.raw.size()});
}

TEST_CASE("legacy v is 27, 28 or holds a chain id") {
    const auto tx = sign(of_type(TxType::legacy), secret_of(1));
    const auto with_v = [&](std::string_view hex) {
        return decode_transaction(raw_of(items_of(tx).set(6, hex), ""));
    };
    for (const auto* bad : {"80", "01", "1a", "1d", "22"}) {
        CAPTURE(bad);
        CHECK(with_v(bad).error().code == TxErrc::bad_v);
    }
    CHECK(with_v("1b")->chain_id == std::nullopt);
    CHECK(with_v("1c")->y_parity == 1);
    CHECK(with_v("23")->chain_id == 0);
    CHECK(with_v("26")->chain_id == 1);
    CHECK(with_v("26")->y_parity == 1);
    CHECK(with_v("88ffffffffffffffff")->chain_id == (u64_max - 35) / 2);
    CHECK(with_v("88ffffffffffffffff")->encode() ==
          items_of(tx).set(6, "88ffffffffffffffff").whole());
    CHECK(with_v("89010000000000000000").error() ==
          rlp_error(TxField::v, rlp::Errc::integer_too_large));
}

TEST_CASE("each rule that needs no state has its error and its exact boundary") {
    const auto checked = [](std::function<void(Transaction&)> change, ChainRules rules = {}) {
        auto tx = transfer(0);
        change(tx);
        const auto result = check_stateless(sign(tx, secret_of(1)), rules);
        return result ? std::optional<TxError>{} : result.error();
    };
    CHECK_FALSE(checked([](auto&) {}));
    CHECK(checked([](auto& t) { t.chain_id = 2; }) == TxError{TxErrc::wrong_chain, 1, 2});
    CHECK(checked([](auto& t) { t.chain_id = 0; }) == TxError{TxErrc::wrong_chain, 1, 0});
    CHECK(checked([](auto& t) { t.nonce = u64_max; }) ==
          TxError{TxErrc::nonce_too_high, u64_max - 1, u64_max});
    CHECK_FALSE(checked([](auto& t) { t.nonce = u64_max - 1; }));
    CHECK(checked([](auto& t) { t.max_priority_fee = to_uint256(10'000'000'001); })->code ==
          TxErrc::priority_above_max);
    CHECK(checked([](auto& t) { t.max_fee = all_ones(); })->code == TxErrc::cost_overflow);
    CHECK(checked([](auto& t) { t.gas_limit = 20'999; }) ==
          TxError{TxErrc::gas_too_low, 21'000, 20'999});
    CHECK(checked([](auto& t) { t.to.reset(); }) == TxError{TxErrc::gas_too_low, 53'000, 21'000});
    const auto with_data = [](auto& t) { t.data = SharedBytes::copy(*from_hex("00ff00")); };
    CHECK(checked(with_data) == TxError{TxErrc::gas_too_low, 21'024, 21'000});
    const auto with_access = [](auto& t) {
        t.access_list = {{Address{}, {Hash256{}, Hash256{}}}, {Address{}, {}}};
        t.gas_limit = 29'599;
    };
    CHECK(checked(with_access) == TxError{TxErrc::gas_too_low, 29'600, 29'599});
    CHECK(checked([](auto& t) { t.gas_limit = 30'001; }, {.gas_limit_max = 30'000}) ==
          TxError{TxErrc::gas_above_block, 30'000, 30'001});
    CHECK(checked([](auto&) {}, {.tx_bytes_max = 20})->code == TxErrc::too_large);
    const auto unprotected = [](auto& t) {
        t.type = TxType::legacy;
        t.chain_id.reset();
    };
    CHECK_FALSE(checked(unprotected));
    CHECK(checked(unprotected, {.unprotected_allowed = false}) == TxError{TxErrc::unprotected});
}

TEST_CASE("each type has its first fork") {
    const auto checked = [](TxType type, Fork fork) {
        return check_stateless(sign(of_type(type), secret_of(1)), {.fork = fork});
    };
    for (const auto fork :
         {Fork::berlin, Fork::london, Fork::paris, Fork::shanghai, Fork::cancun}) {
        CAPTURE(name(fork));
        CHECK(checked(TxType::legacy, fork));
        CHECK(checked(TxType::access_list, fork));
        CHECK(checked(TxType::dynamic_fee, fork).has_value() == (fork >= Fork::london));
        CHECK(checked(TxType::blob, fork).has_value() == (fork >= Fork::cancun));
    }
    const auto early = checked(TxType::dynamic_fee, Fork::berlin).error();
    CHECK(early == TxError{TxErrc::type_too_early, static_cast<std::uint64_t>(Fork::london), 2});
    CHECK(message(early) == "unknown transaction type 0x02 before london");
    CHECK(checked(TxType::blob, Fork::shanghai).error() ==
          TxError{TxErrc::type_too_early, static_cast<std::uint64_t>(Fork::cancun), 3});
}

TEST_CASE("since Shanghai init code has a limit and costs gas") {
    const auto checked = [](std::size_t code_bytes, Fork fork, std::uint64_t gas) {
        auto tx = transfer(0);
        tx.to.reset();
        tx.data = SharedBytes::own(Buffer(code_bytes));
        tx.gas_limit = gas;
        const auto result = check_stateless(sign(tx, secret_of(1)), {.fork = fork});
        return result ? TxError{} : result.error();
    };
    const TxError good{};
    CHECK(checked(0, Fork::shanghai, 53'000) == good);
    CHECK(checked(33, Fork::paris, 53'132) == good);
    CHECK(checked(33, Fork::shanghai, 53'135) == TxError{TxErrc::gas_too_low, 53'136, 53'135});
    CHECK(checked(33, Fork::shanghai, 53'136) == good);
    CHECK(checked(32, Fork::cancun, 53'130) == good);
    CHECK(checked(49'152, Fork::shanghai, 1'000'000) == good);
    CHECK(checked(49'153, Fork::paris, 1'000'000) == good);
    CHECK(checked(49'153, Fork::shanghai, 1'000'000) ==
          TxError{TxErrc::init_code_too_large, 49'152, 49'153});
    auto call = transfer(0);  // data of a call is no code
    call.data = SharedBytes::own(Buffer(49'153));
    call.gas_limit = 1'000'000;
    CHECK(check_stateless(sign(call, secret_of(1)), {.fork = Fork::cancun}));
    CHECK(intrinsic_gas(call, Fork::cancun) == intrinsic_gas(call, Fork::london));
}

TEST_CASE("each rule on blobs has its error and its exact boundary") {
    const auto checked = [](std::function<void(Transaction&)> change) {
        auto tx = of_type(TxType::blob);
        change(tx);
        tx = sign(tx, secret_of(1));
        const auto result = check_stateless(tx, {.fork = Fork::cancun});
        return result ? TxError{} : result.error();
    };
    const TxError good{};
    CHECK(checked([](auto&) {}) == good);
    CHECK(checked([](auto& t) { t.to.reset(); }) == TxError{TxErrc::blob_creation});
    CHECK(checked([](auto& t) { t.blob_hashes.clear(); }) == TxError{TxErrc::no_blobs});
    CHECK(checked([](auto& t) { t.blob_hashes.resize(6, Hash256{std::byte{1}}); }) == good);
    CHECK(checked([](auto& t) { t.blob_hashes.resize(7, Hash256{std::byte{1}}); }) ==
          TxError{TxErrc::too_many_blobs, 6, 7});
    CHECK(checked([](auto& t) { t.blob_hashes.back()[0] = std::byte{2}; }) ==
          TxError{TxErrc::blob_version, 1, 2});
    CHECK(checked([](auto& t) { t.max_fee_per_blob_gas = all_ones(); }) ==
          TxError{TxErrc::cost_overflow});
    CHECK(checked([](auto& t) {
              t.max_fee_per_blob_gas = {};
              t.max_fee_per_blob_gas[2] = std::byte{0x3f};  // below 2^238, of 2^18 gas
          }) == good);
    CHECK(checked([](auto& t) {
              t.max_fee_per_blob_gas = {};
              t.max_fee_per_blob_gas[2] = std::byte{0x40};
          }) == TxError{TxErrc::cost_overflow});
}

TEST_CASE("r and s outside of their range are refused before any curve operation") {
    const auto order =
        *array_from_hex<32>("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    const auto tx = sign(transfer(0), secret_of(1));
    const auto with = [&](Uint256 r, Uint256 s) {
        auto changed = tx;
        std::ranges::copy(r, changed.signature.begin());
        std::ranges::copy(s, changed.signature.begin() + 32);
        const auto checked = check_stateless(changed, ChainRules{});
        const auto sender = recover_sender(changed);
        REQUIRE_FALSE(checked);
        REQUIRE_FALSE(sender);
        CHECK(checked.error() == sender.error());
        return checked.error().code;
    };
    const auto r = array_of<32>(Bytes{tx.signature}.first(32));
    const auto s = array_of<32>(Bytes{tx.signature}.last(32));
    CHECK(with(Uint256{}, s) == TxErrc::signature_range);
    CHECK(with(r, Uint256{}) == TxErrc::signature_range);
    CHECK(with(order, s) == TxErrc::signature_range);
    CHECK(with(r, order) == TxErrc::signature_range);
    CHECK(with(r, all_ones()) == TxErrc::signature_range);
    CHECK(with(r, *checked_subtract(order, s)) == TxErrc::high_s);
    CHECK(with(r, *checked_subtract(order, to_uint256(1))) == TxErrc::high_s);
}

TEST_CASE("an r that is no point on the curve has no sender") {
    auto tx = sign(transfer(0), secret_of(1));
    // 5 is not the x of any point on secp256k1: 5^3 + 7 has no square root.
    std::ranges::copy(to_uint256(5), tx.signature.begin());
    CHECK(check_stateless(tx, ChainRules{}));
    CHECK(recover_sender(tx).error() == TxError{TxErrc::no_sender});
}

TEST_CASE("the senders of many transactions are those of each, and so are the errors") {
    std::vector<Transaction> all;
    for (std::uint64_t i = 0; i < 20; ++i) all.push_back(sign(transfer(i), secret_of(1 + i % 7)));
    std::ranges::copy(to_uint256(5), all[3].signature.begin());  // on no curve, as above
    std::ranges::fill(all[9].signature, std::byte{0});
    std::vector<const Transaction*> pointers;
    for (const auto& tx : all) pointers.push_back(&tx);
    const auto senders = recover_senders(pointers);
    REQUIRE(senders.size() == all.size());
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(senders[i] == recover_sender(all[i]));
    CHECK(senders[3].error() == TxError{TxErrc::no_sender});
    CHECK(senders[9].error() == TxError{TxErrc::signature_range});
    CHECK(recover_senders({}).empty());
}

TEST_CASE("a changed field changes the sender") {
    auto tx = sign(transfer(0), secret_of(1));
    const auto sender = recover_sender(tx);
    tx.value = to_uint256(2);
    CHECK(recover_sender(tx) != sender);
}

TEST_CASE("the price at a base fee is what EIP-1559 says") {
    auto tx = transfer(0);
    tx.max_fee = to_uint256(100);
    tx.max_priority_fee = to_uint256(10);
    const auto price_at = [&](const Uint256& base_fee) {
        return effective_gas_price(tx.max_fee, tx.max_priority_fee, base_fee);
    };
    CHECK(price_at(to_uint256(0)) == to_uint256(10));
    CHECK(price_at(to_uint256(50)) == to_uint256(60));
    CHECK(price_at(to_uint256(95)) == to_uint256(100));
    CHECK(price_at(all_ones()) == to_uint256(100));
}
