// Filters: what callers over HTTP follow by asking again and again: new blocks, new transactions.
// It is fed on_block() and on_transaction(); blocks() and transactions() are there for others that
// follow the same, such as subscriptions.
//
//     const auto id = filters.add(now, FilterKind::blocks);
//     filters.on_block(hash);
//     const auto changes = filters.changes(now, *id);  // hash; the next time nothing
//
// A filter ends when nobody asks for idle_max, or when more happened than is remembered.
// Bounded: FilterLimits. Threading: the node's thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/node/rpc/recent_hashes.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::node {

struct FilterLimits {
    std::size_t filters_max = 1000;
    std::size_t blocks_max = 1024;          ///< hashes that are remembered
    std::size_t transactions_max = 16'384;  ///< as blocks_max
    Duration idle_max = std::chrono::minutes{5};
};

/// Logs: there never are any new ones.
enum class FilterKind : std::uint8_t { logs, blocks, transactions };

class Filters {
public:
    explicit Filters(Rng rng, FilterLimits limits = {});

    /// A block of the main chain, those of a reorganisation in order.
    void on_block(const Hash256& hash) { blocks_.push(hash); }
    /// It came into the pool.
    void on_transaction(const Hash256& hash) { transactions_.push(hash); }
    const RecentHashes& blocks() const { return blocks_; }
    const RecentHashes& transactions() const { return transactions_; }

    /// Its id, a quantity that nobody can guess. Nothing if there are too many.
    std::optional<std::string> add(Now now, FilterKind kind);
    /// What happened since the last time, in order. Nothing if there is no such filter.
    std::optional<std::vector<Hash256>> changes(Now now, std::string_view id);
    /// Nothing if there is no such filter.
    std::optional<FilterKind> kind(Now now, std::string_view id);
    /// False if there was no such filter.
    bool remove(Now now, std::string_view id);
    std::size_t size() const { return filters_.size(); }

private:
    struct Filter {
        FilterKind kind{};
        std::uint64_t next = 0;  // in what it follows
        Instant expires{};
    };
    using Place = std::map<std::string, Filter, std::less<>>::iterator;

    const RecentHashes* followed_by(FilterKind kind) const;
    Place find(Now now, std::string_view id);

    Rng rng_;
    FilterLimits limits_;
    RecentHashes blocks_;
    RecentHashes transactions_;
    std::map<std::string, Filter, std::less<>> filters_;
};

}  // namespace parley::node
