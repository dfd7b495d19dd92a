#include <parley/runtime/store/lmdb_store.hpp>

#include <parley/base/endian.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/runtime/store/lmdb_check.hpp>

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace parley::runtime {
namespace {

constexpr MDB_dbi tables_max = 64;
/// A system that does not give so much address space gives no store.
constexpr std::uint64_t map_bytes_min = 1ULL << 30;
constexpr std::size_t copy_bytes = std::size_t{1} << 16;  // a pipe's
constexpr std::string_view meta_table = "_parley";
constexpr std::string_view version_key = "version";

std::unexpected<StoreError> lmdb_error(int code) {
    switch (code) {
        case MDB_MAP_FULL:
        case MDB_DBS_FULL:
        case MDB_TXN_FULL:
        case ENOSPC:
        case EDQUOT:
            return fail(StoreErrc::full);
        case MDB_CORRUPTED:
        case MDB_PAGE_NOTFOUND:
        case MDB_PANIC:
        case MDB_INVALID:
        case MDB_VERSION_MISMATCH:
        case MDB_INCOMPATIBLE:
            return fail(StoreErrc::corrupt);
        case MDB_BAD_VALSIZE:
            return fail(StoreErrc::io, 0, EINVAL);
        case MDB_READERS_FULL:
            return fail(StoreErrc::io, 0, EAGAIN);
        default:
            return fail(StoreErrc::io, 0, static_cast<std::uint64_t>(code > 0 ? code : EIO));
    }
}

// LMDB's API takes non-const pointers and writes through none of them.
MDB_val value_of(Bytes bytes) {
    return {bytes.size(), const_cast<std::byte*>(bytes.data())};  // NOLINT
}
Bytes bytes_of(const MDB_val& value) {
    return {static_cast<const std::byte*>(value.mv_data), value.mv_size};
}

/// A transaction that aborts unless committed.
class Transaction {
public:
    Transaction() = default;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction() {
        if (txn_) mdb_txn_abort(txn_);
    }
    int begin(MDB_env* env, unsigned flags) { return mdb_txn_begin(env, nullptr, flags, &txn_); }
    int commit() { return mdb_txn_commit(std::exchange(txn_, nullptr)); }
    MDB_txn* get() const { return txn_; }

private:
    MDB_txn* txn_ = nullptr;
};

std::array<std::byte, 4> big_endian(std::uint32_t value) {
    return {std::byte(value >> 24), std::byte(value >> 16), std::byte(value >> 8),
            std::byte(value)};
}

}  // namespace

class LmdbStore::Impl {
public:
    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() { close(); }

    Result<void, StoreError> open(const std::string& path, const LmdbOptions& options) {
        shared_ = options.shared;
        if (const int rc = open_env_in(path, options.map_bytes_max)) return lmdb_error(rc);
        // Frees the reader slots of processes that died while reading.
        int freed = 0;
        if (const int rc = mdb_reader_check(env_, &freed)) return lmdb_error(rc);
        return check_version(options.version);
    }

    /// In as much address space as there is.
    int open_env_in(const std::string& path, std::uint64_t map_bytes) {
        int rc = open_env(path, map_bytes);
        while (rc == ENOMEM && map_bytes > map_bytes_min) {
            map_bytes /= 2;
            rc = open_env(path, map_bytes);
        }
        return rc;
    }
    int open_env(const std::string& path, std::uint64_t map_bytes) {
        close();
        if (const int rc = mdb_env_create(&env_)) return rc;
        mdb_env_set_maxdbs(env_, tables_max + 1);
        if (const int rc = mdb_env_set_mapsize(env_, map_bytes)) return rc;
        const unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | (shared_ ? MDB_RDONLY : 0U);
        return mdb_env_open(env_, path.c_str(), flags, 0600);
    }
    void close() {
        if (env_) mdb_env_close(env_);
        env_ = nullptr;
    }

    // Nothing when the table does not exist and was not to be made.
    Result<std::optional<MDB_dbi>, StoreError> table(std::string_view name, Create create) {
        // The lock also keeps LMDB's rule that handles are opened by one transaction at a time.
        const std::scoped_lock lock{tables_mutex_};
        const auto known = tables_.find(name);
        if (known != tables_.end()) return known->second;
        const bool make = create == Create::yes;
        Transaction txn;
        if (const int rc = txn.begin(env_, make ? 0U : MDB_RDONLY)) return lmdb_error(rc);
        const std::string text{name};
        MDB_dbi dbi = 0;
        const int rc = mdb_dbi_open(txn.get(), text.c_str(), make ? MDB_CREATE : 0U, &dbi);
        if (rc == MDB_NOTFOUND) return std::nullopt;
        if (rc) return lmdb_error(rc);
        if (const int committed = txn.commit()) return lmdb_error(committed);
        tables_.emplace(text, dbi);
        return dbi;
    }

    Result<void, StoreError> check_version(std::uint32_t newest) {
        const auto meta = table(meta_table, Create::no);
        if (!meta) return std::unexpected{meta.error()};
        if (!*meta && !shared_) return write_version(newest);
        const auto stored = read_version();
        if (!stored) return std::unexpected{stored.error()};
        const auto version = *stored;
        if (version > newest) return fail(StoreErrc::newer_version, newest, version);
        if (version == newest || shared_) return {};
        StoreBatch batch;
        batch.put(meta_table, parley::bytes_of(version_key), big_endian(newest));
        return write(batch);
    }

    Result<std::uint32_t, StoreError> read_version() {
        const auto stored = get(meta_table, parley::bytes_of(version_key));
        if (!stored) return std::unexpected{stored.error()};
        if (!*stored || (*stored)->size() != 4) return fail(StoreErrc::corrupt);
        return load_be<std::uint32_t>(Bytes{**stored});
    }

    // An LMDB file without our table is new, or some other program's: only an empty one is ours.
    Result<void, StoreError> write_version(std::uint32_t version) {
        MDB_stat stat{};
        {
            Transaction txn;
            MDB_dbi directory = 0;
            if (const int rc = txn.begin(env_, MDB_RDONLY)) return lmdb_error(rc);
            if (const int rc = mdb_dbi_open(txn.get(), nullptr, 0, &directory)) {
                return lmdb_error(rc);
            }
            if (const int rc = mdb_stat(txn.get(), directory, &stat)) return lmdb_error(rc);
        }
        if (stat.ms_entries != 0) return fail(StoreErrc::corrupt);
        StoreBatch batch;
        batch.put(meta_table, parley::bytes_of(version_key), big_endian(version));
        return write(batch);
    }

    Result<std::optional<Buffer>, StoreError> get(std::string_view name, Bytes key) {
        const auto dbi = table(name, Create::no);
        if (!dbi) return std::unexpected{dbi.error()};
        if (!*dbi) return std::nullopt;
        Transaction txn;
        if (const int rc = txn.begin(env_, MDB_RDONLY)) return lmdb_error(rc);
        MDB_val k = value_of(key);
        MDB_val v{};
        const int rc = mdb_get(txn.get(), **dbi, &k, &v);
        if (rc == MDB_NOTFOUND) return std::nullopt;
        if (rc) return lmdb_error(rc);
        return to_buffer(bytes_of(v));
    }

    Result<void, StoreError> scan_from(std::string_view name, Bytes first,
                                       const Store::Visitor& visit) {
        const auto dbi = table(name, Create::no);
        if (!dbi) return std::unexpected{dbi.error()};
        if (!*dbi) return {};
        Transaction txn;
        if (const int rc = txn.begin(env_, MDB_RDONLY)) return lmdb_error(rc);
        MDB_cursor* cursor = nullptr;
        if (const int rc = mdb_cursor_open(txn.get(), **dbi, &cursor)) return lmdb_error(rc);
        const std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)> closer{cursor,
                                                                              &mdb_cursor_close};
        // LMDB knows no empty key.
        MDB_val k = value_of(first);
        MDB_val v{};
        int rc = mdb_cursor_get(cursor, &k, &v, first.empty() ? MDB_FIRST : MDB_SET_RANGE);
        while (rc == MDB_SUCCESS && visit(bytes_of(k), bytes_of(v))) {
            rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
        }
        if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) return lmdb_error(rc);
        return {};
    }

    /// LMDB writes to a pipe, from a thread of its own.
    Result<void, StoreError> copy(const TakeBytes& take) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return lmdb_error(errno);
        const UniqueFd out{ends[0]};
        UniqueFd in{ends[1]};
        int rc = MDB_SUCCESS;
        std::thread writer{[&] {
            rc = mdb_env_copyfd(env_, in.get());
            in = UniqueFd{};
        }};
        Result<void, StoreError> taken;
        Buffer buffer(copy_bytes);
        for (ssize_t got = 1; got > 0;) {
            got = ::read(out.get(), buffer.data(), buffer.size());
            if (got < 0 && errno == EINTR) got = 1;
            // All of it is read, so that LMDB's thread ends as it should.
            else if (got > 0 && taken)
                taken = take(Bytes{buffer}.first(static_cast<std::size_t>(got)));
        }
        writer.join();
        if (!taken) return taken;
        if (rc) return lmdb_error(rc);
        return {};
    }

    Result<void, StoreError> write(const StoreBatch& batch) {
        // Handles first: a table is made in a transaction of its own.
        std::map<std::string_view, MDB_dbi> handles;
        for (const auto& change : batch.changes) {
            if (handles.contains(change.table)) continue;
            const auto dbi = table(change.table, Create::yes);
            if (!dbi) return std::unexpected{dbi.error()};
            handles.emplace(change.table, **dbi);
        }
        // A reader that was killed would keep every page from being used again.
        int freed = 0;
        if (const int rc = mdb_reader_check(env_, &freed)) return lmdb_error(rc);
        Transaction txn;
        if (const int rc = txn.begin(env_, 0)) return lmdb_error(rc);
        for (const auto& change : batch.changes) {
            MDB_val k = value_of(change.key);
            const MDB_dbi dbi = handles.at(change.table);
            int rc = MDB_SUCCESS;
            if (change.value) {
                MDB_val v = value_of(*change.value);
                rc = mdb_put(txn.get(), dbi, &k, &v, 0);
            } else {
                rc = mdb_del(txn.get(), dbi, &k, nullptr);
                if (rc == MDB_NOTFOUND) rc = MDB_SUCCESS;
            }
            if (rc) return lmdb_error(rc);
        }
        if (const int rc = txn.commit()) return lmdb_error(rc);
        return {};
    }

private:
    MDB_env* env_ = nullptr;
    bool shared_ = false;
    std::mutex tables_mutex_;
    std::map<std::string, MDB_dbi, std::less<>> tables_;
};

LmdbStore::LmdbStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LmdbStore::~LmdbStore() = default;

Result<std::unique_ptr<LmdbStore>, StoreError> LmdbStore::open(const std::string& path,
                                                               Create create,
                                                               const LmdbOptions& options) {
    {
        const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
        if (!file && errno == ENOENT) {
            if (create == Create::no) return fail(StoreErrc::missing);
        } else if (!file) {
            return fail(StoreErrc::io, 0, static_cast<std::uint64_t>(errno));
        } else if (!options.shared) {
            // What was a store and is empty has lost all: bans, too.
            struct stat info{};
            const bool is_empty = ::fstat(file.get(), &info) == 0 && info.st_size == 0;
            if (is_empty && create == Create::no) return fail(StoreErrc::corrupt);
            if (auto checked = check_lmdb_file(file.get()); !checked) {
                return std::unexpected{checked.error()};
            }
        }
    }
    auto impl = std::make_unique<Impl>();
    if (auto opened = impl->open(path, options); !opened) return std::unexpected{opened.error()};
    return std::unique_ptr<LmdbStore>(new LmdbStore{std::move(impl)});
}

Result<std::uint32_t, StoreError> LmdbStore::version_of(const std::string& path) {
    {
        const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
        if (!file && errno == ENOENT) return fail(StoreErrc::missing);
        if (!file) return fail(StoreErrc::io, 0, static_cast<std::uint64_t>(errno));
        if (auto ok = check_lmdb_file(file.get()); !ok) return std::unexpected{ok.error()};
    }
    Impl impl;
    const LmdbOptions options{.version = ~std::uint32_t{0}, .shared = true};
    if (auto opened = impl.open(path, options); !opened) return std::unexpected{opened.error()};
    return impl.read_version();
}

Result<std::optional<Buffer>, StoreError> LmdbStore::get(std::string_view table, Bytes key) {
    return impl_->get(table, key);
}
Result<void, StoreError> LmdbStore::scan_from(std::string_view table, Bytes first,
                                              const Visitor& visit) {
    return impl_->scan_from(table, first, visit);
}
Result<void, StoreError> LmdbStore::write(const StoreBatch& batch) {
    return impl_->write(batch);
}
Result<void, StoreError> LmdbStore::copy(const TakeBytes& take) {
    return impl_->copy(take);
}

}  // namespace parley::runtime
