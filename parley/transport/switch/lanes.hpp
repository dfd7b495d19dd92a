// Lanes: the links that are up, as the modules see them: their lanes, messages in and out, credit,
// growth of windows, and statuses in heartbeats. Internal to transport.
//
// Modules may call back (send, penalise, disconnect, broadcast, even dial) from inside any of
// their calls: none of that destroys a connection. Only Closed and a failed connect do, and they
// come from the driver.
// Threading: the node's thread.
#pragma once

#include <parley/transport/message.hpp>
#include <parley/transport/switch/admission.hpp>
#include <parley/transport/switch/modules.hpp>
#include <parley/transport/switch/penalties.hpp>
#include <parley/transport/switch/switch_state.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::transport {

class Lanes {
public:
    Lanes(SwitchState& state, Modules& modules, Admission& admission, Penalties& penalties);

    /// A link is up: modules are told.
    void open(Connection& connection);
    /// After open(): the peer's modules are told what ours say.
    void greet(const Connection& connection);
    /// A link ends: modules are told, in order, and its growth is free again.
    void close(Connection& connection, CloseReason reason);

    // What its Link says; ignored in other phases than up.
    void deliver(Connection& connection, Delivered& batch);
    void on_drained(Connection& connection, const Drained& drained);
    void on_growth_wanted(Connection& connection, const GrowthWanted& wanted);
    void on_growth_returned(Connection& connection, const GrowthReturned& returned);
    void on_beat(Connection& connection, const Beat& beat);

    /// Tells all modules.
    void on_attempt_failed(const FailedAttempt& attempt);
    /// Runs the modules' timers as well as the one of statuses.
    void on_timer();
    Instant next_wakeup() const {
        return std::min({statuses_due_, waits_due_, modules_.next_wakeup()});
    }

    BroadcastResult broadcast(std::string_view topic, Code code, const SharedBytes& message,
                              const PeerPredicate& except);
    std::vector<TopicLoad> topic_loads() const;
    /// Credit that modules gave back goes to the links.
    void drain_credit();

    // For TopicLane
    const Modules& modules() const { return modules_; }
    Now now() const { return state_.now; }
    void note_stall(std::size_t module) { ++totals_[module].stalls; }
    void note_sent(std::size_t module, std::size_t bytes) {
        ++totals_[module].messages_out;
        totals_[module].bytes_out += bytes;
    }
    void note_waste(Connection& connection, TopicLane& lane, Duration work);
    void send(LinkId link, LaneId lane, Code code, SharedBytes message) {
        state_.connections.send(link, lane, code, std::move(message));
    }
    void send_copy(LinkId link, LaneId lane, Code code, Bytes message) {
        state_.connections.send_copy(link, lane, code, message);
    }
    void command(LinkId link, LinkCommand command) {
        state_.connections.command(link, std::move(command));
    }
    void penalise(Connection& connection, Offence offence) {
        penalties_.penalise(connection, offence);
    }
    void disconnect(Connection& connection, Goodbye goodbye) {
        admission_.close(connection, std::move(goodbye));
    }

private:
    /// Calls into a module; one that throws loses its lanes.
    template <class F>
    void call(std::size_t module, std::string_view name, F&& run) {
        if (!modules_.call(module, name, std::forward<F>(run))) close_lanes_of(module);
    }
    void make_lanes(Connection& connection);
    void handle(Connection& connection, TopicLane& lane, const Delivered::Item& item);
    void close_lane(Connection& connection, std::size_t module, CloseReason reason);
    void close_lanes_of(std::size_t module);
    void pass_on_credit(TopicLane& lane);
    void end_waits();
    bool collect_statuses();
    void send_statuses(const Connection& connection);

    SwitchState& state_;
    Modules& modules_;
    Admission& admission_;
    Penalties& penalties_;
    std::shared_ptr<CreditLedger> ledger_ = std::make_shared<CreditLedger>();
    std::uint64_t growth_bytes_max_;  // over all links
    std::uint64_t growth_bytes_ = 0;  // in use
    std::vector<TopicLoad> totals_;   // by module: what is counted since the start
    std::vector<Buffer> statuses_;    // by module
    using ModuleSet = std::uint32_t;  // a bit a module
    std::vector<std::pair<ModuleSet, SharedBytes>> encoded_statuses_;  // at most 16
    Instant statuses_due_ = never;
    Instant waits_due_ = never;         // of lanes whose credit waits
    std::vector<TopicLane*> credited_;  // scratch of drain_credit
};

}  // namespace parley::transport
