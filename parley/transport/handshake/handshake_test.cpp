#include <parley/base/endian.hpp>
#include <parley/base/test_vectors.hpp>
#include <parley/transport/handshake/test_handshake.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

namespace parley::transport {

using namespace testing;

namespace {

/// handshake.json: hex, where `xx*N` repeats a byte.
class Vectors {
public:
    static std::optional<Vectors> load() {
        std::ifstream file{parley::testing::vectors("handshake.json")};
        if (file) {
            const std::string text{std::istreambuf_iterator<char>{file}, {}};
            return Vectors{boost::json::parse(text).as_object()};
        }
        parley::testing::no_vectors("handshake.json");
        return std::nullopt;
    }
    Buffer bytes(std::string_view name) const {
        const std::string text{boost::json::string_view{values_.at(name).as_string()}};
        const auto star = text.find('*');
        auto out = from_hex(text.substr(0, star)).value();
        if (star != text.npos) {
            out.resize(out.size() - 1 + std::stoul(text.substr(star + 1)), out.back());
        }
        return out;
    }
    template <std::size_t N>
    ByteArray<N> array(std::string_view name) const {
        const auto all = bytes(name);
        REQUIRE(all.size() == N);
        return array_of<N>(all);
    }
    Hash256 hash(std::string_view name) const { return array<32>(name); }
    NodeKey key(std::string_view name) const { return NodeKey::from_secret(hash(name)).value(); }
    ScriptedEntropy entropy(std::string_view ephemeral, std::string_view nonce) const {
        Buffer script = bytes(ephemeral);
        append(script, bytes(nonce));
        append(script, ByteArray<32>{});
        return ScriptedEntropy{std::move(script)};
    }

private:
    explicit Vectors(boost::json::object values) : values_(std::move(values)) {}
    boost::json::object values_;
};

void check_session(const Vectors& v, const SessionKeys& keys) {
    CHECK(keys.initiator_to_responder == v.hash("I>R"));
    CHECK(keys.responder_to_initiator == v.hash("R>I"));
    CHECK(keys.session_id == v.hash("session id"));
    CHECK(keys.exporter == v.hash("exporter"));
}

}  // namespace

TEST_CASE("handshake: every intermediate value of the published run") {
    const auto v = Vectors::load();
    if (!v) return;
    const auto m1 = v->bytes("M1");
    const auto m2 = v->bytes("M2");
    const auto m3 = v->bytes("M3");
    const NodeId id_i{v->array<33>("id_i")};
    const NodeId id_r{v->array<33>("id_r")};

    const auto fields = sts::split_m1(m1);
    CHECK(sts::has_magic(m1));
    CHECK(fields.destination == sts::destination_of(m1, id_r));
    CHECK(fields.nonce == v->hash("n_i"));
    CHECK(to_buffer(sts::encode_m1(fields, id_r)) == m1);
    CHECK(sts::transcript_0() == v->hash("T0"));
    CHECK(sts::transcript_1(m1) == v->hash("T1"));
    CHECK(sts::transcript_2(v->hash("T1"), m2) == v->hash("T2"));

    const crypto::X25519Key e_i{v->bytes("e_i")};
    const crypto::X25519Key e_r{v->bytes("e_r")};
    CHECK(e_i.public_key() == fields.ephemeral);
    CHECK(e_r.agree(fields.ephemeral) == v->hash("Z"));
    CHECK(e_i.agree(sts::split_m2_head(m2).ephemeral) == v->hash("Z"));

    sts::Keys keys;
    sts::derive_keys(v->hash("T2"), v->bytes("Z"), keys);
    CHECK(keys.m2_key.bytes == v->hash("M2 key"));
    CHECK(keys.m3_key.bytes == v->hash("M3 key"));
    CHECK(keys.m2_mac.bytes == v->hash("M2 mac"));
    CHECK(keys.m3_mac.bytes == v->hash("M3 mac"));
    CHECK(keys.master.bytes == v->hash("master"));

    sts::Part part;
    const auto sealed = Bytes{m2}.subspan(sts::m2_head_bytes);
    REQUIRE(sts::open_part(keys.m2_key, v->hash("T2"), sealed, part));
    CHECK(part.id == id_r);
    CHECK(to_buffer(part.hello) == v->bytes("hello_r"));
    const auto says_r = sts::responder_statement(v->hash("T2"), id_r, part.hello);
    CHECK(part.mac == says_r.mac(keys.m2_mac, part.signature));
    CHECK(says_r.verify(part.signature));
    // The published run signs by RFC 6979 alone, without the extra entropy of a real one.
    CHECK(part.signature == says_r.sign(v->key("id_r_secret"), {}));
    Buffer resealed = to_buffer(Bytes{m2}.first(sts::m2_head_bytes));
    sts::seal_part(keys.m2_key, v->hash("T2"), part, resealed);
    CHECK(resealed == m2);
    CHECK(sts::transcript_after(v->hash("T2"), sealed) == v->hash("T3"));

    REQUIRE(sts::open_part(keys.m3_key, v->hash("T3"), m3, part));
    CHECK(part.id == id_i);
    CHECK(to_buffer(part.hello) == v->bytes("hello_i"));
    const auto says_i = sts::initiator_statement(v->hash("T3"), id_i, id_r, part.hello);
    CHECK(part.mac == says_i.mac(keys.m3_mac, part.signature));
    CHECK(says_i.verify(part.signature));
    CHECK(part.signature == says_i.sign(v->key("id_i_secret"), {}));
    resealed.clear();
    sts::seal_part(keys.m3_key, v->hash("T3"), part, resealed);
    CHECK(resealed == m3);
    CHECK(sts::transcript_after(v->hash("T3"), m3) == v->hash("T4"));
    check_session(*v, sts::derive_session(v->hash("T4"), keys.master));
}

TEST_CASE("handshake: both sides in the published run, as far as the signatures' entropy allows") {
    const auto v = Vectors::load();
    if (!v) return;
    const auto key_i = v->key("id_i_secret");
    const auto key_r = v->key("id_r_secret");
    CHECK(key_i.id().key == v->array<33>("id_i"));
    CHECK(key_r.id().key == v->array<33>("id_r"));

    auto entropy_i = v->entropy("e_i", "n_i");
    sts::InitiatorCore initiator{key_i, key_r.id(), v->bytes("hello_i"), {}, entropy_i};
    CHECK(to_buffer(initiator.write_m1()) == v->bytes("M1"));
    const auto opened = initiator.read_m2(v->bytes("M2"));
    REQUIRE(opened);
    CHECK(opened->peer == key_r.id());
    CHECK(to_buffer(opened->hello) == v->bytes("hello_r"));
    CHECK(opened->version == 1);

    auto entropy_r = v->entropy("e_r", "n_r");
    sts::ResponderCore responder{key_r, v->bytes("hello_r"), {}, entropy_r};
    REQUIRE(responder.read_m1(v->bytes("M1")));
    const auto m2 = responder.write_m2().value();
    CHECK(equal(Bytes{m2}.first(sts::m2_head_bytes),
                Bytes{v->bytes("M2")}.first(sts::m2_head_bytes)));
    // ID and Hello are encrypted alike; only what follows them depends on the signature.
    const auto before_signature = sts::m2_head_bytes + 33 + Hello::wire_bytes;
    CHECK(equal(Bytes{m2}.first(before_signature), Bytes{v->bytes("M2")}.first(before_signature)));
}

TEST_CASE("handshake: both sides prove their IDs and agree on all keys") {
    Pair pair;
    auto initiator = pair.initiator();
    auto responder = pair.responder();
    const auto m1 = initiator.write_m1();
    REQUIRE(responder.read_m1(m1));
    const auto m2 = responder.write_m2();
    REQUIRE(m2);
    CHECK(m2->size() == m2_bytes);
    const auto proof_r = initiator.read_m2(*m2);
    REQUIRE(proof_r);
    CHECK(proof_r->peer == pair.key_r.id());
    CHECK(proof_r->version == 1);
    CHECK(proof_r->hello.topics == pair.hello_r.topics);
    const auto m3 = initiator.write_m3();
    CHECK(m3.size() == m3_bytes);
    const auto proof_i = responder.read_m3(m3);
    REQUIRE(proof_i);
    CHECK(proof_i->peer == pair.key_i.id());
    CHECK(proof_i->hello.record == pair.hello_i.record);

    const auto keys_i = initiator.take_keys();
    auto keys_r = responder.take_keys();
    CHECK(keys_i.initiator_to_responder == keys_r.initiator_to_responder);
    CHECK(keys_i.responder_to_initiator == keys_r.responder_to_initiator);
    CHECK(keys_i.session_id == keys_r.session_id);
    CHECK(keys_i.exporter == keys_r.exporter);
    CHECK(keys_i.initiator_to_responder != keys_i.responder_to_initiator);
    CHECK(keys_i.session_id != Hash256{});

    const SessionKeys moved = std::move(keys_r);
    CHECK(moved.session_id == keys_i.session_id);
    // NOLINTNEXTLINE(bugprone-use-after-move): that nothing is left is the point
    CHECK(keys_r.initiator_to_responder == Hash256{});
    CHECK(keys_r.responder_to_initiator == Hash256{});
    CHECK(keys_r.exporter == Hash256{});
}

TEST_CASE("handshake: two runs between the same nodes share nothing") {
    Pair pair;
    const auto run = [&pair] {
        auto initiator = pair.initiator();
        auto responder = pair.responder();
        REQUIRE(responder.read_m1(initiator.write_m1()));
        REQUIRE(initiator.read_m2(responder.write_m2().value()));
        REQUIRE(responder.read_m3(initiator.write_m3()));
        return initiator.take_keys();
    };
    const auto first = run();
    const auto second = run();
    CHECK(first.initiator_to_responder != second.initiator_to_responder);
    CHECK(first.session_id != second.session_id);
}

TEST_CASE("handshake: the highest version of both is taken") {
    struct Row {
        VersionRange i, r;
        std::uint16_t version;
    };
    for (const auto& row : {Row{{1, 3}, {2, 5}, 3}, Row{{2, 5}, {1, 3}, 3}, Row{{1, 1}, {1, 9}, 1},
                            Row{{4, 65535}, {1, 4}, 4}}) {
        Pair pair;
        pair.versions_i = row.i;
        pair.versions_r = row.r;
        pair.hello_i.version_min = row.i.min;
        pair.hello_i.version_max = row.i.max;
        pair.hello_r.version_min = row.r.min;
        pair.hello_r.version_max = row.r.max;
        auto initiator = pair.initiator();
        auto responder = pair.responder();
        REQUIRE(responder.read_m1(initiator.write_m1()));
        CHECK(initiator.read_m2(responder.write_m2().value()).value().version == row.version);
        CHECK(responder.read_m3(initiator.write_m3()).value().version == row.version);
    }
}

TEST_CASE("handshake: what is wrong with an M1, in the order of the checks") {
    Pair pair;
    pair.versions_r = {3, 5};
    const auto m1_of = [&](VersionRange versions, bool canonical, const NodeId& to) {
        sts::M1 m1{versions, {}, crypto::X25519Key{ByteArray<32>{std::byte{5}}}.public_key(), {}};
        if (!canonical) m1.ephemeral[31] |= std::byte{0x80};
        return sts::encode_m1(m1, to);
    };
    const auto& self = pair.key_r.id();
    const auto& other = pair.key_i.id();
    auto no_magic = m1_of({9, 8}, false, other);
    no_magic[3] = std::byte{'X'};
    struct Row {
        ByteArray<m1_bytes> m1;
        HandshakeError error;
    };
    // Each row repairs what the row before it failed for.
    const Row rows[] = {
        {no_magic, {HandshakeErrc::bad_magic}},
        {m1_of({9, 8}, false, other), {HandshakeErrc::bad_version_range, 8, 9}},
        {m1_of({6, 9}, false, other), {HandshakeErrc::wrong_destination}},
        {m1_of({6, 9}, false, self), {HandshakeErrc::no_common_version, 5, 6}},
        {m1_of({1, 2}, false, self), {HandshakeErrc::no_common_version, 5, 2}},
        {m1_of({1, 3}, false, self), {HandshakeErrc::non_canonical_key}},
    };
    for (const auto& row : rows) {
        CAPTURE(message(row.error));
        const auto read = pair.responder().read_m1(row.m1);
        REQUIRE_FALSE(read);
        CHECK(read.error() == row.error);
    }
    CHECK(pair.responder().read_m1(m1_of({1, 3}, true, self)));
}

TEST_CASE("handshake: reading M1 does no work on the curve") {
    // With eI = 0 any use of the curve would fail; the first comes with M2.
    Pair pair;
    auto responder = pair.responder();
    REQUIRE(responder.read_m1(sts::encode_m1({}, pair.key_r.id())));
    const auto m2 = responder.write_m2();
    REQUIRE_FALSE(m2);
    CHECK(m2.error() == HandshakeError{HandshakeErrc::low_order_key});
}

TEST_CASE("handshake: the published run with a real Hello and all entropy") {
    const auto key_i = NodeKey::from_secret(bytes32(1)).value();
    const auto key_r = NodeKey::from_secret(bytes32(2)).value();
    const auto entropy_of = [](int first) {
        Buffer script;
        for (int i = first; i < first + 3; ++i) append(script, bytes32(i));
        return ScriptedEntropy{std::move(script)};
    };
    auto entropy_i = entropy_of(3);
    auto entropy_r = entropy_of(6);
    Initiator initiator{key_i, key_r.id(), encode_hello(published_hello(key_i)), {}, entropy_i};
    Responder responder{key_r, encode_hello(published_hello(key_r)), {}, entropy_r};
    const auto m1 = initiator.write_m1();
    REQUIRE(responder.read_m1(m1));
    const auto m2 = responder.write_m2().value();
    REQUIRE(initiator.read_m2(m2));
    const auto m3 = initiator.write_m3();
    REQUIRE(responder.read_m3(m3));
    CHECK(to_hex(m1) ==
          "50524c5900010001320491ef5ac5a62c05895243743cff125dfedd3b6bd47f6fa28ee15d969d5bb0"
          "ea53774d488bdaf9df1c6e0124b3ef22040404040404040404040404040404040404040404040404"
          "0404040404040404");
    CHECK(to_hex(crypto::sha256(m2)) ==
          "680fdbbabd95ba51ac7c44298bd53e3fb7024600cbc2b8e47272dc1a8e9cd464");
    CHECK(to_hex(crypto::sha256(m3)) ==
          "173bdb28bf50613085669cc68c3d7ddb9e7d5dd4e46cb34c77238144fa7fb3f8");
    const auto keys = initiator.take_keys();
    CHECK(to_hex(keys.initiator_to_responder) ==
          "11d865a54664ec6dc2fae3b5b51d2abccf7ac4e5fc03826bbbfdb78d226859c0");
    CHECK(to_hex(keys.responder_to_initiator) ==
          "1583b3f919fcd6ee3abfa1b3a53d55223f6ddd1b8de3ad860a9b93fcdc9915c4");
    CHECK(to_hex(keys.session_id) ==
          "62d5d37439f9a2650c5e26b691f63de81640e3d346b95e8338f450cba82b0e39");
    CHECK(responder.take_keys().session_id == keys.session_id);
}

namespace {

/// An object whose bytes can be searched, while it lives and after.
template <class T>
class Glass {
public:
    template <class... Args>
    explicit Glass(Args&&... args) : object_(new(memory_.data()) T(std::forward<Args>(args)...)) {}
    Glass(const Glass&) = delete;
    Glass& operator=(const Glass&) = delete;
    ~Glass() { end(); }
    T* operator->() { return object_; }
    void end() {
        if (object_ != nullptr) std::exchange(object_, nullptr)->~T();
    }
    bool alive() const { return object_ != nullptr; }
    bool holds(Bytes secret) const { return !std::ranges::search(memory_, secret).empty(); }

private:
    alignas(T) ByteArray<sizeof(T)> memory_{};
    T* object_;
};

}  // namespace

TEST_CASE("handshake: secrets are gone as soon as they have served") {
    const auto v = Vectors::load();
    if (!v) return;
    const auto key_i = v->key("id_i_secret");
    auto entropy = v->entropy("e_i", "n_i");
    Glass<sts::InitiatorCore> core{key_i, NodeId{v->array<33>("id_r")}, v->bytes("hello_i"),
                                   VersionRange{}, entropy};
    const auto none_of = [&](std::initializer_list<const char*> names) {
        for (const auto* name : names) CHECK_MESSAGE(!core.holds(v->bytes(name)), name);
    };
    CHECK(core.holds(v->bytes("e_i")));
    core->write_m1();
    none_of({"e_i"});
    REQUIRE(core->read_m2(v->bytes("M2")));
    CHECK(core.holds(v->bytes("M3 key")));
    CHECK(core.holds(v->bytes("M3 mac")));
    CHECK(core.holds(v->bytes("master")));
    none_of({"e_i", "Z", "M2 key", "M2 mac"});
    SUBCASE("by success") {
        core->write_m3();
        none_of({"e_i", "Z", "M2 key", "M2 mac", "M3 key", "M3 mac", "master"});
        auto keys = core->take_keys();
        CHECK_FALSE(core.holds(keys.initiator_to_responder));
        CHECK_FALSE(core.holds(keys.exporter));
    }
    SUBCASE("by the end of the object, wherever it was") {
        core.end();
        none_of({"e_i", "Z", "M2 key", "M2 mac", "M3 key", "M3 mac", "master"});
    }
}

TEST_CASE("handshake: the responder's secrets are gone as soon as they have served") {
    Pair pair;
    Buffer script;
    for (int i = 20; i < 23; ++i) append(script, bytes32(i));
    ScriptedEntropy entropy{script};
    const Bytes secret = Bytes{script}.first(32);
    Glass<sts::ResponderCore> core{pair.key_r, encode_hello(pair.hello_r), VersionRange{}, entropy};
    auto initiator = pair.initiator();
    const auto m1 = initiator.write_m1();
    REQUIRE(core->read_m1(m1));
    CHECK(core.holds(secret));
    CHECK(core.holds(Bytes{script}.last(32)));
    const auto m2 = core->write_m2().value();
    CHECK_FALSE(core.holds(secret));
    CHECK_FALSE(core.holds(Bytes{script}.last(32)));

    sts::Keys keys;
    const crypto::X25519Key ephemeral{secret};
    const auto shared = ephemeral.agree(sts::split_m1(m1).ephemeral).value();
    sts::derive_keys(sts::transcript_2(sts::transcript_1(m1), m2), shared, keys);
    CHECK_FALSE(core.holds(shared));
    CHECK_FALSE(core.holds(keys.m2_key));
    CHECK_FALSE(core.holds(keys.m2_mac));
    CHECK(core.holds(keys.master));
    SUBCASE("by success") {
        REQUIRE(initiator.read_m2(m2));
        REQUIRE(core->read_m3(initiator.write_m3()));
    }
    SUBCASE("by the end of the object, wherever it was") {
        core.end();
    }
    CHECK_FALSE(core.holds(keys.m3_key));
    CHECK_FALSE(core.holds(keys.m3_mac));
    CHECK_FALSE(core.holds(keys.master));
    const auto session = core.alive() ? core->take_keys() : SessionKeys{};
    if (core.alive()) CHECK_FALSE(core.holds(session.responder_to_initiator));
}

}  // namespace parley::transport
