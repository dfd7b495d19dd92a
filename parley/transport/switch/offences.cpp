#include <parley/transport/switch/offences.hpp>

#include <parley/base/endian.hpp>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace parley::transport {

namespace {

constexpr std::byte id_tag{'i'};
constexpr std::byte address_tag{'a'};
constexpr std::size_t id_key_bytes = 1 + 33;
constexpr std::size_t address_key_bytes = 1 + 18;
constexpr std::uint64_t until_ms_max = std::uint64_t{1} << 48;  // the year 10889
constexpr std::uint64_t owner_flag = std::uint64_t{1} << 62;    // next to the time, in the store

std::chrono::milliseconds to_ms(Duration d) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(d);
}

}  // namespace

bool Ban::is_reason(std::string_view text) {
    const auto fits = [](unsigned char c) { return c >= 0x20 && c != 0x7f; };
    return text.size() <= why_bytes_max && std::ranges::all_of(text, fits);
}

std::string_view name(Offence offence) {
    switch (offence) {
        case Offence::useless:
            return "useless";
        case Offence::unasked:
            return "unasked";
        case Offence::too_often:
            return "too_often";
        case Offence::invalid_data:
            return "invalid_data";
        case Offence::malformed:
            return "malformed";
        case Offence::protocol:
            return "protocol";
        case Offence::withheld:
            return "withheld";
    }
    return "unknown";
}

Offences::Offences(const OffenceConfig& config, std::uint64_t salt)
    : config_(config), by_id_(config.scores_max, salt) {}

double Offences::decayed(const Score& score, Instant now) const {
    if (now <= score.at) return score.points;
    const std::chrono::duration<double> elapsed = now - score.at;
    const std::chrono::duration<double> half = config_.half_life;
    return score.points * std::exp2(-elapsed.count() / half.count());
}

bool Offences::charge(Now now, const NodeId& id, const IpAddress& address, Offence offence) {
    Score& score = by_id_.find_or_insert(id, {0.0, now.instant});
    score.points = decayed(score, now.instant) + config_.price(offence);
    score.at = std::max(score.at, now.instant);
    if (score.points < config_.limit) return false;
    by_id_.erase(id);  // the ban is the punishment; afterwards it starts anew
    ban(now, id, name(offence), address);
    return true;
}

void Offences::ban(Now now, const NodeId& id, std::string_view why,
                   const std::optional<IpAddress>& address) {
    std::optional<NetworkGroup> group;
    if (address && !is_exempt_from_group_limits(*address)) group = outbound_group(*address);
    put(now, {id, now.unix_time + to_ms(config_.ban_time), std::string{why}}, group);
}

void Offences::put(Now now, Ban ban, const std::optional<NetworkGroup>& group) {
    if (config_.bans_max == 0) return;
    if (ban.why.size() > Ban::why_bytes_max) ban.why.resize(Ban::why_bytes_max);
    Buffer key = key_of(ban.who);
    const auto found = bans_.find(key);
    if (found != bans_.end()) {
        auto& known = found->second.ban;
        known.until = std::max(known.until, ban.until);
        if (!known.by_owner) known.why = std::move(ban.why);
    } else {
        if (!make_room(now)) return;
        bans_.emplace(key, Kept{std::move(ban), group});
    }
    note_change(std::move(key));
}

bool Offences::impose(Now now, Ban ban) {
    ban.by_owner = true;
    ban.until = std::min(ban.until, unix_from_milliseconds(until_ms_max));
    if (ban.why.size() > Ban::why_bytes_max) ban.why.resize(Ban::why_bytes_max);
    Buffer key = key_of(ban.who);
    if (!bans_.contains(key) && !make_room(now)) return false;
    bans_.insert_or_assign(key, Kept{std::move(ban), {}});
    note_change(std::move(key));
    return true;
}

void Offences::note_change(Buffer key) {
    // The changes are not taken: forgetting some costs a ban after a restart, not memory now.
    if (changed_.size() >= 2 * config_.bans_max) return;
    changed_.insert(std::move(key));
}

/// False if only bans by the owner are there.
bool Offences::make_room(Now now) {
    if (bans_.size() < config_.bans_max) return true;
    std::erase_if(bans_, [&](const auto& item) {
        const bool over = item.second.ban.until <= now.unix_time;
        if (over) note_change(item.first);
        return over;
    });
    if (bans_.size() < config_.bans_max) return true;

    std::map<NetworkGroup, std::size_t> sizes;
    for (const auto& [key, kept] : bans_) {
        if (kept.group && !kept.ban.by_owner) ++sizes[*kept.group];
    }
    // The first in this order leaves: those of the largest group, of them the one that ends first.
    const auto order = [&](const auto& item) {
        const Kept& kept = item.second;
        const std::size_t others = bans_.size() - (kept.group ? sizes[*kept.group] : 1);
        return std::tuple{kept.ban.by_owner, others, kept.ban.until};
    };
    const auto leaving = std::ranges::min_element(bans_, {}, order);
    if (leaving == bans_.end() || leaving->second.ban.by_owner) return false;
    note_change(leaving->first);
    bans_.erase(leaving);
    return true;
}

bool Offences::remove(const Buffer& key) {
    if (bans_.erase(key) == 0) return false;
    note_change(key);
    return true;
}

bool Offences::unban(const NodeId& id) {
    return remove(key_of(id));
}
bool Offences::unban(const IpAddress& address) {
    return remove(key_of(exact_group(address)));
}

const Ban* Offences::find(Now now, const NodeId& id) const {
    if (bans_.empty()) return nullptr;
    const auto found = bans_.find(key_of(id));
    if (found == bans_.end() || found->second.ban.until <= now.unix_time) return nullptr;
    return &found->second.ban;
}

const Ban* Offences::find(Now now, const IpAddress& address) const {
    if (bans_.empty()) return nullptr;
    const auto found = bans_.find(key_of(exact_group(address)));
    if (found == bans_.end() || found->second.ban.until <= now.unix_time) return nullptr;
    return &found->second.ban;
}

double Offences::score(Now now, const NodeId& id) const {
    const Score* score = by_id_.peek(id);
    return score == nullptr ? 0.0 : decayed(*score, now.instant);
}

std::vector<Ban> Offences::bans() const {
    std::vector<Ban> out;
    out.reserve(bans_.size());
    for (const auto& [key, kept] : bans_) out.push_back(kept.ban);
    return out;
}

void Offences::load(Now now, const std::vector<Ban>& bans) {
    for (const Ban& ban : bans) {
        const bool address = std::holds_alternative<NetworkGroup>(ban.who);
        if (ban.until > now.unix_time && (ban.by_owner || !address)) {
            put(now, ban, {});
        } else if (!ban.by_owner || ban.until + owners_kept <= now.unix_time) {
            note_change(key_of(ban.who));  // to be erased from the store
        }
    }
}

Buffer Offences::key_of(const std::variant<NodeId, NetworkGroup>& who) {
    Buffer key;
    key.reserve(id_key_bytes);
    if (const auto* id = std::get_if<NodeId>(&who)) {
        key.push_back(id_tag);
        append(key, id->bytes());
    } else {
        key.push_back(address_tag);
        append(key, parley::key_of(std::get<NetworkGroup>(who)));
    }
    return key;
}

void Offences::take_changes(StoreBatch& batch) {
    for (const Buffer& key : changed_) {
        const auto found = bans_.find(key);
        if (found == bans_.end()) {
            batch.erase(table, key);
            continue;
        }
        Buffer value;
        const Ban& ban = found->second.ban;
        const auto until = static_cast<std::uint64_t>(unix_milliseconds(ban.until));
        append_be(value, ban.by_owner ? until | owner_flag : until);
        append(value, bytes_of(ban.why));
        batch.put(table, key, value);
    }
    changed_.clear();
}

void Offences::write_again(const StoreBatch& failed) {
    for (const auto& change : failed.changes) {
        if (change.table == table) note_change(change.key);
    }
}

std::optional<Ban> Offences::decode(Bytes key, Bytes value) {
    if (key.empty() || value.size() < 8 || value.size() > 8 + Ban::why_bytes_max) return {};
    Ban ban;
    const auto stored = load_be<std::uint64_t>(value);
    const auto ms = stored & ~owner_flag;
    if (ms > until_ms_max) return {};
    ban.by_owner = stored != ms;
    ban.until = unix_from_milliseconds(static_cast<std::int64_t>(ms));
    ban.why = text_of(value.subspan(8));
    const Bytes rest = key.subspan(1);
    if (key[0] == id_tag && key.size() == id_key_bytes) {
        ban.who = NodeId{array_of<33>(rest)};
        return ban;
    }
    if (key[0] != address_tag || key.size() != address_key_bytes) return {};
    // Only what exact_group makes is ever looked up: all of IPv4, a /64 of IPv6.
    const bool v4 = rest[0] == std::byte{4} && rest[1] == std::byte{32};
    const bool v6 = rest[0] == std::byte{6} && rest[1] == std::byte{64};
    if (!v4 && !v6) return {};
    NetworkGroup group{v4, v4 ? std::uint8_t{32} : std::uint8_t{64}, array_of<16>(rest.subspan(2))};
    const auto unused = group.prefix.begin() + group.bits / 8;
    if (std::any_of(unused, group.prefix.end(), [](std::byte b) { return b != std::byte{0}; })) {
        return {};
    }
    ban.who = group;
    return ban;
}

}  // namespace parley::transport
