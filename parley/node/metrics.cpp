#include <parley/node/metrics.hpp>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <chrono>
#include <initializer_list>
#include <map>
#include <utility>
#include <vector>

namespace parley::node {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using transport::Direction;
using transport::SlotClass;

using Labels = std::initializer_list<std::pair<const char*, std::string_view>>;

/// One metric with its series.
class Family {
public:
    Family(std::vector<MetricFamily>& all, const char* name, const char* help, MetricType type) {
        all.push_back({name, help, type, {}});
        family_ = &all.back();
    }
    template <class Number>
    Family& add(Number value, Labels labels = {}) {
        ClientMetric metric;
        for (const auto& [name, text] : labels) metric.label.push_back({name, std::string{text}});
        const auto number = static_cast<double>(value);
        if (family_->type == MetricType::Counter) {
            metric.counter.value = number;
        } else {
            metric.gauge.value = number;
        }
        family_->metric.push_back(std::move(metric));
        return *this;
    }

private:
    MetricFamily* family_;  // used up before the next one is made
};

double seconds(Duration d) {
    return std::chrono::duration<double>(d).count();
}

class Collector {
public:
    Collector(const Node& node, Now now, const DriverFigures& driver)
        : node_(node), now_(now), driver_(driver) {}

    std::vector<MetricFamily> collect() {
        links();
        slots();
        lanes();
        handshakes();
        peers_known();
        if (const auto* dht = node_.dht()) of_dht(dht->service());
        transactions();
        traffic();
        process();
        return std::move(all_);
    }

private:
    Family gauge(const char* name, const char* help) {
        return {all_, name, help, MetricType::Gauge};
    }
    Family counter(const char* name, const char* help) {
        return {all_, name, help, MetricType::Counter};
    }

    void links() {
        std::map<std::pair<Direction, SlotClass>, std::size_t> counts;
        for (const auto& peer : node_.peers()) ++counts[{peer.direction, peer.slot_class}];
        auto family = gauge("parley_links", "Links that are up.");
        for (const auto direction : {Direction::inbound, Direction::outbound}) {
            for (const auto kind : transport::all_slot_classes) {
                family.add(counts[{direction, kind}],
                           {{"direction", name(direction)}, {"class", name(kind)}});
            }
        }
    }

    void slots() {
        const auto& table = node_.slots();
        auto used = gauge("parley_slots_in_use", "Connections that hold a token of this kind.");
        for (const auto kind : transport::all_slot_kinds)
            used.add(table.in_use(kind), {{"kind", name(kind)}});
        auto limit = gauge("parley_slots_limit", "Tokens of this kind that there are.");
        for (const auto kind : transport::all_slot_kinds)
            limit.add(table.limit(kind), {{"kind", name(kind)}});
    }

    void lanes() {
        const auto loads = node_.topic_loads();
        auto queued = gauge("parley_lane_queued_bytes",
                            "Bytes that wait to be sent, over all links, with each message's 64.");
        for (const auto& load : loads) queued.add(load.queued_bytes, {{"topic", load.topic}});
        auto stalled = gauge("parley_lanes_stalled", "Lanes that are full: their peer is slow.");
        for (const auto& load : loads) stalled.add(load.stalled, {{"topic", load.topic}});
        auto stalls = counter("parley_lane_stalls_total", "Times that a lane became full.");
        for (const auto& load : loads) stalls.add(load.stalls, {{"topic", load.topic}});
        gauge("parley_receive_reserved_bytes", "Receive windows granted to all links together.")
            .add(node_.switch_stats().receive_bytes_reserved);
    }

    void handshakes() {
        const auto& stats = node_.switch_stats();
        auto ended = counter("parley_handshakes_total",
                             "Handshakes and dials that ended, by result: up, or why not.");
        ended.add(stats.ups - stats.ups_outbound, {{"direction", "inbound"}, {"result", "up"}});
        ended.add(stats.ups_outbound, {{"direction", "outbound"}, {"result", "up"}});
        for (const auto& [key, count] : stats.handshakes_failed) {
            ended.add(count, {{"direction", name(key.first)}, {"result", name(key.second)}});
        }
        counter("parley_dials_total", "Connections that this node began.").add(stats.dials);
        counter("parley_accepts_total", "Callers that were let in to a handshake.")
            .add(stats.accepts);
        counter("parley_evictions_total", "Inbound links that had to make room for a newcomer.")
            .add(stats.evictions);
        auto refused =
            counter("parley_accepts_refused_total", "Callers that were turned away at the door.");
        refused.add(stats.accepts_banned, {{"reason", "banned"}});
        for (const auto& [why, count] : stats.accepts_without_slot) {
            refused.add(count, {{"reason", name(why)}});
        }
        auto down = counter("parley_disconnects_total", "Links that were up and ended, by reason.");
        for (const auto& [reason, count] : stats.disconnects) {
            down.add(count, {{"reason", name(reason)}});
        }
    }

    void peers_known() {
        using discovery::EntryState;
        auto entries = gauge("parley_book_entries", "Nodes in the address book, by state.");
        for (const auto state : {EntryState::unknown, EntryState::waiting, EntryState::dialing,
                                 EntryState::connected}) {
            entries.add(node_.book().count(state), {{"state", name(state)}});
        }
        std::size_t ids = 0;
        const auto bans = node_.bans(now_);
        for (const auto& ban : bans) {
            if (std::holds_alternative<NodeId>(ban.who)) ++ids;
        }
        gauge("parley_bans", "Bans in force.")
            .add(ids, {{"kind", "id"}})
            .add(bans.size() - ids, {{"kind", "address"}});
    }

    void of_dht(const discovery::discv5::Service& service) {
        const auto& table = service.table();
        gauge("parley_dht_nodes", "Nodes in the table of the DHT, by state.")
            .add(table.checked(), {{"state", "checked"}})
            .add(table.size() - table.checked(), {{"state", "heard"}})
            .add(table.replacements(), {{"state", "waiting"}});
        gauge("parley_dht_sessions", "Sessions with nodes of the DHT.").add(service.sessions());
        gauge("parley_dht_lookups", "Lookups that are under way.").add(service.lookups());
        const auto& counters = service.counters();
        counter("parley_dht_requests_total", "Requests of this node that ended, by result.")
            .add(counters.answers, {{"result", "answered"}})
            .add(counters.timeouts, {{"result", "timed_out"}})
            .add(counters.bad_answers, {{"result", "bad_answer"}});
        counter("parley_dht_requests_answered_total", "Requests of others that were answered.")
            .add(counters.answered);
        counter("parley_dht_handshakes_total", "Handshakes that this node sent or accepted.")
            .add(counters.handshakes);
        counter("parley_dht_packets_received_total", "Packets that came to the UDP ports.")
            .add(counters.packets_in);
        counter("parley_dht_packets_sent_total", "Packets that were sent.")
            .add(counters.packets_out);
        counter("parley_dht_packets_dropped_total", "Received packets that were of no effect.")
            .add(counters.dropped, {{"reason", "over_limit"}})
            .add(counters.unreadable, {{"reason", "unreadable"}});
    }

    void transactions() {
        const auto& pool = node_.pool();
        gauge("parley_pool_transactions", "Transactions that wait in the pool.").add(pool.size());
        gauge("parley_pool_bytes", "Memory of the transactions in the pool.")
            .add(pool.size_bytes());
        const auto& counters = node_.relay().counters();
        counter("parley_transactions_received_total", "Transactions that peers sent.")
            .add(counters.received);
        counter("parley_transactions_added_total", "Transactions that went into the pool.")
            .add(counters.added);
        counter("parley_transactions_duplicate_total", "Received ones that were known.")
            .add(counters.duplicates);
        counter("parley_transactions_invalid_total", "Received ones that no chain would take.")
            .add(counters.invalid);
    }

    void traffic() {
        const auto sum = node_.traffic();
        counter("parley_received_bytes_total", "Bytes of messages from peers.").add(sum.bytes_in);
        counter("parley_sent_bytes_total", "Bytes of messages to peers.").add(sum.bytes_out);
    }

    void process() {
        all_.push_back({"parley_event_loop_delay_seconds",
                        "How long inputs waited for the node's thread.",
                        MetricType::Histogram,
                        {}});
        ClientMetric metric;
        auto& histogram = metric.histogram;
        const auto& counts = driver_.loop_delay.counts();
        for (std::size_t i = 0; i < counts.size(); ++i) {
            histogram.sample_count += counts[i];
            if (i == DelayHistogram::bounds.size()) break;  // the serializer adds +Inf
            histogram.bucket.push_back(
                {histogram.sample_count, seconds(DelayHistogram::bounds[i])});
        }
        histogram.sample_sum = seconds(driver_.loop_delay.sum());
        all_.back().metric.push_back(std::move(metric));
        const auto started = unix_milliseconds(driver_.process_started);
        gauge("process_start_time_seconds", "When the process began, Unix time.")
            .add(static_cast<double>(started) / 1000.0);
        gauge("parley_build_info", "1, with what the node calls itself.")
            .add(1, {{"client", node_.config().client}});
    }

    const Node& node_;
    Now now_;
    const DriverFigures& driver_;
    std::vector<MetricFamily> all_;
};

}  // namespace

std::string metrics_text(const Node& node, Now now, const DriverFigures& driver) {
    return prometheus::TextSerializer{}.Serialize(Collector{node, now, driver}.collect());
}

}  // namespace parley::node
