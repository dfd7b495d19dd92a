// The address book on disk. docs/formats/address_book.md.
#include <parley/base/endian.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/discovery/book/entry_codec.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace parley::discovery {

namespace {

constexpr std::size_t rows_per_batch_max = 10'000;
constexpr std::size_t rows_ahead = 16;

}  // namespace

/// Version, key of the tables, anchors.
Result<void, StoreError> AddressBook::load_meta(Store& store) {
    const auto stored_version = store.get(version_table, bytes_of(version_key));
    if (!stored_version) return std::unexpected{stored_version.error()};
    if (!*stored_version) return {};
    const Buffer& bytes = **stored_version;
    if (bytes.size() != sizeof(std::uint64_t)) {
        return fail(StoreErrc::corrupt, sizeof(std::uint64_t), bytes.size());
    }
    const auto number = load_be<std::uint64_t>(bytes);
    if (number > version) return fail(StoreErrc::newer_version, version, number);

    const auto key = store.get(version_table, bytes_of(key_key));
    if (!key) return std::unexpected{key.error()};
    const bool usable = *key && (*key)->size() == sizeof(std::uint64_t);
    version_written_ = number == version && usable;
    if (usable) {
        places_ = Buckets{config_.entries_max, load_be<std::uint64_t>(**key), config_.resist};
    }
    const auto anchors = store.get(version_table, bytes_of(anchors_key));
    if (!anchors) return std::unexpected{anchors.error()};
    if (!*anchors) return {};
    for (Bytes rest = **anchors; rest.size() >= self_.size() && anchors_.size() < anchors_max;
         rest = rest.subspan(self_.size())) {
        anchors_.push_back(NodeId{array_of<33>(rest)});
    }
    anchors_before_ = anchors_;
    return {};
}

Result<AddressBook::LoadReport, StoreError> AddressBook::load(Store& store) {
    if (const auto meta = load_meta(store); !meta) return std::unexpected{meta.error()};
    // Their places were those of another key.
    for (Entry& entry : entries_) entry.place = no_place;
    LoadReport report;
    const std::size_t before = entries_.size();
    // Places are all over the memory: each is fetched while the rows before it are taken in.
    std::array<std::optional<Entry>, rows_ahead> ahead;
    std::size_t rows = 0;
    const auto take_in_oldest = [&] {
        auto& slot = ahead[rows++ % rows_ahead];
        auto row = std::exchange(slot, std::nullopt);
        if (row) load_row(*std::move(row), report);
    };
    const auto visit = [&](Bytes key, Bytes value) {
        auto row = decode_row(key, value);
        if (!row) {
            ++report.corrupt;
            rows_to_erase_.push_back(to_buffer(key));
            return true;
        }
        if (places_.exists(row->place)) places_.fetch(row->place);
        auto& slot = ahead[rows % rows_ahead];
        take_in_oldest();
        slot = *std::move(row);
        return true;
    };
    const auto scanned = store.scan(table, visit);
    for (std::size_t i = 0; i < rows_ahead; ++i) take_in_oldest();
    // All at once: an index that grows by itself would look at every entry again and again.
    index_.reserve(entries_.size());
    for (std::size_t i = before; i < entries_.size(); ++i) {
        index_.insert(static_cast<std::uint32_t>(i));
    }
    if (!scanned) return std::unexpected{scanned.error()};
    return report;
}

void AddressBook::load_row(Entry row, LoadReport& report) {
    const auto unwanted = [&] {
        ++report.unwanted;
        rows_to_erase_.push_back(to_buffer(row.id.bytes()));
    };
    const bool refused = refusal(row.endpoint().address, Source{}).has_value();
    const bool known = index_.contains(row.id);
    if (row.id == self_ || (refused && !known)) return unwanted();
    const bool place_free = places_.exists(row.place) && places_.at(row.place) == Buckets::nobody;
    if (!place_free) row.place = no_place;
    if (!known && !place_free) {
        const Place place = places_.untried_place(row.endpoint(), row.source.group);
        if (places_.at(place) != Buckets::nobody) return unwanted();
        row.place = place;
    }
    ++report.loaded;
    merge_row(std::move(row));
}

/// What the configuration said before the load stays; the rest is the row's. A new entry is not
/// found by its ID before load() is through: no two rows have the same.
void AddressBook::merge_row(Entry row) {
    row.stored = true;
    if (row.failures > 0) row.state = EntryState::waiting;
    Entry* entry = entry_of(row.id);
    if (entry == nullptr) {
        append_entry(std::move(row));
        return;
    }
    row.pin = entry->pin;
    row.changed = entry->changed;
    if (entry->configured.port != 0) row.configured = entry->configured;
    if (entry->record && entry->record.sequence() >= row.record.sequence()) {
        row.record = std::move(entry->record);
        row.verified = entry->verified;
    }
    set_state(*entry, row.state);
    if (row.place != no_place) places_.put(row.place, number_of(*entry));
    *entry = std::move(row);
}

StoreBatch AddressBook::take_changes() {
    StoreBatch batch;
    if (!version_written_) {
        Buffer number;
        append_be(number, version);
        batch.put(version_table, bytes_of(version_key), number);
        Buffer key;
        append_be(key, places_.key());
        batch.put(version_table, bytes_of(key_key), key);
        version_written_ = true;
    }
    if (std::exchange(anchors_changed_, false)) {
        Buffer anchors;
        for (const NodeId& id : anchors_) append(anchors, id.bytes());
        batch.put(version_table, bytes_of(anchors_key), anchors);
    }
    // First, for a node may be back since its row was found corrupt: then it is among the changed.
    for (const Buffer& key : std::exchange(rows_to_erase_, {})) batch.erase(table, key);
    const std::size_t rows = std::min(changed_.size(), rows_per_batch_max);
    for (std::size_t i = 0; i < rows; ++i) {
        const NodeId& id = changed_[changed_.size() - 1 - i];
        Entry* entry = entry_of(id);
        if (entry == nullptr) {
            batch.erase(table, id.bytes());
        } else if (std::exchange(entry->changed, false)) {
            entry->stored = true;
            batch.put(table, id.bytes(), encode_row(*entry));
        }
    }
    changed_.resize(changed_.size() - rows);
    return batch;
}

void AddressBook::write_again(const StoreBatch& failed) {
    version_written_ = false;
    anchors_changed_ = true;
    for (const auto& change : failed.changes) {
        if (change.table == table && !change.value) rows_to_erase_.push_back(change.key);
    }
    for (Entry& entry : entries_) mark_changed(entry);
}

}  // namespace parley::discovery
