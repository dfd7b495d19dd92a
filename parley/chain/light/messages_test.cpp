// The messages of the topic "light": round trips, and a table of what is refused.
#include <parley/chain/light/messages.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::light;

namespace {

Hash256 numbered(std::uint8_t i) {
    Hash256 out{};
    out[31] = std::byte{i};
    return out;
}

Address account(std::uint8_t i) {
    Address out;
    out.value[19] = std::byte{i};
    return out;
}

SharedBytes shared(std::string_view text) {
    return SharedBytes::copy(bytes_of(text));
}

/// Of any items, written as the caller says.
Buffer list(const std::function<void(rlp::Writer&)>& write) {
    rlp::Writer out;
    out.begin_list();
    write(out);
    return out.end_list().take();
}

template <class T>
rlp::RlpError error_of(const Decoded<T>& decoded) {
    REQUIRE_FALSE(decoded);
    return decoded.error();
}

}  // namespace

TEST_CASE("messages of the topic light are read as they were written") {
    const GetHeaders headers{1, 2, headers_max};
    CHECK(decode_get_headers(encode(headers)) == headers);
    const GetProofs proofs{3, numbered(1), {{account(1), {}}, {account(2), {numbered(7)}}}};
    CHECK(decode_get_proofs(encode(proofs)) == proofs);
    const GetInclusion inclusion{4, numbered(2)};
    CHECK(decode_get_inclusion(encode(inclusion)) == inclusion);
    const GetBlock block{8, numbered(6), true};
    CHECK(decode_get_block(encode(block)) == block);
    const auto read = decode_inclusion(
        encode(Inclusion{5, 6, 7, {shared("one"), shared("two")}, {shared("three")}}));
    REQUIRE(read);
    CHECK(read->id == 5);
    CHECK(read->number == 6);
    CHECK(read->index == 7);
    REQUIRE(read->transaction.size() == 2);
    CHECK(equal(read->transaction[1], bytes_of("two")));
    REQUIRE(read->receipt.size() == 1);
    CHECK(equal(read->receipt[0], bytes_of("three")));
    const auto conflict = decode_conflict(encode(ConflictMessage{shared("a"), shared("b")}));
    REQUIRE(conflict);
    CHECK(equal(conflict->one, bytes_of("a")));
    CHECK(equal(conflict->other, bytes_of("b")));
}

TEST_CASE("a bad message of the topic light is refused, and why") {
    using rlp::Errc;
    using rlp::RlpError;
    const auto hash = numbered(1);
    const auto headers = [](std::uint64_t count) {
        return list([&](auto& out) { out.number(1).number(2).number(count); });
    };
    CHECK(error_of(decode_get_headers({})) == RlpError{Errc::truncated, 1, 0});
    CHECK(error_of(decode_get_headers(headers(0))) == RlpError{Errc::missing_item, 1, 0});
    CHECK(error_of(decode_get_headers(headers(257))) == RlpError{Errc::too_long, 256, 257});
    CHECK(error_of(decode_get_headers(list([](auto& out) { out.number(1).number(2); }))) ==
          RlpError{Errc::missing_item, 3, 2});
    CHECK(error_of(decode_get_headers(list([](auto& out) {
              out.number(1).number(2).number(3).number(4);
          }))).code == Errc::trailing_bytes);

    const auto proofs = [&](const std::function<void(rlp::Writer&)>& accounts) {
        return list([&](auto& out) {
            out.number(1).string(Bytes{hash}).begin_list();
            accounts(out);
            out.end_list();
        });
    };
    const auto write_account = [](rlp::Writer& out, std::size_t address_bytes,
                                  const std::vector<std::size_t>& slot_sizes) {
        out.begin_list().string(Buffer(address_bytes, std::byte{1})).begin_list();
        for (const auto size : slot_sizes) out.string(Buffer(size, std::byte{2}));
        out.end_list().end_list();
    };
    CHECK(error_of(decode_get_proofs(proofs([](auto&) {}))) == RlpError{Errc::missing_item, 1, 0});
    CHECK(error_of(decode_get_proofs(proofs([&](auto& out) {
              for (std::size_t i = 0; i < 65; ++i) write_account(out, 20, {});
          }))) == RlpError{Errc::too_long, 64, 65});
    CHECK(error_of(decode_get_proofs(proofs([&](auto& out) { write_account(out, 19, {}); }))) ==
          RlpError{Errc::wrong_size, 20, 19});
    CHECK(error_of(decode_get_proofs(proofs([&](auto& out) { write_account(out, 20, {31}); }))) ==
          RlpError{Errc::wrong_size, 32, 31});
    CHECK(error_of(decode_get_proofs(proofs([&](auto& out) {
              write_account(out, 20, std::vector<std::size_t>(200, 32));
              write_account(out, 20, std::vector<std::size_t>(57, 32));
          }))) == RlpError{Errc::too_long, 256, 257});
    CHECK(error_of(decode_get_proofs(proofs([](auto& out) {
              out.begin_list().string(Buffer(20, std::byte{1})).begin_list().end_list();
              out.number(1).end_list();
          }))).code == Errc::trailing_bytes);
    CHECK(error_of(decode_get_proofs(proofs([](auto& out) { out.number(1); }))).code ==
          Errc::expected_list);

    CHECK(error_of(decode_get_inclusion(list([](auto& out) {
              out.number(1).string(Buffer(31, std::byte{1}));
          }))) == RlpError{Errc::wrong_size, 32, 31});

    CHECK(error_of(decode_get_block(list([&](auto& out) {
              out.number(1).string(Bytes{hash}).number(2);
          }))) == RlpError{Errc::integer_too_large, 1, 2});
    CHECK(error_of(decode_get_block(list([&](auto& out) { out.number(1).string(Bytes{hash}); }))) ==
          RlpError{Errc::missing_item, 3, 2});

    const auto inclusion = [](std::uint64_t index, std::size_t nodes) {
        return SharedBytes::own(list([&](auto& out) {
            out.number(1).number(2).number(index).begin_list();
            for (std::size_t i = 0; i < nodes; ++i) out.number(1);
            out.end_list().begin_list().end_list();
        }));
    };
    CHECK(decode_inclusion(inclusion(65'536, 130)));
    CHECK(error_of(decode_inclusion(inclusion(65'537, 1))) ==
          RlpError{Errc::too_long, 65'536, 65'537});
    CHECK(error_of(decode_inclusion(inclusion(1, 131))) == RlpError{Errc::too_long, 130, 131});

    CHECK(error_of(decode_conflict(SharedBytes::own(list([](auto& out) { out.number(1); })))) ==
          RlpError{Errc::missing_item, 2, 1});
    CHECK(error_of(decode_conflict(SharedBytes::own(
                       list([](auto& out) { out.begin_list().end_list().number(1); }))))
              .code == Errc::expected_string);
}
