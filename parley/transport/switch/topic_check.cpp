#include <parley/transport/switch/topic_check.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace parley::transport {

namespace {

std::optional<std::string> objection_to(const TopicSpec& topic) {
    if (topic.name.empty()) return "the name is empty";
    if (topic.name.size() > Hello::topic_name_bytes_max) {
        return fmt::format("the name has {} characters, {} are the most", topic.name.size(),
                           Hello::topic_name_bytes_max);
    }
    if (!is_topic_name(topic.name)) return "the name may hold a-z, 0-9, '/', '-' and '_' alone";
    if (topic.priority > Priority::bulk) {
        return fmt::format("priority {} is unknown, the last one is {}",
                           static_cast<unsigned>(topic.priority),
                           static_cast<unsigned>(Priority::bulk));
    }
    if (topic.message_bytes_max == 0) return "message_bytes_max is 0";
    if (topic.send_budget_bytes == 0) return "send_budget_bytes is 0";
    if (topic.window_bytes < topic.message_bytes_max) {
        return fmt::format("window_bytes is {}, less than message_bytes_max, {}",
                           topic.window_bytes, topic.message_bytes_max);
    }
    return std::nullopt;
}

}  // namespace

Result<void, std::string> check_topics(std::span<const TopicSpec> topics) {
    for (const TopicSpec& topic : topics) {
        if (const auto objection = objection_to(topic)) {
            return std::unexpected{fmt::format("topic \"{}\": {}", topic.name, *objection)};
        }
        if (std::ranges::count(topics, topic.name, &TopicSpec::name) > 1) {
            return std::unexpected{
                fmt::format("topic \"{}\": two modules have it, one may", topic.name)};
        }
    }
    if (topics.size() > Hello::topics_max) {
        return std::unexpected{fmt::format("topic \"{}\": one of {} topics, {} are the most",
                                           topics.back().name, topics.size(), Hello::topics_max)};
    }
    return {};
}

Result<void, std::string> check_own_hello(const Hello& hello) {
    if (!is_client_name(hello.client)) {
        return std::unexpected{
            fmt::format("client name \"{}\": {} characters of printable ASCII are the most",
                        hello.client, Hello::client_bytes_max)};
    }
    if (!is_node_name(hello.node_name)) {
        return std::unexpected{
            fmt::format("node name \"{}\": {} characters of printable ASCII are the most",
                        hello.node_name, Hello::node_name_bytes_max)};
    }
    Hello largest = hello;
    largest.fork.next = std::numeric_limits<std::uint64_t>::max();
    const std::size_t bytes =
        encoded_bytes(largest) - hello.record.raw().size() + Enr::size_bytes_max;
    if (bytes > Hello::wire_bytes) {
        return std::unexpected{
            fmt::format("the Hello with {} topics takes {} bytes, {} are the most",
                        hello.topics.size(), bytes, Hello::wire_bytes)};
    }
    return {};
}

}  // namespace parley::transport
