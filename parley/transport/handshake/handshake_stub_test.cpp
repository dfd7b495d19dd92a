#include <parley/crypto/memo.hpp>
#include <parley/crypto/stub.hpp>
#include <parley/transport/handshake/test_handshake.hpp>

#include <doctest/doctest.h>

namespace parley::transport {

using namespace testing;

namespace {

/// A whole handshake between two nodes; the session's name, the same for both.
Hash256 session_of(Pair& pair) {
    auto initiator = pair.initiator();
    auto responder = pair.responder();
    REQUIRE(responder.read_m1(initiator.write_m1()));
    const auto m2 = responder.write_m2().value();
    CHECK(m2.size() == m2_bytes);
    const auto proof_r = initiator.read_m2(m2);
    REQUIRE(proof_r);
    CHECK(proof_r->peer == pair.key_r.id());
    const auto m3 = initiator.write_m3();
    CHECK(m3.size() == m3_bytes);
    const auto proof_i = responder.read_m3(m3);
    REQUIRE(proof_i);
    CHECK(proof_i->peer == pair.key_i.id());
    const auto keys_i = initiator.take_keys();
    const auto keys_r = responder.take_keys();
    CHECK(keys_i.initiator_to_responder == keys_r.initiator_to_responder);
    CHECK(keys_i.responder_to_initiator == keys_r.responder_to_initiator);
    CHECK(keys_i.session_id == keys_r.session_id);
    CHECK(keys_i.session_id != Hash256{});
    return keys_i.session_id;
}

}  // namespace

TEST_CASE("handshake: both sides agree with fakes for cryptography, no curve involved") {
    crypto::StubCrypto stub;
    const crypto::ScopedProvider scope{stub};
    Pair pair;  // records signed by the fake as well
    const auto first = session_of(pair);
    CHECK(session_of(pair) != first);
    CHECK(stub.memo().misses() == 0);
}

TEST_CASE("handshake: with fakes, records signed for real are checked once") {
    Pair pair;
    crypto::StubCrypto stub;
    const crypto::ScopedProvider scope{stub};
    (void)session_of(pair);
    (void)session_of(pair);
    CHECK(stub.memo().misses() == 2);
    CHECK(stub.memo().hits() == 2);
}

TEST_CASE("handshake: with fakes, what is changed on the way or said by another fails") {
    crypto::StubCrypto stub;
    const crypto::ScopedProvider scope{stub};
    Pair pair;
    auto initiator = pair.initiator();
    auto responder = pair.responder();
    REQUIRE(responder.read_m1(initiator.write_m1()));
    auto m2 = responder.write_m2().value();
    m2[100] ^= std::byte{1};
    CHECK(initiator.read_m2(m2).error().code == HandshakeErrc::bad_tag);

    // One who answers in another's name can seal, but not sign.
    const NodeKey thief = key_of(9);
    const sts::Statement statement =
        sts::responder_statement(bytes32(1), pair.key_r.id(), bytes32(2));
    CHECK(statement.verify(statement.sign(pair.key_r, {})));
    CHECK_FALSE(statement.verify(statement.sign(thief, {})));
}

TEST_CASE("handshake: with a memory of signatures the session is the same as without") {
    Pair plain;
    Pair pair;
    const auto expected = session_of(plain);
    crypto::VerifyMemo memo;
    const crypto::ScopedProvider scope{memo};
    CHECK(session_of(pair) == expected);
    (void)session_of(pair);
    CHECK(memo.misses() == 6);  // two records, and each session's two proofs
    CHECK(memo.hits() == 2);    // the records again
}

}  // namespace parley::transport
