#include <parley/base/endian.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/transport/handshake/test_handshake.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace parley::transport {

using namespace testing;

namespace {

Buffer number(std::uint64_t value) {
    return rlp::Writer{}.number(value).take();
}
Buffer string(Bytes bytes) {
    return rlp::Writer{}.string(bytes).take();
}
Buffer string(std::string_view text) {
    return string(bytes_of(text));
}
Buffer list(const std::vector<Buffer>& items) {
    rlp::Writer out;
    out.begin_list();
    for (const auto& item : items) out.raw(item);
    return out.end_list().take();
}
Buffer topic(std::string_view name, std::uint64_t window = 10, std::uint64_t largest = 10) {
    return list({string(name), number(1), number(window), number(largest)});
}

/// The items of a Hello, to be changed one by one.
enum Item {
    version_min,
    version_max,
    client,
    network,
    genesis,
    fork,
    roles,
    services,
    topics,
    record,
    frame_limit
};

std::vector<Buffer> items_of(const NodeKey& key) {
    return {number(1),
            number(2),
            string("parley/0.1.0/test"),
            number(7),
            string(Bytes{Hash256{}}),
            list({string(Bytes{ByteArray<4>{}}), number(0)}),
            number(1),
            number(3),
            list({topic("a"), topic("b")}),
            to_buffer(record_of(key).raw()),
            number(65536)};
}

ByteArray<Hello::wire_bytes> wire(Bytes encoded) {
    ByteArray<Hello::wire_bytes> out{};
    store_be(MutableBytes{out}, static_cast<std::uint16_t>(encoded.size()));
    std::copy(encoded.begin(), encoded.end(), out.begin() + 2);
    return out;
}

void check_same(const Hello& a, const Hello& b) {
    CHECK(a.version_min == b.version_min);
    CHECK(a.version_max == b.version_max);
    CHECK(a.client == b.client);
    CHECK(a.network_id == b.network_id);
    CHECK(a.genesis == b.genesis);
    CHECK(a.fork == b.fork);
    CHECK(a.roles == b.roles);
    CHECK(a.services == b.services);
    CHECK(a.topics == b.topics);
    CHECK(a.record == b.record);
    CHECK(a.frame_bytes_max == b.frame_bytes_max);
}

HelloError rlp_error(rlp::Errc code) {
    return {HelloErrc::rlp, 0, static_cast<std::uint64_t>(code)};
}

}  // namespace

TEST_CASE("hello: what is said is understood, at the limits of every field") {
    const auto key = key_of(1);
    SUBCASE("ordinary") {
        const auto hello = hello_of(key);
        check_same(decode_hello(encode_hello(hello), key.id()).value(), hello);
    }
    SUBCASE("everything as large as it may be fits") {
        auto builder = EnrBuilder{~0ULL};
        builder.entry("x", rlp::Writer{}.string(Bytes{Buffer(165, std::byte{0xee})}).bytes());
        Hello hello{builder.sign(key).value()};
        CHECK(hello.record.raw().size() > 280);
        hello.version_min = hello.version_max = 65535;
        hello.client = std::string(64, '~');
        hello.network_id = hello.fork.next = hello.roles = hello.services = ~0ULL;
        hello.genesis.fill(std::byte{0xff});
        hello.fork.hash.fill(std::byte{0xff});
        for (char c = 'a'; c < 'a' + 16; ++c) {
            hello.topics.push_back({std::string(32, c), ~0U, ~0U, ~0U});
        }
        check_same(decode_hello(encode_hello(hello), key.id()).value(), hello);
    }
    SUBCASE("almost nothing") {
        Hello hello{record_of(key)};
        hello.version_min = 0;
        hello.frame_bytes_max = 1024;
        check_same(decode_hello(encode_hello(hello), key.id()).value(), hello);
    }
}

TEST_CASE("hello: the published bytes") {
    const auto key = NodeKey::from_secret(bytes32(1));
    REQUIRE(key);
    const auto hello = published_hello(*key);
    const auto bytes = encode_hello(hello);
    const auto size = load_be<std::uint16_t>(bytes);
    CHECK(to_hex(Bytes{bytes}.first(2U + size)) ==
          "00ebf8e90101927061726c65792f302e312e302f6c696e757807a0aaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac984fc64ec0483118c300503dbcd84636861740183"
          "010000821000cc827478028310000083040000f884b84085a0f6a618f968c42dddb199e1fcf5b020"
          "0cc2490f83ea75ff2a633c0b5f7a370da2701032e166772b9c7ddfad7351a02ba31b4260522ec187"
          "edd1ae820bdeaa01826964827634826970847f00000189736563703235366b31a1031b84c5567b12"
          "6440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f8374637082765f83010000");
    CHECK(decode_hello(bytes, key->id()));
}

TEST_CASE("hello: the fields that may be missing, and bad ones there") {
    const auto key = key_of(1);
    const auto with = [&](std::vector<Buffer> more) {
        auto items = items_of(key);
        for (auto& item : more) items.push_back(std::move(item));
        return decode_hello(wire(list(items)), key.id());
    };
    CHECK(with({}).value().node_name.empty());
    CHECK(with({number(0), string("")}).value().node_name.empty());
    CHECK(with({number(0), string(std::string(32, 'n'))}).value().node_name.size() == 32);
    CHECK(with({number(0), string(std::string(33, 'n'))}).error().code == HelloErrc::bad_node_name);
    CHECK(with({number(0), string("a\x1b[2J")}).error().code == HelloErrc::bad_node_name);
    CHECK(with({number(0), list({})}).error() == rlp_error(rlp::Errc::expected_string));
    CHECK(with({list({})}).error() == rlp_error(rlp::Errc::expected_string));
}

TEST_CASE("hello: unknown fields and bits are ignored") {
    const auto key = key_of(1);
    auto items = items_of(key);
    items.push_back(number(1337));     // the chain's ID, which may be missing
    items.push_back(string("alice"));  // the node's name, which may be missing, too
    items.push_back(string("from the future"));
    items.push_back(list({number(1), list({})}));
    items[fork] = list({string(Bytes{ByteArray<4>{}}), number(0), number(9)});
    items[topics] = list({list({string("a"), number(1), number(5), number(5), number(9)})});
    items[roles] = number(0xf1);
    const auto hello = decode_hello(wire(list(items)), key.id());
    REQUIRE(hello);
    CHECK(hello->roles == 0xf1);
    CHECK(hello->chain_id == 1337);
    CHECK(hello->node_name == "alice");
    CHECK(hello->topics == std::vector<HelloTopic>{{"a", 1, 5, 5}});
}

TEST_CASE("hello: bad ones") {
    const auto key = key_of(1);
    const auto valid = items_of(key);
    REQUIRE(decode_hello(wire(list(valid)), key.id()));
    struct Row {
        const char* what;
        Item item;
        Buffer value;
        HelloError error;
    };
    const auto long_name = std::string(33, 'a');
    std::vector<Buffer> many;
    for (char c = 'a'; c < 'a' + 17; ++c) many.push_back(topic(std::string(1, c)));
    auto bad_record = record_of(key);
    auto bad_record_bytes = to_buffer(bad_record.raw());
    bad_record_bytes.back() ^= std::byte{1};
    const auto enr_error = [](EnrErrc code) {
        return HelloError{HelloErrc::bad_record, 0, static_cast<std::uint64_t>(code)};
    };
    const HelloError bad_topic{HelloErrc::bad_topic};
    const Row rows[] = {
        {"version", version_min, number(65536), rlp_error(rlp::Errc::integer_too_large)},
        {"range", version_min, number(3), {HelloErrc::bad_version_range, 2, 3}},
        {"client size", client, string(std::string(65, 'c')), {HelloErrc::bad_client}},
        {"client newline", client, string("a\nb"), {HelloErrc::bad_client}},
        {"client delete", client, string("a\x7f"), {HelloErrc::bad_client}},
        {"client beyond ASCII", client, string("caf\xc3\xa9"), {HelloErrc::bad_client}},
        {"client list", client, list({}), rlp_error(rlp::Errc::expected_string)},
        {"network", network, string(Bytes{Buffer(9, std::byte{1})}),
         rlp_error(rlp::Errc::integer_too_large)},
        {"network zero", network, Buffer{std::byte{0}}, rlp_error(rlp::Errc::leading_zero)},
        {"genesis", genesis, string(Bytes{Buffer(31)}), rlp_error(rlp::Errc::wrong_size)},
        {"fork", fork, string("x"), rlp_error(rlp::Errc::expected_list)},
        {"fork hash", fork, list({string("abc"), number(0)}), rlp_error(rlp::Errc::wrong_size)},
        {"fork next", fork, list({string("abcd")}), rlp_error(rlp::Errc::missing_item)},
        {"topics", topics, string("x"), rlp_error(rlp::Errc::expected_list)},
        {"topic", topics, list({string("x")}), rlp_error(rlp::Errc::expected_list)},
        {"topic items", topics, list({list({string("x")})}), rlp_error(rlp::Errc::missing_item)},
        {"topic empty", topics, list({topic("")}), bad_topic},
        {"topic long", topics, list({topic(long_name)}), bad_topic},
        {"topic capital", topics, list({topic("Chat")}), bad_topic},
        {"topic space", topics, list({topic("a b")}), bad_topic},
        {"message above window", topics, list({topic("a", 9, 10)}), bad_topic},
        {"message zero", topics, list({topic("a", 9, 0)}), bad_topic},
        {"window", topics, list({topic("a", 1ULL << 32)}), rlp_error(rlp::Errc::integer_too_large)},
        {"unsorted", topics, list({topic("b"), topic("a")}), {HelloErrc::unsorted_topics}},
        {"twice", topics, list({topic("a"), topic("a")}), {HelloErrc::unsorted_topics}},
        {"many topics", topics, list(many), {HelloErrc::too_many_topics, 16, 17}},
        {"record", record, bad_record_bytes, enr_error(EnrErrc::bad_signature)},
        {"record string",
         record,
         string("x"),
         {HelloErrc::bad_record, 0, static_cast<std::uint64_t>(EnrErrc::rlp)}},
        {"record size", record, list({string(Bytes{Buffer(300)})}), enr_error(EnrErrc::too_large)},
        {"another's record",
         record,
         to_buffer(record_of(key_of(2)).raw()),
         {HelloErrc::wrong_record_id}},
        {"frame small", frame_limit, number(1023), {HelloErrc::bad_frame_limit, 1024, 1023}},
        {"frame large", frame_limit, number(65537), {HelloErrc::bad_frame_limit, 65536, 65537}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        auto items = valid;
        items[row.item] = row.value;
        const auto read = decode_hello(wire(list(items)), key.id());
        REQUIRE_FALSE(read);
        CHECK_MESSAGE(read.error() == row.error, message(read.error()));
    }
    for (std::size_t count = 0; count < valid.size(); ++count) {
        const auto read = decode_hello(
            wire(list({valid.begin(), valid.begin() + static_cast<int>(count)})), key.id());
        REQUIRE_FALSE(read);
        CHECK(read.error() == rlp_error(rlp::Errc::missing_item));
    }
}

TEST_CASE("hello: size and padding") {
    const auto key = key_of(1);
    const auto valid = wire(list(items_of(key)));
    const auto size = load_be<std::uint16_t>(valid);
    const auto check = [&](const auto& bytes, HelloError error) {
        const auto read = decode_hello(bytes, key.id());
        REQUIRE_FALSE(read);
        CHECK_MESSAGE(read.error() == error, message(read.error()));
    };
    auto bytes = valid;
    store_be(MutableBytes{bytes}, std::uint16_t{1535});
    check(bytes, {HelloErrc::bad_size, 1534, 1535});
    store_be(MutableBytes{bytes}, std::uint16_t{65535});
    check(bytes, {HelloErrc::bad_size, 1534, 65535});
    bytes = valid;
    bytes[2U + size] = std::byte{1};
    check(bytes, {HelloErrc::bad_padding, 0, 2U + size});
    bytes = valid;
    bytes.back() = std::byte{0x80};
    check(bytes, {HelloErrc::bad_padding, 0, 1535});
    bytes = valid;
    store_be(MutableBytes{bytes}, static_cast<std::uint16_t>(size + 1));
    check(bytes, rlp_error(rlp::Errc::trailing_bytes));
    check(ByteArray<Hello::wire_bytes>{}, rlp_error(rlp::Errc::truncated));
    store_be(MutableBytes{bytes}, std::uint16_t{1534});
    check(bytes, rlp_error(rlp::Errc::trailing_bytes));
}

TEST_CASE("hello: lanes are the topics that both have in one version") {
    const auto key = key_of(1);
    auto ours = hello_of(key);
    auto theirs = hello_of(key);
    ours.topics = {{"a", 1, 10, 1}, {"b", 1, 20, 2}, {"d", 1, 30, 3}, {"e", 5, 40, 4}};
    theirs.topics = {{"b", 1, 21, 3}, {"c", 1, 9, 9}, {"d", 2, 9, 9}, {"e", 5, 41, 5}};
    const auto common = common_topics(ours, theirs);
    REQUIRE(common.size() == 2);
    CHECK(common[0].name == "b");
    CHECK(common[0].ours.window_bytes == 20);
    CHECK(common[0].theirs.window_bytes == 21);
    CHECK(common[1].name == "e");
    CHECK(common[1].version == 5);
    CHECK(common_topics(theirs, ours).size() == 2);
    theirs.topics.clear();
    CHECK(common_topics(ours, theirs).empty());
}

TEST_CASE("hello: the topic light is common where one of the two is a light node") {
    const auto key = key_of(1);
    auto ours = hello_of(key);
    auto theirs = hello_of(key);
    ours.topics = theirs.topics = {{"light", 1, 10, 1}, {"tx", 1, 10, 1}};
    ours.roles = theirs.roles = role::full;
    REQUIRE(common_topics(ours, theirs).size() == 1);
    CHECK(common_topics(ours, theirs)[0].name == "tx");
    theirs.roles = role::light;
    CHECK(common_topics(ours, theirs).size() == 2);
    CHECK(common_topics(theirs, ours).size() == 2);
    theirs.roles = role::light | role::full;
    CHECK(common_topics(ours, theirs).size() == 1);
}

namespace {

struct Mismatch {
    const char* what;
    std::function<void(Hello& ours, ForkRules& forks, Hello& theirs)> change;
    CloseReason reason;
    std::string ours;
    std::string theirs;
};

const Mismatch mismatches[] = {
    {"version",
     [](auto& a, auto&, auto& b) {
         a.version_max = 2;
         b.version_min = 3;
         b.version_max = 4;
     },
     CloseReason::no_common_version, "1-2", "3-4"},
    {"network", [](auto&, auto&, auto& b) { b.network_id = 8; }, CloseReason::wrong_network, "7",
     "8"},
    {"genesis", [](auto&, auto&, auto& b) { b.genesis.fill(std::byte{0xab}); },
     CloseReason::wrong_genesis, "0000000000000000000000000000000000000000000000000000000000000000",
     "abababababababababababababababababababababababababababababababab"},
    {"chain",
     [](auto& a, auto&, auto& b) {
         a.chain_id = 1;
         b.chain_id = 1337;
     },
     CloseReason::wrong_chain, "1", "1337"},
    {"fork",
     [](auto&, auto& forks, auto& b) {
         forks.forks = {10};
         forks.head = 10;
         b.fork = fork_id(ForkRules{});
     },
     CloseReason::incompatible_fork, "0939d4af next 0", "190a55ad next 0"},
    {"both light", [](auto& a, auto&, auto& b) { a.roles = b.roles = role::light; },
     CloseReason::roles_do_not_fit, "light", "light"},
    {"both light and serving",
     [](auto& a, auto&, auto& b) {
         a.roles = b.roles = role::light;
         a.services = b.services = service::light_nodes;
     },
     CloseReason::roles_do_not_fit, "light", "light"},
    {"we are light, they do not serve",
     [](auto& a, auto&, auto& b) {
         a.roles = role::light;
         b.services = service::blocks;
     },
     CloseReason::roles_do_not_fit, "light", "full, serves no light nodes"},
    {"they are light, we do not serve", [](auto&, auto&, auto& b) { b.roles = role::light | 0x80; },
     CloseReason::roles_do_not_fit, "full, serves no light nodes", "light"},
    {"topic name", [](auto&, auto&, auto& b) { b.topics = {{"other", 1, 9, 9}}; },
     CloseReason::no_common_topic, "chat v1, tx v2", "other v1"},
    {"topic version", [](auto&, auto&, auto& b) { b.topics = {{"chat", 2, 9, 9}}; },
     CloseReason::no_common_topic, "chat v1, tx v2", "chat v2"},
    {"no topic",
     [](auto& a, auto&, auto& b) {
         a.topics.clear();
         b.topics.clear();
     },
     CloseReason::no_common_topic, "none", "none"},
};

}  // namespace

TEST_CASE("hello: a side that names no chain fits any") {
    auto ours = hello_of(key_of(1));
    auto theirs = hello_of(key_of(2));
    ours.chain_id = 1;
    CHECK_FALSE(check_hello(ours, {}, theirs));
    CHECK_FALSE(check_hello(theirs, {}, ours));
    const auto key = key_of(1);
    CHECK(decode_hello(encode_hello(ours), key.id())->chain_id == 1);
    ours.node_name = "alice";
    CHECK(decode_hello(encode_hello(ours), key.id())->node_name == "alice");
    ours.chain_id = 0;
    const auto named = decode_hello(encode_hello(ours), key.id());
    CHECK(named->chain_id == 0);
    CHECK(named->node_name == "alice");
}

TEST_CASE("hello: what does not fit is told with both sides' values") {
    const auto key_a = key_of(1);
    const auto key_b = key_of(2);
    for (const auto& row : mismatches) {
        CAPTURE(row.what);
        auto ours = hello_of(key_a);
        auto theirs = hello_of(key_b);
        ForkRules forks;
        CHECK_FALSE(check_hello(ours, forks, theirs));
        row.change(ours, forks, theirs);
        const auto goodbye = check_hello(ours, forks, theirs);
        REQUIRE(goodbye);
        CHECK(name(goodbye->reason) == name(row.reason));
        CHECK(goodbye->sender_value == row.ours);
        CHECK(goodbye->receiver_value == row.theirs);
        // And so it arrives.
        const auto read = decode_goodbye(encode_goodbye(*goodbye)).value();
        CHECK(read.reason == row.reason);
        CHECK(read.sender_value == row.ours);
        CHECK(read.receiver_value == row.theirs);
    }
}

TEST_CASE("hello: the first difference is the one that is told") {
    // Each row repairs nothing; all differences of the table at once, taken away from the front.
    const auto key = key_of(1);
    const std::size_t order[] = {0, 1, 2, 3, 4, 8};
    for (std::size_t first = 0; first < std::size(order); ++first) {
        auto ours = hello_of(key);
        auto theirs = hello_of(key);
        ForkRules forks;
        for (std::size_t i = first; i < std::size(order); ++i) {
            mismatches[order[i]].change(ours, forks, theirs);
        }
        const auto goodbye = check_hello(ours, forks, theirs);
        REQUIRE(goodbye);
        CHECK(name(goodbye->reason) == name(mismatches[order[first]].reason));
    }
}

TEST_CASE("hello: light nodes fit with full ones that serve them") {
    const auto key = key_of(1);
    auto light = hello_of(key);
    auto full = hello_of(key);
    light.roles = role::light;
    full.services = service::light_nodes;
    CHECK_FALSE(check_hello(light, {}, full));
    CHECK_FALSE(check_hello(full, {}, light));
    light.roles = role::light | role::full;  // full after all
    full.services = 0;
    CHECK_FALSE(check_hello(light, {}, full));
}

TEST_CASE("hello: many topics are told as far as they fit") {
    const auto key = key_of(1);
    auto ours = hello_of(key);
    auto theirs = hello_of(key);
    ours.topics.clear();
    theirs.topics.clear();
    for (char c = 'a'; c < 'a' + 16; ++c) ours.topics.push_back({std::string(32, c), 1, 9, 9});
    const auto goodbye = check_hello(ours, {}, theirs).value();
    CHECK(goodbye.sender_value.size() <= Goodbye::value_bytes_max);
    CHECK(goodbye.sender_value.ends_with(", ..."));
}

}  // namespace parley::transport
