// LmdbStore: the Store on disk. One file (and "<file>-lock" beside it), one LMDB table for each
// table, the format's version in a table of its own. Durable: write() returns after the disk has
// the bytes, and a crash at any moment leaves the state before or after a batch, never between.
#pragma once

#include <parley/base/store.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace parley::runtime {

/// The size, format and sharing of a store.
struct LmdbOptions {
    /// The largest size of the file; beyond it write() fails with full. Address space, not memory;
    /// where the system does not give as much, it is halved, down to a gigabyte.
    std::uint64_t map_bytes_max = 1ULL << 30;
    /// The version of the tables' format that the program writes and the newest that it reads; a
    /// newer file is not touched. An older one gets the number when it is opened, since from then
    /// on it may have rows that older programs do not know.
    std::uint32_t version = 1;
    /// Another process may have the file open and write to it. It is then opened for reading only
    /// (a write fails with io), and without the check of lmdb_check.hpp, since its pages change
    /// meanwhile.
    bool shared = false;
};

/// Threading: as Store says; readers never wait for the writer. A file must not be open twice in
/// one process (LMDB's own rule), nor used by another process while it is opened, unless `shared`.
/// Keys: 1 to 511 bytes, else io with EINVAL. At most 64 tables.
class LmdbStore final : public Store {
public:
    /// Whether open() makes a file that is absent.
    enum class Create : std::uint8_t { no, yes };

    /// `path` names the file; its folder exists. Errors: missing, if it is absent and Create::no;
    /// corrupt, if it is not a store, cut short or damaged (lmdb_check.hpp); newer_version, full
    /// and io as Store says.
    static Result<std::unique_ptr<LmdbStore>, StoreError> open(const std::string& path,
                                                               Create create,
                                                               const LmdbOptions& options = {});
    /// The version of the format of a file that no process writes to. Errors: as open().
    static Result<std::uint32_t, StoreError> version_of(const std::string& path);
    ~LmdbStore() override;

    Result<std::optional<Buffer>, StoreError> get(std::string_view table, Bytes key) override;
    Result<void, StoreError> scan_from(std::string_view table, Bytes first,
                                       const Visitor& visit) override;
    Result<void, StoreError> write(const StoreBatch& batch) override;

    /// The bytes of a copy of the file, as of one moment before the first of them, whoever writes
    /// to it meanwhile; the writers find no free pages until it ends, so that the file grows. An
    /// error of `take` ends it. Slow, and in constant memory.
    using TakeBytes = std::function<Result<void, StoreError>(Bytes)>;
    Result<void, StoreError> copy(const TakeBytes& take);

private:
    class Impl;
    explicit LmdbStore(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace parley::runtime
