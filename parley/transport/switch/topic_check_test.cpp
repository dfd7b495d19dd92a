#include <parley/transport/switch/topic_check.hpp>

#include <parley/transport/switch/test_switch.hpp>

#include <limits>
#include <stdexcept>

namespace parley::transport::test {

namespace {

TopicSpec good(std::string name = "chat") {
    return {.name = std::move(name),
            .message_bytes_max = 1'000,
            .window_bytes = 1'064,
            .send_budget_bytes = 1};
}

std::string objection(const TopicSpec& topic) {
    const auto checked = check_topics(std::vector{topic});
    return checked ? "none" : checked.error();
}

std::string what_is_thrown(std::vector<PeerHandler*> modules, Hello hello) {
    Hub hub;
    JobQueue jobs{1};
    const NodeKey key = key_of(1);
    try {
        const Switch node{{},  key,  std::move(hello), std::move(modules),
                          hub, jobs, no_log(),         Rng{1}};
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "nothing";
}

}  // namespace

TEST_CASE("topic check: a topic at its limits passes") {
    CHECK(objection(good()) == "none");
    CHECK(objection(good(std::string(32, 'a'))) == "none");
    CHECK(objection(good("a/b-c_9")) == "none");
    CHECK(check_topics({}).has_value());
}

TEST_CASE("topic check: each rule names the topic and the limit") {
    CHECK(objection(good("")) == "topic \"\": the name is empty");
    CHECK(objection(good(std::string(33, 'a'))) ==
          "topic \"" + std::string(33, 'a') + "\": the name has 33 characters, 32 are the most");
    for (const auto* name : {"Chat", "chat room", "chat.1", "ch\xc3\xa4t"}) {
        CHECK(objection(good(name)).ends_with("'/', '-' and '_' alone"));
    }
    TopicSpec topic = good();
    topic.priority = static_cast<Priority>(5);
    CHECK(objection(topic) == "topic \"chat\": priority 5 is unknown, the last one is 4");
    topic = good();
    topic.message_bytes_max = 0;
    CHECK(objection(topic) == "topic \"chat\": message_bytes_max is 0");
    topic = good();
    topic.send_budget_bytes = 0;
    CHECK(objection(topic) == "topic \"chat\": send_budget_bytes is 0");
    topic = good();
    topic.window_bytes = 999;
    CHECK(objection(topic) ==
          "topic \"chat\": window_bytes is 999, less than message_bytes_max, 1000");
    topic.window_bytes = 1'000;
    CHECK(objection(topic) == "none");
}

TEST_CASE("topic check: two modules with one topic, and more modules than lanes") {
    CHECK(check_topics(std::vector{good("a"), good("b"), good("a")}).error() ==
          "topic \"a\": two modules have it, one may");
    std::vector<TopicSpec> topics;
    for (char c = 'a'; c < 'q'; ++c) topics.push_back(good(std::string(1, c)));
    CHECK(check_topics(topics).has_value());
    topics.push_back(good("one-more"));
    CHECK(check_topics(topics).error() == "topic \"one-more\": one of 17 topics, 16 are the most");
}

TEST_CASE("topic check: the largest Hello that may be configured fits") {
    Hello hello = hello_of(key_of(1));
    hello.version_min = hello.version_max = 65535;
    hello.client = std::string(Hello::client_bytes_max, 'c');
    hello.network_id = hello.roles = hello.services = std::numeric_limits<std::uint64_t>::max();
    hello.genesis.fill(std::byte{0xff});
    hello.fork.hash.fill(std::byte{0xff});
    constexpr auto most = std::numeric_limits<std::uint32_t>::max();
    for (std::size_t i = 0; i < Hello::topics_max; ++i) {
        const std::string name(Hello::topic_name_bytes_max, static_cast<char>('a' + i));
        hello.topics.push_back({name, most, most, most});
    }
    CHECK(check_own_hello(hello).has_value());
    for (int i = 0; i < 16; ++i) hello.topics.push_back(hello.topics.back());
    CHECK(check_own_hello(hello).error().starts_with("the Hello with 32 topics takes "));
}

TEST_CASE("topic check: a switch is not built with what no peer could take") {
    TestModule bad{{.name = "Bad"}};
    TestModule fine{good()};
    const Hello hello = hello_of(key_of(1));
    CHECK(what_is_thrown({&bad}, hello).starts_with("topic \"Bad\": the name may hold"));
    CHECK(what_is_thrown({&fine, &fine}, hello) == "topic \"chat\": two modules have it, one may");
    Hello long_client = hello;
    long_client.client = std::string(65, 'c');
    CHECK(what_is_thrown({&fine}, long_client).starts_with("client name \"ccc"));
    CHECK(what_is_thrown({&fine}, hello) == "nothing");
}

}  // namespace parley::transport::test
