#include <parley/transport/switch/own_hello.hpp>

#include <parley/base/endian.hpp>
#include <parley/transport/switch/topic_check.hpp>

#include <stdexcept>
#include <utility>

namespace parley::transport {

OwnHello::OwnHello(const NodeKey& key, Hello hello, ForkRules forks, std::vector<TopicSpec> topics,
                   std::size_t known_records_max)
    : key_(key), hello_(std::move(hello)), forks_(std::move(forks)), topics_(std::move(topics)) {
    if (known_records_max > 0) {
        const auto salt = load_be<std::uint64_t>(key.id().bytes());
        known_records_ = std::make_shared<KnownRecords>(known_records_max, salt);
    }
    hello_.topics.clear();
    for (const TopicSpec& topic : topics_) {
        hello_.topics.push_back({.name = topic.name,
                                 .version = topic.version,
                                 .window_bytes = topic.window_bytes,
                                 .message_bytes_max = topic.message_bytes_max});
    }
    hello_.fork = fork_id(forks_);
    if (auto checked = check_own_hello(hello_); !checked) {
        throw std::invalid_argument{checked.error()};
    }
    rebuild();
}

void OwnHello::rebuild() {
    identity_ = std::make_shared<const LinkIdentity>(LinkIdentity{
        .key = &key_, .hello = hello_, .topics = topics_, .known_records = known_records_});
}

void OwnHello::set_record(const Enr& record) {
    hello_.record = record;
    rebuild();
}

void OwnHello::set_roles(std::uint64_t roles, std::uint64_t services) {
    if (hello_.roles == roles && hello_.services == services) return;
    hello_.roles = roles;
    hello_.services = services;
    rebuild();
}

void OwnHello::set_forks(const ForkRules& forks) {
    forks_ = forks;
    const ForkId fork = fork_id(forks);
    if (fork == hello_.fork) return;
    hello_.fork = fork;
    rebuild();
}

}  // namespace parley::transport
