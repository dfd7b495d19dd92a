// What a node and its signer say to each other: round trips, and each way of being none of it.
#include <parley/chain/consensus/qbft/signing/wire.hpp>

#include <parley/chain/consensus/qbft/signing/test_requests.hpp>
#include <parley/chain/types/test_items.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;
using parley::chain::testing::Items;

namespace {

constexpr View view{5, 2};

std::string problem_of_request(const Items& items) {
    const auto read = decode_signer_request(SharedBytes::own(items.whole()));
    return read ? "none" : read.error();
}

std::string problem_of_answer(const Items& items) {
    const auto read = decode_signer_answer(items.whole());
    return read ? "none" : read.error();
}

/// An item of a request or answer is another one, or, at the end, one more.
struct WrongItem {
    std::size_t index;
    std::string_view hex;
    std::string_view problem;
};

Items with(const Items& whole, const WrongItem& wrong) {
    auto out = whole;
    if (wrong.index < out.items.size()) return out.set(wrong.index, wrong.hex);
    return out.add(wrong.hex);
}

}  // namespace

TEST_CASE("signer: requests and answers come back as they were written") {
    auto besu = commit(view, 1);
    besu.form = ExtraForm::besu;
    for (const SignerRequest& one :
         std::vector<SignerRequest>{AskAddress{}, propose(view, 1), prepare(view, 1),
                                    commit(view, 1), besu, change(view), change(view, 1, 1)}) {
        const auto bytes = encode(one);
        CHECK(bytes.size() <= signer_request_bytes_max);
        CHECK(decode_signer_request(bytes) == one);
    }
    for (const SignerAnswer& one :
         std::vector<SignerAnswer>{Address{{std::byte{1}}}, Signatures{{std::byte{2}}},
                                   Signatures{{std::byte{2}}, Seal{std::byte{3}}},
                                   SigningError{SigningError::Kind::refused, "it signed another"},
                                   SigningError{SigningError::Kind::away, ""}}) {
        const auto bytes = encode(one);
        CHECK(bytes.size() <= signer_answer_bytes_max);
        CHECK(decode_signer_answer(bytes) == one);
    }
}

TEST_CASE("signer: a reason that is too long is cut") {
    const auto bytes =
        encode(SignerAnswer{SigningError{SigningError::Kind::away, std::string(2'000, 'x')}});
    CHECK(bytes.size() <= signer_answer_bytes_max);
    const auto read = decode_signer_answer(bytes);
    REQUIRE(read);
    CHECK(std::get<SigningError>(*read).why == std::string(signer_reason_bytes_max, 'x'));
}

TEST_CASE("signer: bytes that are no request are refused by what is wrong") {
    CHECK(decode_signer_request({}).error() ==
          "message: RLP is truncated: 1 bytes promised, 0 there");
    const Items empty{*from_hex("c0")};
    CHECK(problem_of_request(empty) == "version: RLP list ends after 0 items, 1 wanted");
    const Items address{encode(SignerRequest{AskAddress{}})};
    for (const auto& wrong :
         std::vector<WrongItem>{{0, "02", "version: 2, expected 1"},
                                {0, "80", "version: 0, expected 1"},
                                {0, "c0", "version: RLP list where a string belongs"},
                                {1, "80", "kind: 0, expected 1, or 18 to 21"},
                                {1, "11", "kind: 17, expected 1, or 18 to 21"},
                                {1, "16", "kind: 22, expected 1, or 18 to 21"},
                                {1, "820113", "kind: 275, expected 1, or 18 to 21"},
                                {2, "01", "message: RLP is followed by 1 bytes too many"}}) {
        CAPTURE(wrong.hex);
        CHECK(problem_of_request(with(address, wrong)) == wrong.problem);
    }
    const Items vote{encode(SignerRequest{prepare(view, 1)})};
    for (const auto& wrong : std::vector<WrongItem>{
             {2, "00", "height: RLP integer has a leading zero"},
             {3, "850100000000", "round: RLP integer is too large: limit 4, got 5"},
             {4, "01", "digest: RLP string has 1 bytes instead of 32"},
             {5, "01", "message: RLP is followed by 1 bytes too many"}}) {
        CAPTURE(wrong.hex);
        CHECK(problem_of_request(with(vote, wrong)) == wrong.problem);
    }
    const Items seal{encode(SignerRequest{commit(view, 1)})};
    for (const auto& wrong : std::vector<WrongItem>{
             {4, "02", "form: RLP integer is too large: limit 1, got 2"},
             {5, "c0", "header, field parent hash: missing"},
             {5, "01", "header, field envelope: a string where a list belongs"}}) {
        CAPTURE(wrong.hex);
        CHECK(problem_of_request(with(seal, wrong)) == wrong.problem);
    }
    const Items round{encode(SignerRequest{change(view, 1, 1)})};
    for (const auto& wrong : std::vector<WrongItem>{
             {4, "80", "prepared round: RLP string where a list belongs"},
             {4, "c101", "prepared round: RLP list ends after 1 items, 2 wanted"}}) {
        CAPTURE(wrong.hex);
        CHECK(problem_of_request(with(round, wrong)) == wrong.problem);
    }
    auto proposal = Items{encode(SignerRequest{propose(view, 1)})};
    proposal.items.pop_back();
    CHECK(problem_of_request(proposal) == "block: RLP list ends after 5 items, 6 wanted");
}

TEST_CASE("signer: bytes that are no answer are refused by what is wrong") {
    const Items signatures{encode(SignerAnswer{Signatures{{}, Seal{}}})};
    for (const auto& wrong :
         std::vector<WrongItem>{{0, "02", "version: 2, expected 1"},
                                {1, "04", "kind: 4, expected 0 to 3"},
                                {2, "01", "signature: RLP string has 1 bytes instead of 65"},
                                {3, "01", "seal: RLP string has 1 bytes instead of 65"},
                                {4, "01", "message: RLP is followed by 1 bytes too many"}}) {
        CAPTURE(wrong.hex);
        CHECK(problem_of_answer(with(signatures, wrong)) == wrong.problem);
    }
    const Items address{encode(SignerAnswer{Address{}})};
    CHECK(problem_of_answer(with(address, {2, "01", ""})) ==
          "address: RLP string has 1 bytes instead of 20");
    Items refusal{encode(SignerAnswer{SigningError{SigningError::Kind::refused, "no"}})};
    refusal.set(2, "b90201" + std::string(2 * 513, '6'));
    CHECK(problem_of_answer(refusal) == "reason: RLP is too long: limit 512, got 513");
}
