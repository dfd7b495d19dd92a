#include <parley/identity/node_key.hpp>

#include <parley/crypto/hash.hpp>
#include <parley/identity/enr.hpp>
#include <parley/identity/node_id.hpp>

#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <utility>

using namespace parley;

namespace {

/// The key of EIP-778's example.
constexpr std::string_view secret_hex =
    "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291";
constexpr std::string_view id_hex =
    "03ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd3138";

NodeKey key_of(std::string_view hex) {
    auto key = NodeKey::from_secret(*array_from_hex<32>(hex));
    REQUIRE(key);
    return std::move(*key);
}

class Scripted final : public EntropySource {
public:
    explicit Scripted(std::deque<std::byte> values) : values_(std::move(values)) {}
    void fill(MutableBytes out) override {
        for (auto& b : out) b = values_.front();
        values_.pop_front();
    }
    std::size_t left() const { return values_.size(); }

private:
    std::deque<std::byte> values_;
};

}  // namespace

TEST_CASE("a key has the ID of its public key") {
    const auto key = key_of(secret_hex);
    CHECK(key.id().to_string() == id_hex);
    CHECK(key.id().short_string() == "03ca634cae0d");
    // The node ID that EIP-778 gives for its example.
    CHECK(to_hex(dht_id(key.id())) ==
          "a448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7");
    CHECK(dht_id(NodeId{}) == Hash256{});
    CHECK_FALSE(NodeKey::from_secret({}));
}

TEST_CASE("generating asks again when the entropy is no valid secret") {
    Scripted entropy{{std::byte{0xff}, std::byte{0}, std::byte{7}}};
    const auto key = NodeKey::generate(entropy);
    ByteArray<32> sevens;
    sevens.fill(std::byte{7});
    CHECK(key.secret() == sevens);
    CHECK(entropy.left() == 0);
}

TEST_CASE("a moved-from key is wiped") {
    auto first = key_of(secret_hex);
    const NodeKey second = std::move(first);
    CHECK(to_hex(second.secret()) == secret_hex);
    CHECK(first.secret() == ByteArray<32>{});  // NOLINT(bugprone-use-after-move)
    auto third = key_of(std::string(63, '0') + "1");
    third = key_of(secret_hex);
    CHECK(third.id() == second.id());
}

TEST_CASE("a signature of one purpose is none of another") {
    const auto key = key_of(secret_hex);
    const Bytes fields = bytes_of("some fields");
    const Purpose all[] = {Purpose::handshake_responder, Purpose::handshake_initiator,
                           Purpose::node_record, Purpose::invitation, Purpose::discv5_identity};
    for (const auto made : all) {
        const auto signature = key.sign(made, {fields});
        for (const auto checked : all) {
            CHECK(verify(key.id(), checked, {fields}, signature) == (made == checked));
        }
        CHECK_FALSE(verify(key.id(), made, {bytes_of("other fields")}, signature));
        CHECK_FALSE(verify(key_of(std::string(63, '0') + "1").id(), made, {fields}, signature));
        const Hash256 entropy = crypto::sha256(fields);
        const auto hedged = key.sign(made, {fields}, entropy);
        CHECK(hedged != signature);
        CHECK(verify(key.id(), made, {fields}, hedged));
    }
}

TEST_CASE("fields are joined, behind the doubled hash of a tag where the format is ours") {
    const Bytes parts[] = {bytes_of("ab"), bytes_of("c")};
    CHECK(digest_for(Purpose::node_record, {parts[0], parts[1]}) ==
          crypto::keccak256(bytes_of("abc")));
    CHECK(digest_for(Purpose::discv5_identity, {parts[0], parts[1]}) ==
          crypto::sha256(bytes_of("discovery v5 identity proofabc")));
    for (const auto& [purpose, tag] :
         {std::pair{Purpose::handshake_responder, "parley/1 sts sig R"},
          std::pair{Purpose::handshake_initiator, "parley/1 sts sig I"},
          std::pair{Purpose::invitation, "parley/1 invitation"}}) {
        const Hash256 t = crypto::sha256(bytes_of(tag));
        CHECK(digest_for(purpose, {parts[0], parts[1]}) == crypto::sha256({t, t, bytes_of("abc")}));
    }
}

TEST_CASE("a key agrees with one that the other side made") {
    const auto key = key_of(secret_hex);
    const Hash256 secret = crypto::sha256(bytes_of("ephemeral"));
    const auto shared = key.agree(crypto::ephemeral_key(secret));
    REQUIRE(shared);
    CHECK(shared == crypto::agree(secret, key.id().key));
    CHECK_FALSE(key.agree({}));
}

TEST_CASE("IDs are 66 hex digits of a point on the curve") {
    CHECK(NodeId::parse(id_hex)->to_string() == id_hex);
    const std::string id{id_hex};
    CHECK_FALSE(NodeId::parse(""));
    CHECK_FALSE(NodeId::parse(id.substr(1)));
    CHECK_FALSE(NodeId::parse(id + "00"));
    CHECK_FALSE(NodeId::parse("0x" + id));
    CHECK_FALSE(NodeId::parse("0x" + id.substr(2)));
    CHECK_FALSE(NodeId::parse("04" + id.substr(2)));
    CHECK_FALSE(NodeId::parse("0g" + id.substr(2)));
    CHECK_FALSE(NodeId::parse("02" + std::string(63, '0') + "5"));
}

TEST_CASE("targets are an ID with an endpoint, or a record that has one") {
    const std::string text = std::string{id_hex} + "@203.0.113.7:30303";
    const auto target = Target::parse(text);
    REQUIRE(target);
    CHECK(target->to_string() == text);
    CHECK(target->endpoint.port == 30303);
    CHECK(Target::parse(std::string{id_hex} + "@[2001:db8::1]:1"));

    const auto key = key_of(secret_hex);
    const auto address = *IpAddress::parse("203.0.113.7");
    const auto with_tcp = EnrBuilder{1}.ip(address).tcp(30303).sign(key);
    const auto without = EnrBuilder{1}.ip(address).udp(30303).sign(key);
    REQUIRE(with_tcp);
    REQUIRE(without);
    CHECK(Target::parse(with_tcp->to_text()) == target);
    CHECK_FALSE(Target::parse(without->to_text()));

    for (const std::string& bad :
         {std::string{}, std::string{"@"}, std::string{id_hex}, std::string{id_hex} + "@",
          std::string{"@203.0.113.7:30303"}, std::string{id_hex} + "@203.0.113.7",
          std::string{id_hex} + "@203.0.113.7:0", std::string{id_hex} + "@example!org:30303",
          std::string{id_hex} + "@@203.0.113.7:30303", std::string{"enr:"},
          std::string{"enode://"} + text}) {
        INFO(bad);
        CHECK_FALSE(Target::parse(bad));
    }
}
