#include <parley/transport/switch/topic_lane.hpp>

#include <parley/transport/link/lanes_out.hpp>
#include <parley/transport/switch/lanes.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley::transport {

void TopicLane::check_thread(std::string_view call) const {
    lanes_.modules().check_thread(call, module_);
}

const NodeId& TopicLane::id() const {
    check_thread("id");
    return *connection_.id;
}
const Hello& TopicLane::hello() const {
    check_thread("hello");
    return *connection_.hello;
}
const Endpoint& TopicLane::endpoint() const {
    check_thread("endpoint");
    return connection_.endpoint;
}
Direction TopicLane::direction() const {
    check_thread("direction");
    return connection_.direction;
}
const std::string& TopicLane::topic() const {
    return lanes_.modules().spec(module_).name;
}
LinkId TopicLane::link() const {
    return connection_.link;
}
Now TopicLane::now() const {
    check_thread("now");
    return lanes_.now();
}
std::size_t TopicLane::message_bytes_max() const {
    check_thread("message_bytes_max");
    return message_bytes_max_;
}
void TopicLane::mark_useful() {
    check_thread("mark_useful");
    connection_.useful_at = lanes_.now().instant;
}
void TopicLane::penalise(Offence offence) {
    check_thread("penalise");
    lanes_.penalise(connection_, offence);
}
void TopicLane::note_waste(Duration work) {
    check_thread("note_waste");
    lanes_.note_waste(connection_, *this, work);
}
void TopicLane::disconnect() {
    check_thread("disconnect");
    lanes_.disconnect(connection_, {.reason = CloseReason::requested});
}
void TopicLane::part(const Goodbye& goodbye) {
    check_thread("part");
    lanes_.disconnect(connection_, goodbye);
}
std::shared_ptr<void> TopicLane::hold_slot() {
    check_thread("hold_slot");
    auto hold = hold_.lock();
    if (!hold) {
        hold = std::make_shared<char>();
        hold_ = hold;
    }
    return hold;
}
SendResult TopicLane::send(Code code, SharedBytes message) {
    check_thread("send");
    return queue(code, std::move(message));
}
SendResult TopicLane::send_copy(Code code, Bytes message) {
    check_thread("send_copy");
    const auto result = take_room(message.size());
    if (result == SendResult::queued) lanes_.send_copy(connection_.link, lane_, code, message);
    return result;
}

SendResult TopicLane::queue(Code code, SharedBytes message) {
    const auto result = take_room(message.size());
    if (result == SendResult::queued) {
        lanes_.send(connection_.link, lane_, code, std::move(message));
    }
    return result;
}

/// Counts a message as queued, unless there is a reason why it cannot be.
SendResult TopicLane::take_room(std::size_t size) {
    if (connection_.phase != Phase::up || lanes_.modules().disabled(module_))
        return SendResult::closed;
    if (size > message_bytes_max_) return SendResult::too_large;
    const std::uint64_t cost = credit_cost(size);
    // An empty queue takes any message, also one that alone is over the budget. What it last had
    // may have left without a word.
    const auto untold_max = told_ ? 0 : drained_told_min(budget_) - 1;
    if (queued_ > untold_max && queued_ + cost > budget_) {
        if (!std::exchange(wants_room_, true)) {
            lanes_.note_stall(module_);
            if (!std::exchange(told_, true)) lanes_.command(connection_.link, TellDrained{lane_});
        }
        return SendResult::full;
    }
    queued_ += cost;
    ++connection_.messages_out;
    connection_.bytes_out += size;
    lanes_.note_sent(module_, size);
    return SendResult::queued;
}

bool TopicLane::drained(std::uint64_t cost) {
    assert(cost <= queued_);
    queued_ -= std::min(queued_, cost);
    if (!wants_room_ || queued_ > budget_ / 2) return false;
    wants_room_ = false;
    return true;
}

}  // namespace parley::transport
