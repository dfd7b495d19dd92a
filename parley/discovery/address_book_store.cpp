// The address book on disk. docs/formats/address_book.md.
#include <parley/codec/endian.hpp>
#include <parley/discovery/address_book.hpp>
#include <parley/discovery/entry_codec.hpp>

#include <utility>

namespace parley::discovery {

Result<AddressBook::LoadReport, StoreError> AddressBook::load(Store& store) {
    const auto stored_version = store.get(version_table, bytes_of(version_key));
    if (!stored_version) return std::unexpected{stored_version.error()};
    if (*stored_version) {
        const Buffer& bytes = **stored_version;
        if (bytes.size() != sizeof(std::uint64_t)) {
            return fail(StoreErrc::corrupt, sizeof(std::uint64_t), bytes.size());
        }
        const auto number = load_be<std::uint64_t>(bytes);
        if (number > version) return fail(StoreErrc::newer_version, version, number);
        version_written_ = number == version;
    }
    LoadReport report;
    const auto visit = [&](Bytes key, Bytes value) {
        auto row = decode_row(key, value);
        if (!row) {
            ++report.corrupt;
            rows_to_erase_.push_back(to_buffer(key));
            return true;
        }
        const auto refused = row->record ? refusal(*row->record, row->source)
                                         : refusal(row->configured->address, row->source);
        const bool own = row->id == self_;
        const bool full = entries_.size() >= config_.entries_max && !index_.contains(row->id);
        if (own || full || refused) {
            ++report.unwanted;
            rows_to_erase_.push_back(to_buffer(key));
            return true;
        }
        ++report.loaded;
        merge_row(std::move(*row));
        return true;
    };
    if (const auto scanned = store.scan(table, visit); !scanned) {
        return std::unexpected{scanned.error()};
    }
    return report;
}

/// What the configuration said before the load stays; the rest is the row's.
void AddressBook::merge_row(Entry row) {
    if (row.failures > 0) row.state = EntryState::waiting;
    if (Slot* slot = slot_of(row.id)) {
        slot->stored = true;
        modify(*slot, [&](Entry& entry) {
            row.pin = entry.pin;
            row.state = entry.state;
            if (entry.configured) row.configured = entry.configured;
            if (entry.record && (!row.record || row.record->sequence() < entry.record->sequence()))
                row.record = entry.record;
            entry = std::move(row);
        });
        return;
    }
    place(std::move(row)).stored = true;
}

StoreBatch AddressBook::take_changes() {
    StoreBatch batch;
    if (!version_written_) {
        Buffer number;
        append_be(number, version);
        batch.put(version_table, bytes_of(version_key), number);
        version_written_ = true;
    }
    // First, for a node may be back since its row was found corrupt: then it is among the dirty.
    for (const Buffer& key : std::exchange(rows_to_erase_, {})) batch.erase(table, key);
    for (const NodeId& id : std::exchange(dirty_, {})) {
        if (Slot* slot = slot_of(id)) {
            slot->stored = true;
            batch.put(table, id, encode_row(slot->entry));
        } else {
            batch.erase(table, id);
        }
    }
    return batch;
}

void AddressBook::mark_all_changed() {
    version_written_ = false;
    for (const Slot& slot : entries_) dirty_.insert(slot.entry.id);
}

}  // namespace parley::discovery
