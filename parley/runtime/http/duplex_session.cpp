#include <parley/runtime/http/duplex_session.hpp>

#include <parley/runtime/clock.hpp>

#include <fmt/format.h>

#include <utility>

namespace parley::runtime {

namespace beast = boost::beast;

namespace {

constexpr Duration goodbye_time = 2s;

}  // namespace

DuplexSession::DuplexSession(Stream& stream, Serving serving, std::shared_ptr<Place> place)
    : serving_(std::move(serving)),
      place_(std::move(place)),
      rest_{boost::asio::steady_timer{stream.get_executor()}},
      answer_{boost::asio::steady_timer{stream.get_executor()}},
      written_{boost::asio::steady_timer{stream.get_executor()}} {
    stream.expires_never();
    note_life();
}

DuplexSession::~DuplexSession() {
    if (outbox_) outbox_->end();
}

void DuplexSession::note_life() {
    waits_since_ = monotonic_now();
}

std::optional<Instant> DuplexSession::waits_since() const {
    if (awaiting_ != 0) return std::nullopt;
    return waits_since_;
}

void DuplexSession::close() {
    if (std::exchange(closed_, true)) return;
    if (outbox_) outbox_->end();
    for (auto* deadline : {&rest_, &answer_, &written_}) disarm(*deadline);
    close_socket();
}

void DuplexSession::begin() {
    outbox_ = std::make_shared<Outbox>(serving_.config.notify_bytes_max, serving_.gate,
                                       [weak = weak_from_this()] {
                                           if (const auto self = weak.lock()) self->on_notified();
                                       });
    read();
}

void DuplexSession::arm(Deadline& deadline, Duration after, void (DuplexSession::*late)()) {
    const auto number = ++deadline.last;
    deadline.armed = true;
    deadline.timer.expires_after(after);
    deadline.timer.async_wait(
        [self = shared_from_this(), &deadline, number, late](beast::error_code stopped) {
            if (stopped || !deadline.armed || deadline.last != number) return;
            deadline.armed = false;
            (self.get()->*late)();
        });
}

void DuplexSession::disarm(Deadline& deadline) {
    deadline.armed = false;
    deadline.timer.cancel();
}

void DuplexSession::expect_rest() {
    if (!rest_.armed) arm(rest_, serving_.config.request_timeout, &DuplexSession::close);
}

void DuplexSession::on_goodbye() {
    if (closed_) return;
    outbox_->end();
    arm(rest_, goodbye_time, &DuplexSession::close);
}

void DuplexSession::on_message(std::string text) {
    if (closed_ || ending_) return;
    disarm(rest_);
    awaiting_ = ++request_number_;
    arm(answer_, serving_.config.reply_timeout, &DuplexSession::on_no_answer);
    // A session that ended meanwhile is not kept alive by a handler that never answers.
    serving_.handler(
        std::move(text), rpc::Caller{serving_.origin, outbox_},
        [weak = weak_from_this(), gate = serving_.gate, n = awaiting_](std::string reply) {
            gate->post([weak, n, reply = std::move(reply)]() mutable {
                if (const auto self = weak.lock()) self->on_reply(n, std::move(reply));
            });
        });
}

void DuplexSession::on_reply(std::uint64_t request_number, std::string text) {
    if (awaiting_ != request_number || closed_) return;
    awaiting_ = 0;
    disarm(answer_);
    note_life();
    take_notifications();
    const bool silent = text.empty();  // there were notifications alone
    if (!silent) queue_.push_back({std::move(text), Kind::reply});
    outbox_->release();
    take_notifications();
    if (silent) read();
    send_next();
}

void DuplexSession::on_no_answer() {
    awaiting_ = 0;
    refuse(invalid_request("no answer in time"), Cause::no_answer, "no answer in time");
}

void DuplexSession::on_notified() {
    if (closed_) return;
    take_notifications();
    send_next();
}

void DuplexSession::take_notifications() {
    for (auto& text : outbox_->take()) {
        queue_.push_back({std::move(text), Kind::notification});
    }
}

void DuplexSession::refuse(std::string text, Cause cause, std::string reason) {
    if (closed_ || ending_) return;
    disarm(rest_);
    ending_.emplace(cause, std::move(reason));
    if (!text.empty()) queue_.push_back({std::move(text), Kind::reply});
    send_next();
}

void DuplexSession::send_next() {
    if (writing_ || closed_) return;
    if (queue_.empty() && !ending_ && awaiting_ == 0) tell_missed();
    if (queue_.empty()) {
        if (!ending_ || std::exchange(said_goodbye_, true)) return;
        arm(rest_, goodbye_time, &DuplexSession::close);
        return say_goodbye(ending_->cause, ending_->reason);
    }
    writing_ = true;
    arm(written_, serving_.config.reply_timeout, &DuplexSession::close);
    write(queue_.front().text);
}

/// With all that had room written, it is known how many had none.
void DuplexSession::tell_missed() {
    const auto missed = outbox_->missed();
    if (missed == 0) return;
    ending_.emplace(Cause::too_slow, fmt::format("too slow: {} notifications missed", missed));
    outbox_->end();
    queue_.push_back(
        {fmt::format(
             R"({{"jsonrpc":"2.0","method":"parley_missed","params":{{"notifications":{}}}}})",
             missed),
         Kind::reply});
}

void DuplexSession::on_written(beast::error_code error) {
    if (error) return close();
    writing_ = false;
    if (closed_) return;
    disarm(written_);
    const auto sent = std::move(queue_.front());
    queue_.pop_front();
    if (sent.kind == Kind::notification) {
        outbox_->note_written(sent.text.size());
    } else if (!ending_) {
        note_life();
        read();
    }
    send_next();
}

}  // namespace parley::runtime
