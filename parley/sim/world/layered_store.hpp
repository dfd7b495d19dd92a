// A store and a log over others that stay as they are: many hosts of a world share one large chain,
// and each keeps what it adds. Threading: as Store and AppendLog; the base must not change.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/base/store.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace parley::sim {

class LayeredStore final : public Store {
public:
    explicit LayeredStore(std::shared_ptr<Store> base) : base_(std::move(base)) {}

    Result<std::optional<Buffer>, StoreError> get(std::string_view table, Bytes key) override;
    Result<void, StoreError> scan_from(std::string_view table, Bytes first,
                                       const Visitor& visit) override;
    Result<void, StoreError> write(const StoreBatch& batch) override;

private:
    using Rows = std::map<Buffer, std::optional<Buffer>>;  // nothing: erased

    std::shared_ptr<Store> base_;
    std::map<std::string, Rows, std::less<>> changed_;
};

class LayeredLog final : public AppendLog {
public:
    explicit LayeredLog(std::shared_ptr<AppendLog> base)
        : base_(std::move(base)), base_bytes_(base_->size_bytes()) {}

    std::uint64_t size_bytes() const override { return base_bytes_ + own_.size_bytes(); }
    Result<void, StoreError> append(Bytes bytes) override { return own_.append(bytes); }
    Result<void, StoreError> sync() override { return {}; }
    /// Also: corrupt across the end of the base.
    Result<Buffer, StoreError> read(std::uint64_t offset, std::size_t size_bytes) const override;
    /// Also: corrupt below the end of the base.
    Result<void, StoreError> truncate(std::uint64_t size_bytes) override;

private:
    std::shared_ptr<AppendLog> base_;
    std::uint64_t base_bytes_;
    MemoryLog own_;
};

}  // namespace parley::sim
