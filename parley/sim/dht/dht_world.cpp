#include <parley/sim/dht/dht_world.hpp>

#include <parley/sim/world/network.hpp>

#include <algorithm>

namespace parley::sim {

using namespace discovery::discv5;

namespace {

constexpr std::size_t closest_max = discovery::discv5::Lookup::results_max;

WorldConfig world_config(const DhtWorldOptions& options) {
    WorldConfig config;
    config.seed = options.seed;
    config.crypto = options.crypto;
    config.path = random_paths(options.seed, options.latency_min, options.latency_max);
    return config;
}

/// 5.g.g.x: no honest host lives there.
Endpoint liar_endpoint(std::size_t group, std::size_t number) {
    return {IpAddress::v4({std::byte{5}, static_cast<std::byte>(group >> 8),
                           static_cast<std::byte>(group), static_cast<std::byte>(1 + number)}),
            30770};
}

Enr record_of(const NodeKey& key, const Endpoint& endpoint) {
    return EnrBuilder{1}
        .ip(endpoint.address)
        .tcp(endpoint.port)
        .udp(endpoint.port)
        .sign(key)
        .value();
}

}  // namespace

DhtWorld::DhtWorld(const DhtWorldOptions& options)
    : options_(options),
      rng_(options.seed),
      keys_(options.seed ^ 0x6b657973ULL),
      world_(world_config(options)) {}

DhtWorld::~DhtWorld() = default;

HostId DhtWorld::add(NodeKey key, const Endpoint& endpoint, bool liar) {
    const HostId host = world_.add_host(endpoint, {}, {});
    const Id id = dht_id(key.id());
    if (liar) liars_.insert(key.id());
    members_.push_back(std::make_unique<Member>(Member{.key = std::move(key),
                                                       .entropy = SeededEntropy{rng_.next()},
                                                       .id = id,
                                                       .endpoint = endpoint,
                                                       .liar = liar,
                                                       .service = {}}));
    world_.set_on_datagram(host, [this, host](const Endpoint& from, Bytes bytes) {
        auto& member = *members_[host];
        if (!member.service) return;
        member.service->on_datagram(world_.now_of(host), from, bytes);
        after(host);
    });
    return host;
}

void DhtWorld::add_honest(std::size_t count, Duration within) {
    const auto step = within / static_cast<std::int64_t>(std::max<std::size_t>(1, count));
    for (std::size_t i = 0; i < count; ++i) {
        const auto host = add(NodeKey::generate(keys_), Network::endpoint(honest_++), false);
        world_.later(step * static_cast<std::int64_t>(i), [this, host] { start(host); });
    }
}

void DhtWorld::add_liars(std::size_t count, std::size_t groups, HostId around, Duration within) {
    const Id& center = id(around);
    unsigned nearest = log_distance_max;
    for (const auto& member : members_) {
        const unsigned distance = log_distance(member->id, center);
        if (distance > 0) nearest = std::min(nearest, distance);
    }
    const auto step = within / static_cast<std::int64_t>(std::max<std::size_t>(1, count));
    for (std::size_t i = 0; i < count; ++i) {
        const auto host = add(key_near(center, nearest - 1),
                              liar_endpoint(liar_groups_ + i % groups, i / groups), true);
        world_.later(step * static_cast<std::int64_t>(i), [this, host] { start(host); });
    }
    liar_groups_ += groups;
}

NodeKey DhtWorld::key_near(const Id& around, unsigned distance_max) {
    for (;;) {
        auto key = NodeKey::generate(keys_);
        if (log_distance(dht_id(key.id()), around) <= distance_max) return key;
    }
}

void DhtWorld::start(HostId host) {
    auto& member = *members_[host];
    const Now now = world_.now_of(host);
    ServiceConfig config;
    config.table.address_limits = options_.address_limits && !member.liar;
    member.service =
        std::make_unique<Service>(config, member.key, record_of(member.key, member.endpoint),
                                  member.entropy, Rng{rng_.next()});
    for (HostId boot = 0; boot < std::min(options_.boot, size()); ++boot) {
        if (boot != host && up(boot)) member.service->add_boot(now, service(boot).record());
    }
    if (member.liar) {
        // Nobody honest is told of: nobody honest is in its table, but those it starts from.
        member.service->set_secret([this](const NodeId& other) { return !liars_.contains(other); });
        for (const auto& other : members_) {
            if (!other->liar || !other->service || other.get() == &member) continue;
            member.service->heard(now, other->service->record());
            other->service->heard(now, member.service->record());
        }
    }
    after(host);
}

void DhtWorld::kill(HostId host) {
    members_[host]->service.reset();
    members_[host]->armed = never;
}

void DhtWorld::after(HostId host) {
    auto& member = *members_[host];
    auto& outbox = member.service->outbox();
    for (std::size_t i = 0; i < outbox.size(); ++i) {
        world_.send_datagram(host, outbox.peer(i), outbox[i]);
    }
    outbox.clear();
    const Instant at = std::max(member.service->next_wakeup(), world_.now().instant);
    if (at >= member.armed) return;
    member.armed = at;
    world_.later(at - world_.now().instant, [this, host, at] { wake(host, at); });
}

void DhtWorld::wake(HostId host, Instant at) {
    auto& member = *members_[host];
    if (member.armed != at || !member.service) return;  // an earlier one came, or it died
    member.armed = never;
    member.service->on_timer(world_.now_of(host));
    after(host);
}

HostId DhtWorld::any_honest() {
    for (;;) {
        const auto host = static_cast<HostId>(rng_.below(size()));
        if (up(host) && !liar(host)) return host;
    }
}

std::vector<DhtWorld::Id> DhtWorld::truly_closest(const Id& target, HostId except) const {
    std::vector<Id> ids;
    for (HostId host = 0; host < size(); ++host) {
        if (up(host) && host != except) ids.push_back(id(host));
    }
    const auto nearer = [&](const Id& a, const Id& b) { return closer(target, a, b); };
    const auto count = static_cast<std::ptrdiff_t>(std::min(ids.size(), closest_max));
    std::ranges::partial_sort(ids, ids.begin() + count, nearer);
    ids.resize(static_cast<std::size_t>(count));
    return ids;
}

std::shared_ptr<const DhtWorld::Lookup> DhtWorld::look_up(HostId from, Goal goal,
                                                          const Id& target) {
    auto out = std::make_shared<Lookup>(Lookup{
        .from = from, .target = target, .began = world_.now().instant, .took = {}, .result = {}});
    world_.later(0ms, [this, out, goal] {
        auto& member = *members_[out->from];
        if (!member.service) return;
        const auto ended = [this, out](Now, const Service::LookupResult& result) {
            out->took = world_.now().instant - out->began;
            out->result = result;
        };
        (void)member.service->lookup(world_.now_of(out->from), goal, out->target, ended);
        after(out->from);
    });
    return out;
}

}  // namespace parley::sim
