#include <parley/identity/invitation.hpp>

#include <parley/codec/base64url.hpp>
#include <parley/codec/rlp.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <utility>

using namespace parley;

namespace {

NodeKey key_of(unsigned char n) {
    ByteArray<32> secret{};
    secret.back() = std::byte{n};
    return std::move(*NodeKey::from_secret(secret));
}
NodeId id_of(unsigned char n) {
    return key_of(n).id();
}

InvitationContent example() {
    InvitationContent out;
    out.network_id = 7;
    out.chain_id = 8;
    out.genesis.fill(std::byte{9});
    out.forks = {10, 20};
    out.invitee = id_of(2);
    out.expires = 1'800'000'000;
    out.nodes = {*Target::parse(id_of(1).to_string() + "@203.0.113.7:30770"),
                 *Target::parse(id_of(3).to_string() + "@node.example.org:30771")};
    return out;
}

Invitation signed_by(unsigned char n, const InvitationContent& content) {
    auto out = Invitation::sign(key_of(n), content);
    REQUIRE_MESSAGE(out, message(out.error()));
    return std::move(*out);
}

std::string outcome(const Result<Invitation, InvitationError>& result) {
    return result ? "no error" : message(result.error());
}

UnixTime at(std::int64_t seconds) {
    return unix_from_milliseconds(seconds * 1000);
}

std::string checked(const Invitation& invitation, UnixTime now, const NodeId& id) {
    const auto ok = invitation.check(now, id);
    return ok ? "no error" : message(ok.error());
}

/// The items of the example as they are encoded.
std::vector<Buffer> items_of(const Invitation& invitation) {
    std::vector<Buffer> out;
    for (auto in = *rlp::Reader::open_list(invitation.raw()); !in.at_end();) {
        out.push_back(to_buffer(*in.raw_item()));
    }
    return out;
}

Buffer list_of(const std::vector<Buffer>& items) {
    rlp::Writer out;
    out.begin_list();
    for (const auto& item : items) out.raw(item);
    return out.end_list().take();
}

/// The example with one item replaced, and signed again.
std::string with_item(std::size_t number, const Buffer& item) {
    auto items = items_of(signed_by(1, example()));
    items[number - 1] = item;
    items.pop_back();
    const auto signature = key_of(1).sign(Purpose::invitation, {list_of(items)});
    items.push_back(rlp::Writer{}.string(signature).take());
    return outcome(Invitation::decode(list_of(items)));
}

Buffer number(std::uint64_t value) {
    return rlp::Writer{}.number(value).take();
}
Buffer text(Bytes bytes) {
    return rlp::Writer{}.string(bytes).take();
}
Buffer text(const NodeId& id) {
    return text(id.bytes());
}
/// A node as it is written: "ID@" and that.
Buffer node(const std::string& where) {
    return text(bytes_of(id_of(1).to_string() + "@" + where));
}

std::string bad(std::string_view item) {
    return "invitation: " + std::string{item} + " is missing or of another kind, size or range";
}

}  // namespace

TEST_CASE("an invitation says what was signed, there and back") {
    const auto invitation = signed_by(1, example());
    CHECK(invitation.inviter() == id_of(1));
    CHECK(invitation.content() == example());
    const auto text = invitation.to_text();
    CHECK(text.starts_with("parley-invite:"));
    for (const auto& end : {"", "\n", "\r\n"}) {
        const auto again = Invitation::parse(text + end);
        REQUIRE_MESSAGE(again, outcome(again));
        CHECK(again->content() == example());
        CHECK(equal(again->raw(), invitation.raw()));
    }
    auto anyone = example();
    anyone.invitee.reset();
    anyone.forks.clear();
    CHECK(signed_by(1, anyone).content() == anyone);
}

TEST_CASE("the vector of docs/formats/invitation.md") {
    CHECK(signed_by(1, example()).to_text() ==
          "parley-invite:-QFlAQcIoAkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJwgoUoQLGBH-"
          "UQe19bTBFQG6VwHzYXHeOS4zvPKerrAm5XHCe5YRrSdIA-LG4VDAyNzliZTY2N2VmOWRjYmJhYzU1YTA"
          "2Mjk1Y2U4NzBiMDcwMjliZmNkYjJkY2UyOGQ5NTlmMjgxNWIxNmY4MTc5OEAyMDMuMC4xMTMuNzozMDc"
          "3MLhZMDJmOTMwOGEwMTkyNThjMzEwNDkzNDRmODVmODlkNTIyOWI1MzFjODQ1ODM2Zjk5YjA4NjAxZjE"
          "xM2JjZTAzNmY5QG5vZGUuZXhhbXBsZS5vcmc6MzA3NzGhAnm-"
          "Zn753LusVaBilc6HCwcCm_zbLc4o2VnygVsW-"
          "BeYuEBG4RMAFeTWyk7T03wLexRYlTdGY4xfvGZeKI_husNlx2t4T7f7SCVWtOqmbFZT0eV-"
          "PirEBMN3bVkSy-27sNvv");
}

TEST_CASE("an invitation is good until its last second, and for its node alone") {
    const auto invitation = signed_by(1, example());
    CHECK(checked(invitation, at(0), id_of(2)) == "no error");
    CHECK(checked(invitation, at(1'800'000'000) + std::chrono::milliseconds{999}, id_of(2)) ==
          "no error");
    CHECK(checked(invitation, at(1'800'000'001), id_of(2)) ==
          "invitation expired at 2027-01-15 08:00:00 UTC, it is 2027-01-15 08:00:01 UTC");
    CHECK(checked(invitation, at(-5), id_of(2)) == "no error");
    CHECK(checked(invitation, at(0), id_of(3)) == "invitation is for another node");
    auto anyone = example();
    anyone.invitee.reset();
    CHECK(checked(signed_by(1, anyone), at(0), id_of(3)) == "no error");
}

TEST_CASE("whatever is changed in an invitation, its signature is wrong") {
    const auto good = signed_by(1, example());
    // Another signer, who claims to be the first.
    auto items = items_of(signed_by(3, example()));
    items[8] = text(id_of(1));
    CHECK(outcome(Invitation::decode(list_of(items))) == "invitation has a wrong signature");
    // A signature for another purpose over the same bytes.
    items = items_of(good);
    items.pop_back();
    const auto record = key_of(1).sign(Purpose::node_record, {list_of(items)});
    items.push_back(text(record));
    CHECK(outcome(Invitation::decode(list_of(items))) == "invitation has a wrong signature");
    // Any bit: never accepted.
    for (std::size_t i = 0; i < good.raw().size() * 8; ++i) {
        auto raw = to_buffer(good.raw());
        raw[i / 8] ^= std::byte{1} << (i % 8);
        REQUIRE_FALSE(Invitation::decode(raw));
    }
}

TEST_CASE("invitations that are none are refused with what is wrong") {
    const auto good = signed_by(1, example());
    const auto line = good.to_text();
    const auto parsed = [](std::string_view input) { return outcome(Invitation::parse(input)); };
    constexpr auto bad_text =
        "invitation is not one line of \"parley-invite:\" and URL-safe base64";
    CHECK(parsed("") == bad_text);
    CHECK(parsed("enr:" + line.substr(14)) == bad_text);
    CHECK(parsed("Parley-Invite:" + line.substr(14)) == bad_text);
    CHECK(parsed(" " + line) == bad_text);
    CHECK(parsed(line + "=") == bad_text);
    CHECK(parsed(line + "\n\n") == bad_text);
    CHECK(parsed(line + "\n" + line) == bad_text);
    CHECK(parsed("parley-invite:" + std::string(5463, 'A')) ==
          "invitation has 4097 bytes, at most 4096 are allowed");
    CHECK(parsed("parley-invite:") == "invitation is truncated");
    CHECK(parsed("parley-invite:gA") == "invitation is no RLP list");

    const auto decoded = [](Bytes raw) { return outcome(Invitation::decode(raw)); };
    const Buffer large(4097);
    CHECK(decoded(large) == "invitation has 4097 bytes, at most 4096 are allowed");
    for (std::size_t size = 0; size < good.raw().size(); ++size) {
        REQUIRE(decoded(good.raw().first(size)) == "invitation is truncated");
    }
    auto raw = to_buffer(good.raw());
    raw.push_back(std::byte{0});
    CHECK(decoded(raw) == "invitation has bytes after its end");
    auto items = items_of(good);
    items.push_back(number(0));
    CHECK(decoded(list_of(items)) == "invitation has bytes after its end");
    items.resize(3);
    CHECK(decoded(list_of(items)) == bad("genesis"));
    CHECK(decoded(list_of({})) == bad("version"));

    struct Case {
        std::size_t item;
        Buffer value;
        std::string error;
    };
    const auto many = [](std::size_t count, const std::function<Buffer(std::size_t)>& item) {
        std::vector<Buffer> out;
        for (std::size_t i = 0; i < count; ++i) out.push_back(item(i));
        return list_of(out);
    };
    const Case cases[] = {
        {1, number(2), "invitation has version 2, known is 1"},
        {1, list_of({}), bad("version")},
        {2, number(0), bad("network id")},
        {2, text(*from_hex("0001")), bad("network id")},
        {3, number(0), bad("chain id")},
        {4, text(Buffer(31)), bad("genesis")},
        {5, number(1), bad("forks")},
        {5, list_of({number(0)}), bad("forks")},
        {5, list_of({number(2), number(2)}), bad("forks")},
        {5, many(64, [](std::size_t i) { return number(i + 1); }), "no error"},
        {5, many(65, [](std::size_t i) { return number(i + 1); }), bad("forks")},
        {6, text(Buffer(33)), bad("invitee")},
        {6, text(id_of(1).bytes().first(32)), bad("invitee")},
        {6, list_of({}), bad("invitee")},
        {7, number(253'402'300'799), "no error"},
        {7, number(253'402'300'800), bad("expires")},
        {8, list_of({}), bad("nodes")},
        {8, node("203.0.113.7:1"), bad("nodes")},
        {8, list_of({node("203.0.113.7:1")}), "no error"},
        {8, list_of({node("[2001:db8::1]:1")}), "no error"},
        {8, list_of({node("host.example:65535")}), "no error"},
        {8, list_of({node("203.0.113.7:0")}), bad("nodes")},
        {8, list_of({node("203.0.113.7:01")}), bad("nodes")},
        {8, list_of({node("203.0.113.7")}), bad("nodes")},
        {8, list_of({node("0.0.0.0:1")}), bad("nodes")},
        {8, list_of({node("[2001:DB8::1]:1")}), bad("nodes")},
        {8, list_of({node("-host:1")}), bad("nodes")},
        {8, list_of({text(bytes_of("@203.0.113.7:1"))}), bad("nodes")},
        {8, list_of({text(Bytes{})}), bad("nodes")},
        {8, list_of({list_of({})}), bad("nodes")},
        {8, many(16, [](std::size_t i) { return node("a.b:" + std::to_string(i + 1)); }),
         "no error"},
        {8, many(17, [](std::size_t i) { return node("a.b:" + std::to_string(i + 1)); }),
         bad("nodes")},
        {9, text(Buffer(33)), bad("inviter")},
        {9, text(id_of(3)), "invitation has a wrong signature"},
    };
    for (const auto& [item, value, error] : cases) {
        CAPTURE(item);
        CAPTURE(to_hex(value));
        CHECK(with_item(item, value) == error);
    }
    items = items_of(good);
    items[9] = text(Buffer(63));
    CHECK(decoded(list_of(items)) == bad("signature"));
    items[9] = text(Buffer(64));
    CHECK(decoded(list_of(items)) == "invitation has a wrong signature");
}

TEST_CASE("what no invitation can say is not signed") {
    const auto refused = [](const std::function<void(InvitationContent&)>& change) {
        auto content = example();
        change(content);
        return outcome(Invitation::sign(key_of(1), content));
    };
    CHECK(refused([](auto& c) { c.nodes.clear(); }) == bad("nodes"));
    CHECK(refused([](auto& c) { c.nodes[0].endpoint.port = 0; }) == bad("nodes"));
    CHECK(refused([](auto& c) { c.forks = {3, 2}; }) == bad("forks"));
    CHECK(refused([](auto& c) { c.expires = ~0ULL; }) == bad("expires"));
}
