#include <parley/p2p/own_record.hpp>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

namespace parley::p2p {

namespace {

constexpr std::string_view table = "node";
constexpr std::string_view record_key = "record";
constexpr Duration record_interval = 1min;  // between records that follow what is learned

/// Of "parley/0.1.0/linux" the first two, each cut so that a record has room for it.
ClientEntry client_entry(std::string_view client) {
    constexpr std::size_t bytes_max = 24;
    const auto slash = std::min(client.find('/'), client.size());
    auto version = client.substr(std::min(slash + 1, client.size()));
    version = version.substr(0, version.find('/'));
    return {std::string{client.substr(0, std::min(slash, bytes_max))},
            std::string{version.substr(0, bytes_max)}};
}

std::uint64_t next_sequence(Now now, std::uint64_t old) {
    const auto time =
        static_cast<std::uint64_t>(std::max<std::int64_t>(unix_milliseconds(now.unix_time), 1));
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    return std::max(time, old < most ? old + 1 : most);
}

}  // namespace

OwnRecord::OwnRecord(const NodeKey& key, RecordContents contents, nat::OwnEndpoints endpoints,
                     Log& log, Now now)
    : key_(key),
      contents_(std::move(contents)),
      endpoints_(std::move(endpoints)),
      log_(log),
      record_(sign(next_sequence(now, 0))) {}

Result<void, StoreError> OwnRecord::load(Store& store, Now now) {
    const auto raw = store.get(table, bytes_of(record_key));
    if (!raw) return std::unexpected{raw.error()};
    if (*raw) {
        const auto old = Enr::decode(**raw);
        if (old && old->id() == key_.id()) record_ = successor(now, *old);
    }
    changed_ = !*raw || !equal(record_.raw(), **raw);
    return {};
}

std::optional<Endpoint> OwnRecord::endpoint() const {
    const auto all = endpoints_.endpoints();
    return all.empty() ? std::nullopt : std::optional{all.front()};
}

Enr OwnRecord::sign(std::uint64_t sequence) const {
    EnrBuilder builder{sequence};
    for (const auto& endpoint : endpoints_.endpoints()) {
        builder.ip(endpoint.address);
        if (endpoint.address.is_v4()) {
            builder.tcp(endpoint.port);
            if (contents_.udp) builder.udp(endpoint.port);
        } else {
            builder.tcp6(endpoint.port);
            if (contents_.udp) builder.udp6(endpoint.port);
        }
    }
    builder.parley({.network_id = contents_.network_id,
                    .fork_hash = contents_.fork.hash,
                    .fork_next = contents_.fork.next,
                    .roles = contents_.roles,
                    .services = contents_.services});
    builder.client(client_entry(contents_.client));
    // Cannot fail: even with the largest values these entries stay below 300 bytes.
    return builder.sign(key_).value();
}

/// `old` itself if it says what is to be said now, otherwise the record that follows it.
Enr OwnRecord::successor(Now now, const Enr& old) const {
    auto same = sign(old.sequence());
    return same == old ? same : sign(next_sequence(now, old.sequence()));
}

bool OwnRecord::renew(Now now) {
    auto next = successor(now, record_);
    if (next == record_) return false;
    record_ = std::move(next);
    changed_ = true;
    return true;
}

bool OwnRecord::set_contents(Now now, RecordContents contents) {
    if (contents == contents_) return false;  // as with most blocks: no signature to make
    contents_ = std::move(contents);
    return renew(now);
}

bool OwnRecord::set_endpoint(Now now, const Endpoint& endpoint) {
    endpoints_.set(endpoint);
    return renew(now);
}

bool OwnRecord::add_listener(Now now, const Endpoint& bound,
                             const std::optional<IpAddress>& guess) {
    endpoints_.add_listener(bound, guess);
    return renew(now);
}

bool OwnRecord::on_met(Now now, const Enr& record) {
    if (record.id() != key_.id() || record.sequence() <= record_.sequence()) return false;
    if (now.instant < met_not_before_) return false;
    met_not_before_ = now.instant + record_interval;
    log_.write(LogLevel::info, "node", "others have a later record of this node: it is gone above",
               {{"theirs", record.sequence()}, {"ours", record_.sequence()}});
    record_ = sign(next_sequence(now, record.sequence()));
    changed_ = true;
    return true;
}

bool OwnRecord::on_vote(Now now, const IpAddress& voter, const IpAddress& seen) {
    return endpoints_.on_vote(now, voter, seen) && follow_soon(now);
}

bool OwnRecord::set_port_mapping(Now now, const nat::MappingStatus& status) {
    const auto before = std::exchange(port_mapping_, status);
    log_port_mapping(before);
    const auto outside =
        status.mapping ? std::optional{status.mapping->outside} : std::optional<Endpoint>{};
    return endpoints_.set_mapped(outside) && follow_soon(now);
}

/// Without a firewall there is nothing to open: a failure is no warning.
void OwnRecord::set_pinhole(const nat::MappingStatus& status) {
    const auto before = std::exchange(pinhole_, status);
    const auto& pinhole = pinhole_.mapping;
    const bool known = before.mapping && pinhole && before.mapping->outside == pinhole->outside;
    if (pinhole && !known) {
        log_.write(LogLevel::info, "node", "the router lets callers through by IPv6",
                   {{"outside", pinhole->outside.to_string()},
                    {"by", name(pinhole->method)},
                    {"seconds", pinhole->lifetime.count()}});
    }
    if (pinhole_.udp_why && pinhole_.udp_why != before.udp_why) {
        log_.write(LogLevel::info, "node", "the router lets no UDP through by IPv6",
                   {{"why", pinhole_.udp_why->why}});
    }
    if (pinhole_.why && pinhole_.why != before.why) {
        log_.write(LogLevel::info, "node", "the router opens nothing for IPv6",
                   {{"why", pinhole_.why->why}});
    }
}

bool OwnRecord::on_timer(Now now) {
    return now.instant >= follow_at_ && follow(now);
}

bool OwnRecord::follow_soon(Now now) {
    follow_at_ = std::max(now.instant, follow_not_before_);
    return follow_at_ <= now.instant && follow(now);
}

bool OwnRecord::follow(Now now) {
    follow_at_ = never;
    if (!renew(now)) return false;
    follow_not_before_ = now.instant + record_interval;
    const auto own = endpoint();
    log_.write(LogLevel::info, "node", "own address learned",
               {{"endpoint", own ? own->to_string() : std::string{}}});
    return true;
}

/// What is new alone: a mapping is renewed again and again.
void OwnRecord::log_port_mapping(const nat::MappingStatus& before) const {
    const auto& mapping = port_mapping_.mapping;
    const bool known = before.mapping && mapping && before.mapping->method == mapping->method &&
                       before.mapping->outside == mapping->outside;
    if (mapping && !known) {
        log_.write(LogLevel::info, "node", "the router maps a port",
                   {{"outside", mapping->outside.to_string()},
                    {"by", name(mapping->method)},
                    {"seconds", mapping->lifetime.count()}});
        if (!mapping_is_of_use()) {
            log_.write(LogLevel::warn, "node",
                       "the router is behind another router: the port that it maps cannot be "
                       "reached from outside, and is not advertised",
                       {{"outside", mapping->outside.to_string()}});
        }
    }
    if (port_mapping_.udp && !before.udp) {
        log_.write(LogLevel::info, "node", "the router maps the same port of UDP", {});
    }
    if (port_mapping_.udp_why && port_mapping_.udp_why != before.udp_why) {
        log_.write(LogLevel::warn, "node",
                   "the router maps TCP alone: the DHT may not reach this node",
                   {{"why", port_mapping_.udp_why->why}});
    }
    if (!mapping && before.mapping) {
        log_.write(LogLevel::info, "node", "the router maps no port any more", {});
    }
    if (port_mapping_.why && port_mapping_.why != before.why) {
        log_.write(LogLevel::warn, "node", "the router maps no port",
                   {{"why", port_mapping_.why->why}});
    }
}

void OwnRecord::take_changes(StoreBatch& batch) {
    if (std::exchange(changed_, false)) {
        batch.put(table, bytes_of(record_key), record_.raw());
    }
}

}  // namespace parley::p2p
