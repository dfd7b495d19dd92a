#include <parley/sim/world/layered_store.hpp>

namespace parley::sim {

Result<std::optional<Buffer>, StoreError> LayeredStore::get(std::string_view table, Bytes key) {
    if (const auto rows = changed_.find(table); rows != changed_.end()) {
        const auto found = rows->second.find(to_buffer(key));
        if (found != rows->second.end()) return found->second;
    }
    return base_->get(table, key);
}

Result<void, StoreError> LayeredStore::scan_from(std::string_view table, Bytes first,
                                                 const Visitor& visit) {
    static const Rows none;
    const auto found = changed_.find(table);
    const Rows& rows = found == changed_.end() ? none : found->second;
    auto next = rows.lower_bound(to_buffer(first));
    bool goes_on = true;
    const auto visit_changed = [&] {
        if (next->second) goes_on = visit(next->first, *next->second);
        ++next;
    };
    const auto scanned = base_->scan_from(table, first, [&](Bytes key, Bytes value) {
        const auto at = to_buffer(key);
        while (goes_on && next != rows.end() && next->first < at) visit_changed();
        if (!goes_on) return false;
        if (next != rows.end() && next->first == at) {
            visit_changed();
        } else {
            goes_on = visit(key, value);
        }
        return goes_on;
    });
    while (scanned && goes_on && next != rows.end()) visit_changed();
    return scanned;
}

Result<void, StoreError> LayeredStore::write(const StoreBatch& batch) {
    for (const auto& change : batch.changes) {
        changed_[change.table].insert_or_assign(change.key, change.value);
    }
    return {};
}

Result<Buffer, StoreError> LayeredLog::read(std::uint64_t offset, std::size_t size_bytes) const {
    if (offset >= base_bytes_) return own_.read(offset - base_bytes_, size_bytes);
    return base_->read(offset, size_bytes);
}

Result<void, StoreError> LayeredLog::truncate(std::uint64_t size_bytes) {
    if (size_bytes < base_bytes_) return fail(StoreErrc::corrupt);
    return own_.truncate(size_bytes - base_bytes_);
}

}  // namespace parley::sim
