#include <parley/chain/light/headers.hpp>

#include <parley/base/endian.hpp>
#include <parley/codec/rlp.hpp>

#include <algorithm>
#include <utility>

namespace parley::chain::light {
namespace {

constexpr std::string_view state_key = "state";
constexpr std::string_view conflict_key = "conflict";
/// Of a hash, as a key: two that begin alike are unlikely, and seen by the row.
constexpr std::size_t hash_key_bytes = 8;

Buffer number_key(std::uint64_t number) {
    Buffer out;
    append_be(out, number);
    return out;
}

Bytes hash_key(const Hash256& hash) {
    return Bytes{hash}.first(hash_key_bytes);
}

Buffer encode_set(const std::vector<Address>& set) {
    Buffer out;
    for (const auto& one : set) append(out, one);
    return out;
}

}  // namespace

Result<Headers, StoreError> Headers::open(Store& store, qbft::ExtraForm form, ChainHeader start) {
    Headers out{store, form};
    const auto state = store.get(table::meta, bytes_of(state_key));
    if (!state) return std::unexpected{state.error()};
    if (*state) {
        if (!out.decode_meta(**state)) return fail(StoreErrc::corrupt);
        if (const auto loaded = out.load(); !loaded) return std::unexpected{loaded.error()};
        if (const auto loaded = out.load_conflict(); !loaded) {
            return std::unexpected{loaded.error()};
        }
        return out;
    }
    out.lowest_ = start.header.number;
    out.lowest_parent_ = start.header.parent_hash;
    out.keep({{start.header, start.hash}}, KeepSeals::quorum);
    out.set_head(std::move(start), {}, true);
    return out;
}

/// The sets, and the head's header.
Result<void, StoreError> Headers::load() {
    bool is_good = true;
    const auto scanned = store_->scan(table::sets, [&](Bytes key, Bytes value) {
        is_good = equal(key, number_key(sets_.size())) && value.size() % 20 == 0;
        if (!is_good) return false;
        auto& set = sets_.emplace_back();
        for (std::size_t at = 0; at < value.size(); at += 20) {
            set.push_back({array_of<20>(value.subspan(at, 20))});
        }
        return true;
    });
    if (!scanned) return scanned;
    sets_written_ = sets_.size();
    auto head = is_good ? at(head_.header.number) : std::nullopt;
    if (!head) return fail(StoreErrc::corrupt);
    head_.header = std::move(head->header);
    head_.hash = head->hash;
    return {};
}

std::optional<Hash256> Headers::hash_at(std::uint64_t number) const {
    for (const auto* rows : {&unwritten_, &writing_}) {
        const auto found = rows->find(number);
        if (found != rows->end()) return found->second.known.hash;
    }
    const auto raw = store_->get(table::headers, number_key(number));
    if (!raw || !*raw) return std::nullopt;
    auto in = rlp::Reader::open_list(**raw);
    if (!in) return std::nullopt;
    const auto hash = in->fixed<32>();
    return hash ? std::optional{*hash} : std::nullopt;
}

Hash256 Headers::parent_of(std::uint64_t number) const {
    if (number == lowest_) return lowest_parent_;
    const auto gap = std::ranges::find(gaps_, number, &Gap::high);
    if (gap != gaps_.end()) return gap->parent;
    return hash_at(number - 1).value_or(Hash256{});
}

std::optional<Headers::Known> Headers::at(std::uint64_t number) const {
    // What is above was of a chain that is not followed any more.
    if (number > head_.header.number) return std::nullopt;
    for (const auto* rows : {&unwritten_, &writing_}) {
        const auto found = rows->find(number);
        if (found != rows->end()) return found->second.known;
    }
    const auto raw = store_->get(table::headers, number_key(number));
    if (!raw || !*raw) return std::nullopt;
    auto row = decode_row(**raw, number, parent_of(number), form_, sets_);
    if (!row) return std::nullopt;
    return Known{std::move(row->header), row->hash};
}

std::optional<Headers::Known> Headers::find(const Hash256& hash) const {
    for (const auto* rows : {&unwritten_, &writing_}) {
        for (const auto& [number, row] : *rows) {
            if (row.known.hash == hash) return row.known;
        }
    }
    const auto raw = store_->get(table::hashes, hash_key(hash));
    if (!raw || !*raw || (*raw)->size() != 8) return std::nullopt;
    auto known = at(load_be<std::uint64_t>(Bytes{**raw}));
    return known && known->hash == hash ? std::move(known) : std::nullopt;
}

void Headers::keep(std::vector<Known> headers, KeepSeals seals) {
    for (auto& known : headers) {
        auto& row = unwritten_[known.header.number];
        row.bytes = encode_row(known.header, known.hash, form_, seals, sets_);
        row.known = std::move(known);
    }
    is_changed_ = true;
}

void Headers::set_conflict(Follower::Conflict conflict) {
    conflict_ = std::move(conflict);
    is_changed_ = true;
}

Result<void, StoreError> Headers::load_conflict() {
    const auto raw = store_->get(table::meta, bytes_of(conflict_key));
    if (!raw) return std::unexpected{raw.error()};
    if (!*raw) return {};
    auto in = rlp::Reader::open_list(**raw);
    if (!in) return fail(StoreErrc::corrupt);
    const auto first = in->string();
    const auto second = first ? in->string() : std::unexpected{first.error()};
    if (!second || !in->finish()) return fail(StoreErrc::corrupt);
    auto ours = decode_header(*first, first->size());
    auto theirs = decode_header(*second, second->size());
    if (!ours || !theirs) return fail(StoreErrc::corrupt);
    conflict_ = Follower::Conflict{std::move(*ours), std::move(*theirs)};
    return {};
}

void Headers::set_head(ChainHeader head, std::vector<Gap> gaps, bool walks) {
    head_ = std::move(head);
    gaps_ = std::move(gaps);
    walks_ = walks;
    is_changed_ = true;
}

std::shared_ptr<const StoreBatch> Headers::take_batch() {
    StoreBatch batch;
    batch.changes.reserve(2 * unwritten_.size() + sets_.size() - sets_written_ + 2);
    std::vector<std::pair<Hash256, std::uint64_t>> hashes;
    hashes.reserve(unwritten_.size());
    for (auto& [number, row] : unwritten_) {
        batch.changes.push_back(
            {std::string{table::headers}, number_key(number), std::exchange(row.bytes, {})});
        hashes.emplace_back(row.known.hash, number);
    }
    // In the order of the table, whose pages then come one after the other.
    std::ranges::sort(hashes);
    for (const auto& [hash, number] : hashes) {
        batch.put(table::hashes, hash_key(hash), number_key(number));
    }
    for (; sets_written_ < sets_.size(); ++sets_written_) {
        batch.put(table::sets, number_key(sets_written_), encode_set(sets_[sets_written_]));
    }
    batch.put(table::meta, bytes_of(state_key), encode_meta());
    if (conflict_) {
        rlp::Writer out;
        out.begin_list().string(conflict_->ours.encode()).string(conflict_->theirs.encode());
        batch.put(table::meta, bytes_of(conflict_key), out.end_list().take());
    }
    unwritten_.merge(writing_);  // of two rows the newer one stays
    writing_ = std::exchange(unwritten_, {});
    is_changed_ = false;
    return std::make_shared<const StoreBatch>(std::move(batch));
}

/// `[head, total difficulty, notes, walks, lowest, its parent, [[low, high, parent], ...]]`.
Buffer Headers::encode_meta() const {
    rlp::Writer out;
    out.begin_list().number(head_.header.number).number(head_.total_difficulty);
    out.string(Bytes{head_.notes})
        .number(walks_ ? 1 : 0)
        .number(lowest_)
        .string(Bytes{lowest_parent_})
        .begin_list();
    for (const auto& gap : gaps_) {
        out.begin_list().number(gap.low).number(gap.high).string(Bytes{gap.parent}).end_list();
    }
    return out.end_list().end_list().take();
}

bool Headers::decode_meta(Bytes raw) {
    auto in = rlp::Reader::open_list(raw);
    if (!in) return false;
    const auto number = in->u64();
    const auto total = number ? in->u256() : std::unexpected{number.error()};
    const auto notes = total ? in->string() : std::unexpected{total.error()};
    const auto walks = notes ? in->boolean() : std::unexpected{notes.error()};
    const auto lowest = walks ? in->u64() : std::unexpected{walks.error()};
    const auto parent = lowest ? in->fixed<32>() : std::unexpected{lowest.error()};
    auto gaps = parent ? in->list() : std::unexpected{parent.error()};
    if (!gaps || !in->finish()) return false;
    head_.header.number = *number;
    head_.total_difficulty = *total;
    head_.notes = to_buffer(*notes);
    walks_ = *walks;
    lowest_ = *lowest;
    lowest_parent_ = *parent;
    while (!gaps->at_end()) {
        auto gap = gaps->list();
        if (!gap) return false;
        const auto low = gap->u64();
        const auto high = low ? gap->u64() : std::unexpected{low.error()};
        const auto above = high ? gap->fixed<32>() : std::unexpected{high.error()};
        if (!above || !gap->finish()) return false;
        gaps_.push_back({*low, *high, *above});
    }
    return true;
}

}  // namespace parley::chain::light
