// Which headers are trusted because of an earlier one, and each way of not being.
#include <parley/chain/light/trust.hpp>

#include <parley/chain/light/test_headers.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::light;
using namespace parley::chain::light::testing;
using std::chrono::seconds;

namespace {

TrustedHeader trusted(const TestHeaders& chain, std::uint64_t number) {
    const auto& header = chain.at(number);
    const auto extra = qbft::decode_extra_data(header.extra_data);
    return {header, chain.all[number].hash, qbft::Validators{extra->validators}};
}

std::string answer(const Result<TrustedHeader, TrustError>& result) {
    return result ? "trusted" : message(result.error());
}

}  // namespace

TEST_CASE("a header is trusted however far it is, as long as enough of the old set sealed it") {
    TestHeaders chain{4};
    chain.grow_by(50);
    const Trust trust{{}, chain.engine};
    CHECK(answer(trust.check(trusted(chain, 0), chain.at(50), chain.time())) == "trusted");
    CHECK(answer(trust.check(trusted(chain, 0), chain.at(1), chain.time())) == "trusted");
    // One after the other all four go.
    for (std::uint64_t i = 0; i < 4; ++i) {
        chain.change(11 + i, true);
        chain.change(1 + i, false);
    }
    chain.grow();
    const auto last = chain.all.size() - 1;
    CHECK(answer(trust.check(trusted(chain, 50), chain.at(last), chain.time())) ==
          "sealed by 0 of the trusted validators, expected at least 2");
    // By way of headers between the two it is.
    auto at = trusted(chain, 50);
    std::size_t steps = 0;
    while (at.header.number < last) {
        auto next = last;
        while (!trust.check(at, chain.at(next), chain.time())) {
            next = at.header.number + (next - at.header.number) / 2;
        }
        at = *trust.check(at, chain.at(next), chain.time());
        ++steps;
    }
    CHECK(at.hash == chain.all[last].hash);
    CHECK(steps < 8);
}

TEST_CASE("each wrong header is refused, and why") {
    TestHeaders chain{4};
    chain.grow_by(10);
    const Trust trust{{.period = seconds{1'000}}, chain.engine};
    const auto now = chain.time();
    const auto from = trusted(chain, 5);
    const auto check = [&](const std::function<void(Header&, qbft::ExtraData&)>& change,
                           std::uint64_t number = 10) {
        auto header = chain.at(number);
        auto extra = *qbft::decode_extra_data(header.extra_data);
        change(header, extra);
        return answer(trust.check(from, std::move(header), now));
    };
    const auto sealed_by = [](std::vector<std::uint64_t> seeds) {
        return [seeds = std::move(seeds)](Header& header, qbft::ExtraData& extra) {
            TestHeaders::seal(header, extra, seeds);
        };
    };
    const auto nothing = [](Header&, qbft::ExtraData&) {};
    CHECK(check(nothing) == "trusted");
    CHECK(check(nothing, 5) == "number: expected above 5, got 5");
    CHECK(check(nothing, 4) == "number: expected above 5, got 4");
    CHECK(check(sealed_by({1, 2})) == "invalid: 2 seals, expected a quorum of 3");
    CHECK(check(sealed_by({1, 2, 2})) == "invalid: two seals by " + validator(2).to_string());
    CHECK(check(sealed_by({1, 2, 9})) ==
          "invalid: a seal by " + validator(9).to_string() + ", who is no validator");
    CHECK(check([](Header& header, qbft::ExtraData&) {
              header.state_root[0] ^= std::byte{1};
          }).starts_with("invalid: a seal by "));
    CHECK(check([](Header& header, qbft::ExtraData& extra) {
              header.timestamp = first_time_s + 9;
              TestHeaders::seal(header, extra, {1, 2, 3});
          }) == "time: expected at least 1000010, got 1000009");
    CHECK(check([](Header& header, qbft::ExtraData& extra) {
              header.number = std::uint64_t{1} << 63;
              TestHeaders::seal(header, extra, {1, 2, 3});
          }).starts_with("time: expected at least 9223372036855775"));
    CHECK(check([](Header& header, qbft::ExtraData& extra) {
              header.timestamp = first_time_s + 21;
              TestHeaders::seal(header, extra, {1, 2, 3});
          }) == "time: expected at most 1000020, got 1000021");
    CHECK(check(
              [](Header& header, qbft::ExtraData& extra) {
                  header.parent_hash = {};
                  TestHeaders::seal(header, extra, {1, 2, 3});
              },
              6) == "its parent is not the trusted header");
    CHECK(check([](Header& header, qbft::ExtraData& extra) {
              std::ranges::reverse(extra.validators);
              TestHeaders::seal(header, extra, {1, 2, 3});
          }) == "invalid: the validators do not ascend");
    CHECK(check([](Header& header, qbft::ExtraData& extra) {
              header.difficulty = to_uint256(2);
              TestHeaders::seal(header, extra, {1, 2, 3});
          }) == "invalid: difficulty: expected 1, got 2");
    // A set of the attacker's own, with a quorum of its own: one of the old one is not enough.
    CHECK(check([](Header& header, qbft::ExtraData& extra) {
              extra.validators = {validator(4), validator(21), validator(22), validator(23)};
              std::ranges::sort(extra.validators);
              header.beneficiary = validator(21);
              TestHeaders::seal(header, extra, {4, 21, 22});
          }) == "sealed by 1 of the trusted validators, expected at least 2");
    CHECK(answer(trust.check(from, chain.at(10), UnixTime{seconds{first_time_s + 5 + 1'000}})) ==
          "the trusted header vouched until 1001005, and it is 1001005");
    CHECK(answer(trust.check_alone(chain.at(10))) == "trusted");
}
