#include <parley/discovery/pex/pex.hpp>

#include <parley/base/token_bucket.hpp>

#include <algorithm>
#include <utility>

namespace parley::discovery {

using transport::Code;
using transport::Context;
using transport::Offence;
using transport::SendResult;

namespace {

constexpr double ask_jitter = 0.2;

}  // namespace

// --- One peer ---

class Pex::Peer final : public transport::TopicHandler {
public:
    Peer(Pex& pex, Context& context, std::uint64_t serial)
        : pex_(pex),
          context_(context),
          serial_(serial),
          rng_(pex.rng_.next()),
          may_ask_(pex.config_.asks_per_second, pex.config_.asks_burst),
          next_ask_(context.now().instant),
          interval_(pex.config_.second_ask) {
        pex_.peers_.emplace(serial_, this);
        pex_.wake_at(next_ask_);
    }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    ~Peer() override { leave(); }

    Result<void, Offence> handle(Code code, transport::Message message) override {
        if (code == pex_get_peers) return on_get_peers(message.bytes());
        if (code == pex_peers) return on_peers(message.bytes());
        return std::unexpected{Offence::protocol};
    }

    void on_writable() override {
        if (owed_) answer(*std::exchange(owed_, std::nullopt));
    }

    void on_closed(transport::CloseReason) override { leave(); }

    Instant next_wakeup() const {
        return asked_ ? asked_at_ + pex_.config_.answer_timeout : next_ask_;
    }

    void on_timer(Now now) {
        if (asked_ && now.instant >= asked_at_ + pex_.config_.answer_timeout) {
            late_ = std::exchange(asked_, std::nullopt);
            context_.penalise(Offence::useless);
        }
        if (!asked_ && now.instant >= next_ask_) ask(now);
    }

private:
    void leave() {
        pex_.peers_.erase(serial_);
        if (pex_.peers_.empty()) pex_.wakeup_ = never;
    }

    void ask(Now now) {
        const PexConfig& config = pex_.config_;
        // Never faster than second_ask: the other side counts.
        const Duration hungry_max = std::max(config.ask_interval_hungry, config.second_ask);
        const Duration interval = pex_.hungry() ? std::min(interval_, hungry_max) : interval_;
        next_ask_ = now.instant + rng_.jitter(interval, ask_jitter);
        const GetPeers wanted{1 + rng_.below(1ULL << 62), config.records_per_request};
        if (context_.send(pex_get_peers, SharedBytes::own(encode(wanted))) != SendResult::queued) {
            return;
        }
        interval_ = std::min(2 * interval_, config.ask_interval_max);
        asked_ = wanted;
        asked_at_ = now.instant;
        ++pex_.counters_.asked;
    }

    Result<void, Offence> on_get_peers(Bytes bytes) {
        if (!may_ask_.take(context_.now().instant)) return std::unexpected{Offence::too_often};
        const auto wanted = decode_get_peers(bytes);
        if (!wanted) return std::unexpected{Offence::malformed};
        answer(*wanted);
        return {};
    }

    void answer(const GetPeers& wanted) {
        const Now now = context_.now();
        const auto records = pex_.answers_.answer(now, context_.endpoint().address, context_.id(),
                                                  wanted.count, context_.message_bytes_max());
        auto message = SharedBytes::own(encode_peers(wanted.request, records));
        switch (context_.send(pex_peers, std::move(message))) {
            case SendResult::queued:
                ++pex_.counters_.answered;
                break;
            case SendResult::full:
                owed_ = wanted;  // the newest ask alone
                break;
            case SendResult::too_large:  // not possible: the answer is made to fit
            case SendResult::closed:
                break;
        }
    }

    Result<void, Offence> on_peers(Bytes bytes) {
        if (!asked_ && !late_) return std::unexpected{Offence::unasked};
        const auto peers = decode_peers(bytes);
        if (!peers) return std::unexpected{Offence::malformed};
        auto& question = asked_ && asked_->request == peers->request ? asked_ : late_;
        if (!question || question->request != peers->request) {
            return std::unexpected{Offence::unasked};
        }
        const std::size_t count = std::exchange(question, std::nullopt)->count;
        pex_.wake_at(next_wakeup());
        if (peers->records.size() > count) return std::unexpected{Offence::malformed};
        return pex_.learn(context_, *peers);
    }

    Pex& pex_;
    Context& context_;
    std::uint64_t serial_;
    Rng rng_;
    TokenBucket may_ask_;
    Instant next_ask_;
    Duration interval_;
    std::optional<GetPeers> asked_;  ///< not answered yet
    std::optional<GetPeers> late_;   ///< the one before, whose answer may still come
    Instant asked_at_{};
    std::optional<GetPeers> owed_;  ///< to be answered when the lane has room
};

// --- The module ---

Pex::Pex(PexConfig config, AddressBook& book, Hub& hub, Log& log, Rng rng)
    : config_(config),
      book_(book),
      hub_(hub),
      log_(log),
      rng_(rng),
      answers_(config_, book_, rng_, rng_.next()) {}

Pex::~Pex() = default;

transport::TopicSpec Pex::topic() const {
    transport::TopicSpec spec;
    spec.name = topic_name;
    spec.version = 1;
    spec.priority = transport::Priority::transactions;
    spec.message_bytes_max = 16 * 1024;
    spec.window_bytes = 64 * 1024;
    spec.send_budget_bytes = 64 * 1024;
    static_assert(pex_records_max * Enr::size_bytes_max + pex_envelope_bytes_max < 16 * 1024);
    return spec;
}

std::unique_ptr<transport::TopicHandler> Pex::new_peer(Context& context) {
    return std::make_unique<Peer>(*this, context, next_serial_++);
}

void Pex::on_timer(Now now) {
    if (now.instant < wakeup_) return;
    // A call may end a link, and with it a peer.
    std::vector<std::uint64_t> due;
    for (const auto& [serial, peer] : peers_) {
        if (peer->next_wakeup() <= now.instant) due.push_back(serial);
    }
    for (const std::uint64_t serial : due) {
        const auto peer = peers_.find(serial);
        if (peer != peers_.end()) peer->second->on_timer(now);
    }
    wakeup_ = never;
    for (const auto& [serial, peer] : peers_) wake_at(peer->next_wakeup());
}

// --- Learning ---

Result<void, Offence> Pex::learn(Context& context, const Peers& peers) {
    const Now now = context.now();
    const Source source{SourceKind::pex, context.id(), context.endpoint().address};
    std::size_t grown = 0;
    bool other_network = false;
    bool invalid = false;
    for (const Bytes raw : peers.records) {
        ++counters_.records_received;
        const auto result = learn_record(now, raw, source);
        if (!result) {
            invalid = true;
            break;
        }
        if (changed(*result)) ++grown;
        if (*result == AddResult::wrong_network) other_network = true;
    }
    counters_.records_new += grown;
    if (grown > 0) hub_.publish(BookGrew{grown});
    if (log_.enabled(LogLevel::debug)) {
        log_.write(LogLevel::debug, "pex", "answer",
                   {{"peer", context.id().short_string()},
                    {"records", peers.records.size()},
                    {"new", grown},
                    {"known", book_.size()}});
    }
    if (invalid) return std::unexpected{Offence::invalid_data};
    if (other_network) context.penalise(Offence::useless);
    return {};
}

/// Nothing if the record does not verify. One that is in the book as it is, is not verified again.
std::optional<AddResult> Pex::learn_record(Now now, Bytes raw, const Source& source) {
    const auto claimed = Enr::claimed_id(raw);
    const Entry* entry = claimed ? book_.find(*claimed) : nullptr;
    if (entry && entry->verified && equal(entry->record.raw(), raw)) {
        return book_.heard_again(now, *claimed);
    }
    const auto record = Enr::decode(raw);
    if (!record) return std::nullopt;
    return book_.add_record(now, *record, source);
}

}  // namespace parley::discovery
