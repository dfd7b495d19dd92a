// DhtRows: the nodes of the DHT's table over a restart, so that a node whose boot nodes are gone
// finds the DHT again: those that answered when they were asked last. They are only heard of at the
// start, and checked like all others.
// Bounds: nodes_max records, written at most once an interval and at the end.
// Threading: the node's thread.
#pragma once

#include <parley/base/store.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/discv5/service.hpp>

#include <cstddef>
#include <string_view>

namespace parley::p2p {

class DhtRows {
public:
    static constexpr std::string_view table = "dht";
    static constexpr std::string_view key = "nodes";  ///< the one row: an RLP list of records
    static constexpr std::size_t nodes_max = 512;
    static constexpr Duration interval = std::chrono::minutes{5};

    /// `service` outlives it.
    explicit DhtRows(discovery::discv5::Service& service) : service_(service) {}

    /// The service hears of what was written. A damaged row is none. Fails as the store does.
    Result<void, StoreError> load(Store& store, Now now);

    /// Time has passed: the row is due now and then.
    void on_timer(Now now);
    Instant next_wakeup() const { return next_; }
    /// The node ends: the row is due.
    void mark_due() { due_ = true; }

    // What a Saver's part needs.
    bool has_changes() const { return due_; }
    void take_changes(StoreBatch& batch);
    void write_again() { due_ = true; }

private:
    discovery::discv5::Service& service_;
    Instant next_ = Instant::min();
    bool due_ = false;
};

}  // namespace parley::p2p
