#include <parley/discovery/pex/pex_answers.hpp>

#include <parley/base/endian.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/discovery/pex/pex_messages.hpp>

#include <algorithm>
#include <ranges>

namespace parley::discovery {

namespace {

constexpr double cache_jitter = 0.2;
/// A node that failed so often lately is not advertised.
constexpr std::uint32_t advertised_failures_max = 2;
/// Many of the book's entries may not be advertised.
constexpr std::size_t picks_per_alternative = 64;

/// Both of one owner: many IDs in few networks must not crowd others out.
bool of_one_owner(const OwnerGroups& owners, const Enr& a, const Enr& b) {
    const auto one = a.tcp_endpoint();
    const auto other = b.tcp_endpoint();
    return one && other && !is_exempt_from_group_limits(one->address) &&
           owners.of(one->address) == owners.of(other->address);
}

}  // namespace

bool PexAnswers::may_advertise(Now now, const Entry& entry, const IpAddress& to) const {
    const Endpoint& endpoint = entry.record.endpoint();
    if (endpoint.port == 0 || book_.is_secret(entry.id)) return false;
    if (!may_be_advertised(endpoint.address, to)) return false;
    if (entry.state == EntryState::connected) return true;
    return entry.failures <= advertised_failures_max && entry.last_success != unset &&
           now.unix_time - entry.last_success <= config_.alive_within;
}

const std::vector<NodeId>& PexAnswers::sample_for(Now now, const IpAddress& to) {
    const Scope scope = scope_of(to);
    Answer& answer = answers_[scope == Scope::nowhere ? 0 : static_cast<std::size_t>(scope)];
    if (now.instant >= answer.until) {
        answer.ids.clear();
        answer.until = now.instant + rng_.jitter(config_.answer_cache, cache_jitter);
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

void PexAnswers::top_up(Now now, const IpAddress& to, Answer& answer) {
    std::erase_if(answer.ids, [&](const NodeId& id) { return book_.find(id) == nullptr; });
    const auto fits = [&](const Entry& entry) {
        return may_advertise(now, entry, to) &&
               std::ranges::find(answer.ids, entry.id) == answer.ids.end();
    };
    const auto chosen = book_.sample(pex_records_max - answer.ids.size(), fits, rng_);
    for (const Entry* entry : chosen) answer.ids.push_back(entry->id);
}

std::vector<Bytes> PexAnswers::answer(Now now, const IpAddress& to, const NodeId& asker,
                                      std::size_t count, std::size_t bytes_max) {
    std::vector<Bytes> records;
    std::size_t bytes = pex_envelope_bytes_max;
    for (const NodeId& id : sample_for(now, to)) {
        if (records.size() >= count) break;
        const Entry* entry = book_.find(id);
        // The sample names the node; the book says whether it may still be advertised, and has its
        // newest record.
        if (id == asker || !entry || !may_advertise(now, *entry, to)) continue;
        if (!entry->verified && !book_.record(id)) continue;
        const Bytes raw = entry->record.raw();
        if (bytes + raw.size() > bytes_max) break;
        bytes += raw.size();
        records.push_back(raw);
    }
    return records;
}

std::vector<Enr> PexAnswers::alternatives(Now now, const IpAddress& caller, const Enr& record,
                                          std::size_t count) {
    std::vector<Enr> chosen;
    const auto take = [&](const Enr& other, bool of_new_groups_only) {
        const auto same = [&](const Enr& one) { return one.id() == other.id(); };
        if (same(record) || std::ranges::any_of(chosen, same)) return;
        const auto together = [&](const Enr& one) {
            return of_one_owner(book_.owners(), one, other);
        };
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
        if (!may_advertise(now, entry, caller)) continue;
        if (const auto other = book_.record(entry.id)) take(*other, 2 * tries < tries_max);
    }
    remember_turned_away(now, caller, record);
    return chosen;
}

/// The same draws for all callers of one network group, for as long as answers are kept. Callers in
/// private networks cannot be grouped by their addresses: each ID has draws of its own.
Rng PexAnswers::picks_for(Now now, const IpAddress& caller, const NodeId& id) const {
    ByteArray<16> head{};
    store_be(MutableBytes{head}.first(8), salt_);
    store_be(MutableBytes{head}.last(8),
             static_cast<std::uint64_t>(now.instant.time_since_epoch() / config_.answer_cache));
    const NetworkGroup group = inbound_group(caller);
    const Hash256 hash = is_exempt_from_group_limits(caller) ? crypto::sha256({head, id.bytes()})
                                                             : crypto::sha256({head, group.prefix});
    return Rng{load_be<std::uint64_t>(Bytes{hash}.first(8))};
}

/// Only a caller at the address of its record: otherwise it could send others to a third party.
void PexAnswers::remember_turned_away(Now now, const IpAddress& caller, const Enr& record) {
    const auto is_caller = [&](const std::optional<Endpoint>& endpoint) {
        return endpoint && endpoint->address == caller;
    };
    if (!is_caller(record.tcp_endpoint()) && !is_caller(record.other_tcp_endpoint())) return;
    std::erase_if(turned_away_,
                  [&](const TurnedAway& other) { return other.record.id() == record.id(); });
    if (turned_away_.size() >= config_.turned_away_max) turned_away_.pop_front();
    turned_away_.push_back({record, now.instant});
}

}  // namespace parley::discovery
