// BookRows: the address book on disk: which rows differ from the entries, what a store is to write
// for that, and reading it all back. docs/formats/address_book.md.
// A change is marked in its entry and its ID listed once, however often the entry changes before
// the next batch, so that the list is bounded by the entries and those removed.
// Threading: the node's thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/store.hpp>
#include <parley/discovery/book/book_entries.hpp>
#include <parley/discovery/book/buckets.hpp>
#include <parley/discovery/book/entry.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace parley::discovery {

/// The rows of one book; see the head of this file.
class BookRows {
public:
    static constexpr std::string_view table = "address_book";  ///< one row an entry, by node ID
    static constexpr std::string_view version_table = "meta";  ///< what there is one of
    static constexpr std::string_view version_key = "address_book/version";  ///< in `meta`
    static constexpr std::string_view key_key = "address_book/key";          ///< in `meta`
    static constexpr std::string_view anchors_key = "address_book/anchors";  ///< in `meta`
    static constexpr std::uint64_t version = 2;    ///< of rows that are written
    static constexpr std::size_t anchors_max = 4;  ///< how many are stored

    // --- What differs from the disk ---

    /// The entry's row is to be written, once however often it is marked.
    void mark_changed(Entry& entry);
    /// The entry's row is to be erased. Call before the entry is removed.
    void mark_removed(const Entry& entry);
    /// The list of anchors is to be written.
    void mark_anchors() { anchors_changed_ = true; }
    /// A row that is no entry's: erased with the next batch.
    void mark_unwanted(Bytes key) { rows_to_erase_.push_back(to_buffer(key)); }
    /// Whether take_changes() would give any.
    bool has_changes() const {
        return !changed_.empty() || !rows_to_erase_.empty() || !version_written_ ||
               anchors_changed_;
    }

    // --- Writing ---

    /// The changes of some 10,000 rows at most, which then count as written. `key` is that of the
    /// tables.
    StoreBatch take_changes(BookEntries& entries, std::uint64_t key,
                            std::span<const NodeId> anchors);
    /// A batch could not be written: all entries, and what it would have erased, are changed again.
    void write_again(const StoreBatch& failed, BookEntries& entries);

    // --- Reading ---

    /// What is stored once for all rows.
    struct Meta {
        std::optional<std::uint64_t> key;  ///< of the tables
        std::vector<NodeId> anchors;       ///< at most anchors_max
    };
    /// Fails as the store does, with newer_version, or with corrupt for a version of another size.
    Result<Meta, StoreError> load_meta(Store& store);
    /// Calls `take_in` with each row that decodes, in ascending order of IDs, and returns how many
    /// do not: they are marked as unwanted. `tables` is where `take_in` will look for the places
    /// that rows name.
    Result<std::size_t, StoreError> load(Store& store, const Buckets& tables,
                                         const std::function<void(Entry)>& take_in);

private:
    std::vector<NodeId> changed_;        // changed or removed since take_changes()
    std::vector<Buffer> rows_to_erase_;  // keys that are no entry's
    bool version_written_ = false;
    bool anchors_changed_ = false;
};

}  // namespace parley::discovery
