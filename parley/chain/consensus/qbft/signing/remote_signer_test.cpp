// A signer in another process, as its node sees it: what it signs, refuses, and when it is away.
#include <parley/chain/consensus/qbft/signing/remote_signer.hpp>

#include <parley/chain/consensus/qbft/signing/service.hpp>
#include <parley/chain/consensus/qbft/signing/test_requests.hpp>
#include <parley/chain/consensus/solo/solo.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;

namespace {

/// A process that can be away, and whoever asks it.
struct OtherProcess {
    SignerOnDisk disk;
    std::string away;

    RemoteSigner remote() {
        return RemoteSigner{[this](Bytes request) -> Result<Buffer, std::string> {
            if (!away.empty()) return std::unexpected{away};
            return to_buffer(
                Bytes{answer_signer_request(*disk.signer, SharedBytes::copy(request), no_log())});
        }};
    }
};

std::string said(const Signing& signing) {
    if (signing) return "signed";
    const bool is_away = signing.error().kind == SigningError::Kind::away;
    return (is_away ? "away: " : "refused: ") + signing.error().why;
}

}  // namespace

TEST_CASE("signer: another process signs what this one asks for") {
    OtherProcess other;
    auto signer = other.remote();
    CHECK_FALSE(signer.address());
    CHECK(said(signer.sign(prepare({5, 0}, 1))) == "away: its address is not known");
    REQUIRE(signer.ask_address() == address_of_secret(other.disk.secret));
    for (const auto& request :
         {propose({5, 0}, 1), prepare({5, 0}, 1), commit({5, 0}, 1), change({5, 1}, 0, 1)}) {
        const auto made = signer.sign(request);
        REQUIRE(made);
        CHECK(are_signatures_of(*signer.address(), request, *made));
    }
}

TEST_CASE("signer: two nodes that share one cannot contradict each other") {
    OtherProcess other;
    auto active = other.remote();
    auto standby = other.remote();
    REQUIRE(active.ask_address());
    REQUIRE(standby.ask_address());
    REQUIRE(active.sign(propose({5, 0}, 1)));
    CHECK(said(standby.sign(propose({5, 0}, 2))).starts_with("refused: block 5, round 0: "));
    REQUIRE(standby.sign(prepare({5, 0}, 1)));  // of the same block it may
    REQUIRE(active.sign(prepare({5, 0}, 1)));
    REQUIRE(active.sign(commit({5, 0}, 1)));
    CHECK(
        said(standby.sign(change({5, 1}))).starts_with("refused: block 5, round 1: it committed"));
}

TEST_CASE("signer: one that does not answer is away, and comes back") {
    OtherProcess other;
    auto signer = other.remote();
    other.away = "cannot connect to x: Connection refused";
    CHECK(signer.ask_address().error().why == "cannot connect to x: Connection refused");
    other.away.clear();
    REQUIRE(signer.ask_address());
    other.away = "no answer from x in time";
    CHECK(said(signer.sign(prepare({5, 0}, 1))) == "away: no answer from x in time");
    other.away.clear();
    CHECK(said(signer.sign(prepare({5, 0}, 1))) == "signed");
}

TEST_CASE("signer: one that has another key by now is found out") {
    OtherProcess other;
    auto signer = other.remote();
    const auto before = *signer.ask_address();
    other.disk.secret = chain::testing::secret_of(2);
    other.disk.start();
    const auto why = "away: what it signs is not signed by " + before.to_string() +
                     ", whose key it had when this node asked first";
    CHECK(said(signer.sign(prepare({5, 0}, 1))) == why);
    CHECK(said(signer.sign(commit({5, 0}, 1))) == why);
    CHECK(signer.address() == before);
}

TEST_CASE("signer: answers that do not fit are none") {
    Buffer answer;
    RemoteSigner signer{[&](Bytes) -> Result<Buffer, std::string> { return answer; }};
    const auto set = [&](const SignerAnswer& one) { answer = to_buffer(Bytes{encode(one)}); };
    set(Signatures{});
    CHECK(signer.ask_address().error().why == "it answers signatures where an address belongs");
    answer = *from_hex("c20204");
    CHECK(signer.ask_address().error().why == "its answer cannot be read: version: 2, expected 1");
    const auto self = address_of_secret(chain::testing::secret_of(1));
    set(self);
    REQUIRE(signer.ask_address());
    CHECK(said(signer.sign(prepare({5, 0}, 1))) ==
          "away: it answers an address where signatures belong");
    // A seal where none belongs, and none where one does.
    LocalSigner key{chain::testing::secret_of(1)};
    auto made = *key.sign(prepare({5, 0}, 1));
    made.seal.emplace();
    set(made);
    CHECK_FALSE(signer.sign(prepare({5, 0}, 1)));
    made = *key.sign(commit({5, 0}, 1));
    made.seal.reset();
    set(made);
    CHECK_FALSE(signer.sign(commit({5, 0}, 1)));
}

TEST_CASE("signer: the vectors of docs/formats/signer.md") {
    struct Vector {
        std::string request, answer, entry;
    };
    const std::string digest = "08bd2c42aed4fa23f98aa40dc69ac0454b3ace6b0a6d3669f0aa0365dd23a1ae";
    for (const auto& one : std::vector<Vector>{
             {"c20101", "d7018094864f7fbd2494383b1360bf792e8b40ec1c6c552c", ""},
             {"e501130502a0" + digest,
              "f8450101b8415992cb6fac39005a5b9904798c7f83906ae043e23dec0a0054a85d5ad0ce3f322ec6877"
              "8ef3df907508cd2b659c23528b272562196f078856e806ab1ef03357901",
              "00000029f0d7d0581eda57b0e801050280a0" + digest + "80c0c0"},
             {"e701150502e201a0" + digest,
              "f8450101b841ad73b2448d9f337e25c8d945e653f82fafa44ce60bfba7d06aa1cc1d9b8ae6f7354803f"
              "f09df81b0243490c74437d3af211e718bf70914be9689cb4e05a2796c01",
              "0000002c999a4259754a2513eb010502808080e3e201a0" + digest + "c0"}}) {
        SignerOnDisk own;
        const auto answer =
            answer_signer_request(*own.signer, SharedBytes::copy(*from_hex(one.request)), no_log());
        CHECK(to_hex(answer) == one.answer);
        CHECK(to_hex(*own.first.read(0, own.first.size_bytes())) == one.entry);
    }
}

TEST_CASE("signer: a request that cannot be read is answered with why") {
    SignerOnDisk own;
    const auto answer = decode_signer_answer(
        answer_signer_request(*own.signer, SharedBytes::copy(*from_hex("c20201")), no_log()));
    REQUIRE(answer);
    CHECK(std::get<SigningError>(*answer) ==
          SigningError{SigningError::Kind::away,
                       "the request cannot be read: version: 2, expected 1"});
}
