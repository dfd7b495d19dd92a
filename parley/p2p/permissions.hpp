// Permissions: who may be linked with a node of a permissioned network. The settings name IDs; the
// owner adds and removes some while the node runs, and what differs from the settings is kept in
// the store. So a line added to the settings counts as soon as they are read, unless the owner
// removed that ID since.
//
// On disk: table "permissions", key: node ID, value: one byte, 1 allowed, 0 removed.
// Threading: the node's thread.
#pragma once

#include <parley/base/store.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/p2p/config/config.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <vector>

namespace parley::p2p {

class Permissions {
public:
    static constexpr std::string_view table = "permissions";
    /// What may differ from the settings.
    static constexpr std::size_t changes_max = 10'000;

    explicit Permissions(const PermissionsConfig& config);

    /// What the store held.
    struct LoadReport {
        std::size_t loaded = 0;
        std::size_t corrupt = 0;  ///< rows that do not decode; they are erased
    };
    /// Reads what differs from the settings. Once, before any change. Fails as the store does.
    Result<LoadReport, StoreError> load(Store& store);
    /// Other settings, read while the node runs: as if it had started with them. What the owner
    /// changed stays.
    void configure(const PermissionsConfig& config);

    /// False: the network is open, and everybody is allowed.
    bool enabled() const { return enabled_; }
    /// Whether there may be a link with it.
    bool allows(const NodeId& id) const { return !enabled_ || allowed_.contains(id); }
    /// By ID; of an open network those who would be allowed.
    const std::set<NodeId>& allowed() const { return allowed_; }

    /// What became of a change; `full`: there are `changes_max` others, and nothing changed.
    enum class Outcome : std::uint8_t { changed, same, full };
    /// Puts the ID on the list or takes it off. Ends no links: Network::disallow does.
    Outcome set(const NodeId& id, bool allowed);

    bool has_changes() const { return !dirty_.empty() || !rows_to_erase_.empty(); }
    /// What changed since it was last called.
    void take_changes(StoreBatch& batch);
    /// The batch that was taken last could not be written.
    void write_again();

private:
    bool enabled_ = false;
    std::set<NodeId> configured_;
    std::map<NodeId, bool> changes_;  // where it differs from configured_
    std::set<NodeId> allowed_;
    std::set<NodeId> dirty_;
    std::set<NodeId> taken_;  // by the last take_changes()
    std::vector<Buffer> rows_to_erase_;
};

}  // namespace parley::p2p
