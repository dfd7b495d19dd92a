#include <parley/p2p/dht_rows.hpp>

#include <parley/codec/rlp.hpp>

namespace parley::p2p {

using discovery::discv5::TableEntry;

Result<void, StoreError> DhtRows::load(Store& store, Now now) {
    const auto row = store.get(table, bytes_of(key));
    if (!row) return std::unexpected{row.error()};
    auto records = *row ? rlp::Reader::open_list(**row) : rlp::Reader{Bytes{}};
    if (!records) return {};
    for (std::size_t i = 0; i < nodes_max && !records->at_end(); ++i) {
        const auto raw = records->raw_item();
        if (!raw) break;
        if (const auto record = Enr::decode(*raw)) service_.heard(now, *record);
    }
    return {};
}

void DhtRows::on_timer(Now now) {
    if (now.instant < next_) return;
    due_ |= next_ != Instant::min();
    next_ = now.instant + interval;
}

/// A table in which nobody answers says nothing: what was written before stays.
void DhtRows::take_changes(StoreBatch& batch) {
    if (!due_) return;
    due_ = false;
    rlp::Writer out;
    out.begin_list();
    std::size_t nodes = 0;
    service_.table().for_each([&](const TableEntry& entry, bool in_table) {
        const bool answers = in_table && entry.checked && entry.failures == 0;
        if (!answers || nodes == nodes_max) return;
        out.raw(entry.contact.record);
        ++nodes;
    });
    out.end_list();
    if (nodes > 0) batch.put(table, bytes_of(key), out.bytes());
}

}  // namespace parley::p2p
