#include <parley/transport/handshake/hello_check.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace parley::transport {

namespace {

std::string versions_text(const Hello& hello) {
    return fmt::format("{}-{}", hello.version_min, hello.version_max);
}

std::string fork_text(const ForkId& fork) {
    return fmt::format("{} next {}", to_hex(fork.hash), fork.next);
}

bool serves_light(const Hello& hello) {
    return transport::serves_light(hello.roles, hello.services);
}

std::string roles_text(const Hello& hello) {
    if (is_light(hello)) return "light";
    return serves_light(hello) ? "full, serves light nodes" : "full, serves no light nodes";
}

/// "name/version" of each, as many as fit.
std::string topics_text(const Hello& hello) {
    std::string text;
    for (const auto& topic : hello.topics) {
        const auto next =
            fmt::format("{}{} v{}", text.empty() ? "" : ", ", topic.name, topic.version);
        if (text.size() + next.size() + 5 > Goodbye::value_bytes_max) return text + ", ...";
        text += next;
    }
    return text.empty() ? "none" : text;
}

}  // namespace

bool is_light(std::uint64_t roles) {
    return (roles & role::light) != 0 && (roles & role::full) == 0;
}

bool serves_light(std::uint64_t roles, std::uint64_t services) {
    return !is_light(roles) && (services & service::light_nodes) != 0;
}

std::vector<CommonTopic> common_topics(const Hello& ours, const Hello& theirs) {
    std::vector<CommonTopic> common;
    const bool has_light_node = is_light(ours) || is_light(theirs);
    auto other = theirs.topics.begin();
    for (const auto& topic : ours.topics) {  // both are sorted by name
        while (other != theirs.topics.end() && other->name < topic.name) ++other;
        if (other == theirs.topics.end()) break;
        if (topic.name == light_topic_name && !has_light_node) continue;
        if (other->name == topic.name && other->version == topic.version) {
            common.push_back({topic.name, topic.version, topic, *other});
        }
    }
    return common;
}

std::optional<Goodbye> check_hello(const Hello& ours, const ForkRules& our_forks,
                                   const Hello& theirs) {
    const auto differ = [](CloseReason reason, std::string our_value, std::string their_value) {
        return Goodbye{reason, std::move(our_value), std::move(their_value), {}};
    };
    if (std::max(ours.version_min, theirs.version_min) >
        std::min(ours.version_max, theirs.version_max)) {
        return differ(CloseReason::no_common_version, versions_text(ours), versions_text(theirs));
    }
    if (ours.network_id != theirs.network_id) {
        return differ(CloseReason::wrong_network, std::to_string(ours.network_id),
                      std::to_string(theirs.network_id));
    }
    if (ours.genesis != theirs.genesis) {
        return differ(CloseReason::wrong_genesis, to_hex(ours.genesis), to_hex(theirs.genesis));
    }
    if (ours.chain_id != theirs.chain_id && ours.chain_id != 0 && theirs.chain_id != 0) {
        return differ(CloseReason::wrong_chain, std::to_string(ours.chain_id),
                      std::to_string(theirs.chain_id));
    }
    if (!fork_compatible(our_forks, theirs.fork)) {
        return differ(CloseReason::incompatible_fork, fork_text(fork_id(our_forks)),
                      fork_text(theirs.fork));
    }
    if ((is_light(ours) && !serves_light(theirs)) || (is_light(theirs) && !serves_light(ours))) {
        return differ(CloseReason::roles_do_not_fit, roles_text(ours), roles_text(theirs));
    }
    if (common_topics(ours, theirs).empty()) {
        return differ(CloseReason::no_common_topic, topics_text(ours), topics_text(theirs));
    }
    return std::nullopt;
}

}  // namespace parley::transport
