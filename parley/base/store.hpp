// Store: ordered tables of keys and values on disk, injected as LevelDB's Env is. LMDB in the
// runtime, memory in tests and the simulator.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley {

/// Why a store cannot be opened, read or written.
enum class StoreErrc : std::uint8_t {
    missing,        ///< the folder or file is not there and was not to be made
    corrupt,        ///< not a store, or damaged
    newer_version,  ///< expected: the newest version known here; actual: the file's
    full,           ///< no room on the disk, or the map size is reached
    io,             ///< the operating system refused; actual: errno
};
using StoreError = Error<StoreErrc>;
/// "newer version: expected at most 1, got 2".
std::string message(const StoreError& error);

/// A change of many keys that happens wholly or not at all. A value of nothing erases.
struct StoreBatch {
    /// A key of one table with its new value, or nothing to erase it.
    struct Change {
        std::string table;
        Buffer key;
        std::optional<Buffer> value;
    };
    std::vector<Change> changes;

    /// Inserts or overwrites. Of several changes of one key the last one counts.
    void put(std::string_view table, Bytes key, Bytes value) {
        changes.push_back({std::string{table}, to_buffer(key), to_buffer(value)});
    }
    /// A key that is absent is no error.
    void erase(std::string_view table, Bytes key) {
        changes.push_back({std::string{table}, to_buffer(key), std::nullopt});
    }
    bool empty() const { return changes.empty(); }
};

/// Jobs that write hold on to a store that a shared_ptr owns; any other one must outlast them.
/// Threading: every member may be called from any thread.
class Store : public std::enable_shared_from_this<Store> {
public:
    virtual ~Store() = default;
    /// A copy of the value; nothing if the table or the key is absent.
    virtual Result<std::optional<Buffer>, StoreError> get(std::string_view table, Bytes key) = 0;
    /// Sees a key and its value; false ends the scan. Must not use the store.
    using Visitor = std::function<bool(Bytes key, Bytes value)>;
    /// Calls `visit` in ascending order of keys, from `first` on or from the key after it.
    virtual Result<void, StoreError> scan_from(std::string_view table, Bytes first,
                                               const Visitor& visit) = 0;
    /// As scan_from, of the whole table.
    Result<void, StoreError> scan(std::string_view table, const Visitor& visit) {
        return scan_from(table, {}, visit);
    }
    /// Atomic, and on disk when it returns. Slow: call it in a Job.
    virtual Result<void, StoreError> write(const StoreBatch& batch) = 0;
};

/// A store in memory.
class MemoryStore final : public Store {
public:
    Result<std::optional<Buffer>, StoreError> get(std::string_view table, Bytes key) override;
    Result<void, StoreError> scan_from(std::string_view table, Bytes first,
                                       const Visitor& visit) override;
    Result<void, StoreError> write(const StoreBatch& batch) override;

private:
    std::mutex mutex_;
    std::map<std::string, std::map<Buffer, Buffer>, std::less<>> tables_;
};

}  // namespace parley
