#include <parley/discovery/pex/pex.hpp>

#include <parley/base/endian.hpp>
#include <parley/crypto/hash.hpp>

#include <algorithm>
#include <ranges>
#include <utility>

namespace parley::discovery {

using transport::Code;
using transport::Context;
using transport::Offence;
using transport::SendResult;

namespace {

constexpr double ask_jitter = 0.2;
/// A message around its records: two list headers and the request.
constexpr std::size_t envelope_bytes_max = 24;
/// A node that failed so often lately is nobody to send others to.
constexpr std::uint32_t told_failures_max = 2;
/// Of the book's entries many may not be told.
constexpr std::size_t picks_per_alternative = 64;

/// Who hears of both links to one of them: many IDs in few networks must not crowd others out.
bool same_outbound_group(const Enr& a, const Enr& b) {
    const auto one = a.tcp_endpoint();
    const auto other = b.tcp_endpoint();
    return one && other && !is_exempt_from_group_limits(one->address) &&
           outbound_group(one->address) == outbound_group(other->address);
}

}  // namespace

// --- One peer ---

class Pex::Peer final : public transport::TopicHandler {
public:
    Peer(Pex& pex, Context& context, std::uint64_t serial)
        : pex_(pex),
          context_(context),
          serial_(serial),
          rng_(pex.rng_.split("peer")),
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
        const auto records = pex_.answer(now, context_.endpoint().address, context_.id(),
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
      alternatives_salt_(rng_.next()) {}

Pex::~Pex() = default;

transport::TopicSpec Pex::topic() const {
    transport::TopicSpec spec;
    spec.name = topic_name;
    spec.version = 1;
    spec.priority = transport::Priority::transactions;
    spec.message_bytes_max = 16 * 1024;
    spec.window_bytes = 64 * 1024;
    spec.send_budget_bytes = 64 * 1024;
    static_assert(pex_records_max * Enr::size_bytes_max + envelope_bytes_max < 16 * 1024);
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

// --- Telling ---

bool Pex::may_tell(Now now, const Entry& entry, const IpAddress& to) const {
    const Endpoint& endpoint = entry.record.endpoint();
    if (endpoint.port == 0 || book_.is_secret(entry.id)) return false;
    if (!may_be_advertised(endpoint.address, to)) return false;
    if (entry.state == EntryState::connected) return true;
    return entry.failures <= told_failures_max && entry.last_success != unset &&
           now.unix_time - entry.last_success <= config_.alive_within;
}

const std::vector<NodeId>& Pex::told_to(Now now, const IpAddress& to) {
    const Scope scope = scope_of(to);
    Answer& answer = answers_[scope == Scope::nowhere ? 0 : static_cast<std::size_t>(scope)];
    if (now.instant >= answer.until) {
        answer.ids.clear();
        answer.until = now.instant + rng_.jitter(config_.answer_cache, ask_jitter);
        answer.top_up_at = now.instant;
        answer.top_up_interval = config_.top_up_interval;
    }
    if (answer.ids.size() < pex_records_max && now.instant >= answer.top_up_at) {
        const std::size_t before = answer.ids.size();
        top_up(now, to, answer);
        answer.top_up_interval = answer.ids.size() > before ? config_.top_up_interval
                                                            : std::min(2 * answer.top_up_interval,
                                                                       config_.top_up_interval_max);
        answer.top_up_at = now.instant + answer.top_up_interval;
    }
    return answer.ids;
}

void Pex::top_up(Now now, const IpAddress& to, Answer& answer) {
    std::erase_if(answer.ids, [&](const NodeId& id) { return book_.find(id) == nullptr; });
    const auto fits = [&](const Entry& entry) {
        return may_tell(now, entry, to) &&
               std::ranges::find(answer.ids, entry.id) == answer.ids.end();
    };
    const auto chosen = book_.sample(pex_records_max - answer.ids.size(), fits, rng_);
    for (const Entry* entry : chosen) answer.ids.push_back(entry->id);
}

std::vector<Bytes> Pex::answer(Now now, const IpAddress& to, const NodeId& asker, std::size_t count,
                               std::size_t bytes_max) {
    std::vector<Bytes> records;
    std::size_t bytes = envelope_bytes_max;
    for (const NodeId& id : told_to(now, to)) {
        if (records.size() >= count) break;
        const Entry* entry = book_.find(id);
        // The cache says who; whether it may still be told, and its newest record, the book.
        if (id == asker || !entry || !may_tell(now, *entry, to)) continue;
        if (!entry->verified && !book_.record(id)) continue;
        const Bytes raw = entry->record.raw();
        if (bytes + raw.size() > bytes_max) break;
        bytes += raw.size();
        records.push_back(raw);
    }
    return records;
}

std::vector<Enr> Pex::alternatives(Now now, const IpAddress& caller, const Enr& record,
                                   std::size_t count) {
    std::vector<Enr> chosen;
    const auto take = [&](const Enr& other, bool of_new_groups_only) {
        const auto same = [&](const Enr& one) { return one.id() == other.id(); };
        if (same(record) || std::ranges::any_of(chosen, same)) return;
        const auto together = [&](const Enr& one) { return same_outbound_group(one, other); };
        if (of_new_groups_only && std::ranges::any_of(chosen, together)) return;
        chosen.push_back(other);
    };
    for (const auto& other : std::views::reverse(turned_away_)) {
        if (chosen.size() >= count / 2) break;
        if (now.instant - other.when >= config_.turned_away_for) break;
        const auto endpoint = other.record.tcp_endpoint();
        const bool secret = book_.is_secret(other.record.id());
        if (endpoint && !secret && may_be_advertised(endpoint->address, caller)) {
            take(other.record, true);
        }
    }
    Rng picks = picks_for(now, caller, record.id());
    const std::size_t tries_max = picks_per_alternative * count;
    for (std::size_t tries = 0; tries < tries_max && book_.size() > 0; ++tries) {
        if (chosen.size() >= count) break;
        const Entry& entry = book_.nth(static_cast<std::size_t>(picks.below(book_.size())));
        // A second one of a group only where half of the tries found too few groups.
        if (!may_tell(now, entry, caller)) continue;
        if (const auto other = book_.record(entry.id)) take(*other, 2 * tries < tries_max);
    }
    remember_turned_away(now, caller, record);
    return chosen;
}

/// The same draws for all callers of one network group, for as long as answers are kept. Private
/// groups are not told apart by their addresses, hence by who calls.
Rng Pex::picks_for(Now now, const IpAddress& caller, const NodeId& id) const {
    ByteArray<16> head{};
    store_be(MutableBytes{head}.first(8), alternatives_salt_);
    store_be(MutableBytes{head}.last(8),
             static_cast<std::uint64_t>(now.instant.time_since_epoch() / config_.answer_cache));
    const NetworkGroup group = inbound_group(caller);
    const Hash256 hash = is_exempt_from_group_limits(caller) ? crypto::sha256({head, id.bytes()})
                                                             : crypto::sha256({head, group.prefix});
    return Rng{load_be<std::uint64_t>(Bytes{hash}.first(8))};
}

/// Only who calls from the address of its record: nobody shall send others to a third party.
void Pex::remember_turned_away(Now now, const IpAddress& caller, const Enr& record) {
    const auto endpoint = record.tcp_endpoint();
    if (!endpoint || endpoint->address != caller) return;
    std::erase_if(turned_away_,
                  [&](const TurnedAway& other) { return other.record.id() == record.id(); });
    if (turned_away_.size() >= config_.turned_away_max) turned_away_.pop_front();
    turned_away_.push_back({record, now.instant});
}

}  // namespace parley::discovery
