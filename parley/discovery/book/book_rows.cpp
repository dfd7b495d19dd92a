#include <parley/discovery/book/book_rows.hpp>

#include <parley/base/endian.hpp>
#include <parley/discovery/book/entry_codec.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace parley::discovery {

namespace {

constexpr std::size_t rows_per_batch_max = 10'000;
constexpr std::size_t rows_ahead = 16;

}  // namespace

void BookRows::mark_changed(Entry& entry) {
    if (!std::exchange(entry.changed, true)) changed_.push_back(entry.id);
}

void BookRows::mark_removed(const Entry& entry) {
    if (entry.stored && !entry.changed) changed_.push_back(entry.id);
}

StoreBatch BookRows::take_changes(BookEntries& entries, std::uint64_t key,
                                  std::span<const NodeId> anchors) {
    StoreBatch batch;
    if (!std::exchange(version_written_, true)) {
        Buffer version_value;
        append_be(version_value, version);
        batch.put(version_table, bytes_of(version_key), version_value);
        Buffer key_value;
        append_be(key_value, key);
        batch.put(version_table, bytes_of(key_key), key_value);
    }
    if (std::exchange(anchors_changed_, false)) {
        Buffer ids;
        for (const NodeId& id : anchors) append(ids, id.bytes());
        batch.put(version_table, bytes_of(anchors_key), ids);
    }
    // First, for a node may be back since its row was found corrupt: then it is among the changed.
    for (const Buffer& row : std::exchange(rows_to_erase_, {})) batch.erase(table, row);
    const std::size_t rows = std::min(changed_.size(), rows_per_batch_max);
    for (std::size_t i = 0; i < rows; ++i) {
        const NodeId& id = changed_[changed_.size() - 1 - i];
        Entry* entry = entries.find(id);
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

void BookRows::write_again(const StoreBatch& failed, BookEntries& entries) {
    version_written_ = false;
    anchors_changed_ = true;
    for (const auto& change : failed.changes) {
        if (change.table == table && !change.value) rows_to_erase_.push_back(change.key);
    }
    for (Entry& entry : entries) mark_changed(entry);
}

Result<BookRows::Meta, StoreError> BookRows::load_meta(Store& store) {
    const auto stored_version = store.get(version_table, bytes_of(version_key));
    if (!stored_version) return std::unexpected{stored_version.error()};
    Meta meta;
    if (!*stored_version) return meta;
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
    if (usable) meta.key = load_be<std::uint64_t>(**key);

    const auto anchors = store.get(version_table, bytes_of(anchors_key));
    if (!anchors) return std::unexpected{anchors.error()};
    if (!*anchors) return meta;
    constexpr std::size_t id_size = std::tuple_size_v<decltype(NodeId::key)>;
    for (Bytes rest = **anchors; rest.size() >= id_size && meta.anchors.size() < anchors_max;
         rest = rest.subspan(id_size)) {
        meta.anchors.push_back(NodeId{array_of<id_size>(rest)});
    }
    return meta;
}

Result<std::size_t, StoreError> BookRows::load(Store& store, const Buckets& tables,
                                               const std::function<void(Entry)>& take_in) {
    std::size_t corrupt = 0;
    // Places are all over the memory: each is fetched while the rows before it are taken in.
    std::array<std::optional<Entry>, rows_ahead> ahead;
    std::size_t rows = 0;
    const auto take_in_oldest = [&] {
        auto row = std::exchange(ahead[rows++ % rows_ahead], std::nullopt);
        if (row) take_in(*std::move(row));
    };
    const auto visit = [&](Bytes key, Bytes value) {
        auto row = decode_row(key, value);
        if (!row) {
            ++corrupt;
            mark_unwanted(key);
            return true;
        }
        if (tables.exists(row->place)) tables.fetch(row->place);
        auto& slot = ahead[rows % rows_ahead];
        take_in_oldest();
        slot = *std::move(row);
        return true;
    };
    const auto scanned = store.scan(table, visit);
    for (std::size_t i = 0; i < rows_ahead; ++i) take_in_oldest();
    if (!scanned) return std::unexpected{scanned.error()};
    return corrupt;
}

}  // namespace parley::discovery
