// The network's own figures.
#include <parley/p2p/metrics.hpp>

#include <map>
#include <utility>

namespace parley::p2p {

namespace {

using transport::Direction;
using transport::SlotClass;

class Collector {
public:
    Collector(Metrics& metrics, const Network& node, Now now)
        : metrics_(metrics), node_(node), now_(now) {}

    void collect() {
        links();
        slots();
        lanes();
        handshakes();
        peers_known();
        if (const auto* dht = node_.dht()) of_dht(dht->service());
        traffic();
    }

private:
    void links() {
        std::map<std::pair<Direction, SlotClass>, std::size_t> counts;
        for (const auto& peer : node_.peers()) ++counts[{peer.direction, peer.slot_class}];
        auto family = metrics_.gauge("parley_links", "Links that are up.");
        for (const auto direction : {Direction::inbound, Direction::outbound}) {
            for (const auto kind : transport::all_slot_classes) {
                family.add(counts[{direction, kind}],
                           {{"direction", name(direction)}, {"class", name(kind)}});
            }
        }
    }

    void slots() {
        const auto& table = node_.slots();
        auto used =
            metrics_.gauge("parley_slots_in_use", "Connections that hold a token of this kind.");
        for (const auto kind : transport::all_slot_kinds)
            used.add(table.in_use(kind), {{"kind", name(kind)}});
        auto limit = metrics_.gauge("parley_slots_limit", "Tokens of this kind that there are.");
        for (const auto kind : transport::all_slot_kinds)
            limit.add(table.limit(kind), {{"kind", name(kind)}});
    }

    void lanes() {
        const auto loads = node_.topic_loads();
        auto queued =
            metrics_.gauge("parley_lane_queued_bytes",
                           "Bytes that wait to be sent, over all links, with each message's 64.");
        for (const auto& load : loads) queued.add(load.queued_bytes, {{"topic", load.topic}});
        auto stalled =
            metrics_.gauge("parley_lanes_stalled", "Lanes that are full: their peer is slow.");
        for (const auto& load : loads) stalled.add(load.stalled, {{"topic", load.topic}});
        auto stalls =
            metrics_.counter("parley_lane_stalls_total", "Times that a lane became full.");
        for (const auto& load : loads) stalls.add(load.stalls, {{"topic", load.topic}});
        metrics_
            .gauge("parley_receive_reserved_bytes",
                   "Receive windows granted to all links together.")
            .add(node_.switch_stats().receive_bytes_reserved);
    }

    void handshakes() {
        const auto& stats = node_.switch_stats();
        auto ended =
            metrics_.counter("parley_handshakes_total",
                             "Handshakes and dials that ended, by result: up, or why not.");
        ended.add(stats.ups - stats.ups_outbound, {{"direction", "inbound"}, {"result", "up"}});
        ended.add(stats.ups_outbound, {{"direction", "outbound"}, {"result", "up"}});
        for (const auto& [key, count] : stats.handshakes_failed) {
            ended.add(count, {{"direction", name(key.first)}, {"result", name(key.second)}});
        }
        metrics_.counter("parley_dials_total", "Connections that this node began.")
            .add(stats.dials);
        metrics_.counter("parley_accepts_total", "Callers that were let in to a handshake.")
            .add(stats.accepts);
        metrics_
            .counter("parley_wasted_seconds_total",
                     "Processor time that peers cost and that was of no use.")
            .add(std::chrono::duration<double>{stats.wasted}.count());
        metrics_
            .counter("parley_slowed_total",
                     "Times that a peer's lane had to wait for what it wasted.")
            .add(stats.slowed);
        metrics_
            .counter("parley_gave_way_total",
                     "Callers in a handshake that lost their place to others.")
            .add(stats.gave_way);
        metrics_
            .counter("parley_evictions_total",
                     "Inbound links that had to make room for a newcomer.")
            .add(stats.evictions);
        auto refused = metrics_.counter("parley_accepts_refused_total",
                                        "Callers that were turned away at the door.");
        refused.add(stats.accepts_banned, {{"reason", "banned"}});
        for (const auto& [why, count] : stats.accepts_without_slot) {
            refused.add(count, {{"reason", name(why)}});
        }
        auto down = metrics_.counter("parley_disconnects_total",
                                     "Links that were up and ended, by reason.");
        for (const auto& [reason, count] : stats.disconnects) {
            down.add(count, {{"reason", name(reason)}});
        }
    }

    void peers_known() {
        using discovery::EntryState;
        auto entries =
            metrics_.gauge("parley_book_entries", "Nodes in the address book, by state.");
        for (const auto state : {EntryState::unknown, EntryState::waiting, EntryState::dialing,
                                 EntryState::connected}) {
            entries.add(node_.book().count(state), {{"state", name(state)}});
        }
        std::size_t ids = 0;
        const auto bans = node_.bans(now_);
        for (const auto& ban : bans) {
            if (std::holds_alternative<NodeId>(ban.who)) ++ids;
        }
        metrics_.gauge("parley_bans", "Bans in force.")
            .add(ids, {{"kind", "id"}})
            .add(bans.size() - ids, {{"kind", "address"}});
    }

    void of_dht(const discovery::discv5::Service& service) {
        const auto& table = service.table();
        metrics_.gauge("parley_dht_nodes", "Nodes in the table of the DHT, by state.")
            .add(table.checked(), {{"state", "checked"}})
            .add(table.size() - table.checked(), {{"state", "heard"}})
            .add(table.replacements(), {{"state", "waiting"}});
        metrics_.gauge("parley_dht_sessions", "Sessions with nodes of the DHT.")
            .add(service.sessions());
        metrics_.gauge("parley_dht_lookups", "Lookups that are under way.").add(service.lookups());
        const auto& counters = service.counters();
        metrics_
            .counter("parley_dht_requests_total", "Requests of this node that ended, by result.")
            .add(counters.answers, {{"result", "answered"}})
            .add(counters.timeouts, {{"result", "timed_out"}})
            .add(counters.bad_answers, {{"result", "bad_answer"}});
        metrics_
            .counter("parley_dht_requests_answered_total", "Requests of others that were answered.")
            .add(counters.answered);
        metrics_
            .counter("parley_dht_handshakes_total", "Handshakes that this node sent or accepted.")
            .add(counters.handshakes);
        metrics_.counter("parley_dht_packets_received_total", "Packets that came to the UDP ports.")
            .add(counters.packets_in);
        metrics_.counter("parley_dht_packets_sent_total", "Packets that were sent.")
            .add(counters.packets_out);
        metrics_
            .counter("parley_dht_packets_dropped_total", "Received packets that were of no effect.")
            .add(counters.dropped, {{"reason", "over_limit"}})
            .add(counters.unreadable, {{"reason", "unreadable"}});
    }

    void traffic() {
        const auto sum = node_.traffic();
        metrics_.counter("parley_received_bytes_total", "Bytes of messages from peers.")
            .add(sum.bytes_in);
        metrics_.counter("parley_sent_bytes_total", "Bytes of messages to peers.")
            .add(sum.bytes_out);
    }

    Metrics& metrics_;
    const Network& node_;
    Now now_;
};

}  // namespace

void collect_metrics(Metrics& metrics, const Network& network, Now now,
                     const DriverFigures& driver) {
    Collector{metrics, network, now}.collect();
    metrics.histogram("parley_event_loop_delay_seconds",
                      "How long inputs waited for the node's thread.", driver.loop_delay);
    auto unsent =
        metrics.counter("parley_datagrams_unsent_total", "Datagrams that the system did not take.");
    unsent.add(driver.datagrams.no_socket, {{"reason", "no_socket"}});
    unsent.add(driver.datagrams.no_room, {{"reason", "no_room"}});
    unsent.add(driver.datagrams.refused, {{"reason", "refused"}});
    const auto started = unix_milliseconds(driver.process_started);
    metrics.gauge("process_start_time_seconds", "When the process began, Unix time.")
        .add(static_cast<double>(started) / 1000.0);
    metrics.gauge("parley_build_info", "1, with what the node calls itself.")
        .add(1, {{"client", network.config().client}});
}

}  // namespace parley::p2p
