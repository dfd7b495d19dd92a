// Headers: the headers that a light node keeps, in a store: rows by number (header_row.hpp), where
// a hash leads, the sets of validators, and how far it is.
//
// What is kept is in memory until take_batch() hands it out, to be written in a Job: a node that is
// killed before that fetches it again.
//
//     auto headers = Headers::open(store, form, start);
//     headers->keep(known, KeepSeals::quorum);
//     headers->set_head(head, gaps, walks);
//     write(headers->take_batch());
//
// Bounded: what is unwritten by whoever keeps on keeping.
// Threading: the node's thread; batches are written on any. Spec: docs/formats/light.md.
#pragma once

#include <parley/base/store.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/light/follower.hpp>
#include <parley/chain/light/header_row.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace parley::chain::light {

namespace table {
inline constexpr std::string_view headers = "light.headers";
inline constexpr std::string_view hashes = "light.hashes";
inline constexpr std::string_view sets = "light.sets";
inline constexpr std::string_view meta = "light.meta";
}  // namespace table

class Headers {
public:
    using Known = Follower::Known;
    using Gap = Follower::Gap;

    /// What is in the store, which outlives this; a new chain begins with `start`, which is
    /// trusted. Errors: those of the store; corrupt.
    static Result<Headers, StoreError> open(Store& store, qbft::ExtraForm form, ChainHeader start);

    const ChainHeader& head() const { return head_; }
    const std::vector<Gap>& gaps() const { return gaps_; }
    /// Where it began.
    std::uint64_t lowest() const { return lowest_; }
    /// Nothing if it is not here, or the disk fails.
    std::optional<Known> at(std::uint64_t number) const;
    std::optional<Known> find(const Hash256& hash) const;

    void keep(std::vector<Known> headers, KeepSeals seals);
    /// `walks`: the votes that are open after the head are among its notes.
    void set_head(ChainHeader head, std::vector<Gap> gaps, bool walks);
    bool walks() const { return walks_; }
    /// Two headers of one height that a quorum sealed: kept for good.
    void set_conflict(Follower::Conflict conflict);
    const std::optional<Follower::Conflict>& conflict() const { return conflict_; }
    bool has_unwritten() const { return is_changed_; }
    std::size_t unwritten() const { return unwritten_.size(); }
    /// All that is not written. It stays readable until end_write().
    std::shared_ptr<const StoreBatch> take_batch();
    void end_write() { writing_.clear(); }

private:
    Headers(Store& store, qbft::ExtraForm form) : store_(&store), form_(form) {}
    Result<void, StoreError> load();
    Hash256 parent_of(std::uint64_t number) const;
    std::optional<Hash256> hash_at(std::uint64_t number) const;
    Buffer encode_meta() const;
    bool decode_meta(Bytes raw);
    Result<void, StoreError> load_conflict();

    struct Row {
        Known known;
        Buffer bytes;  // until they are in a batch
    };
    using Rows = std::map<std::uint64_t, Row>;

    Store* store_;
    qbft::ExtraForm form_;
    ChainHeader head_;
    std::vector<Gap> gaps_;
    bool walks_ = true;
    std::optional<Follower::Conflict> conflict_;
    std::uint64_t lowest_ = 0;
    Hash256 lowest_parent_{};
    ValidatorSets sets_;
    std::size_t sets_written_ = 0;
    Rows unwritten_;
    Rows writing_;
    bool is_changed_ = false;
};

}  // namespace parley::chain::light
