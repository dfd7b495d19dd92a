#include <parley/p2p/permissions.hpp>

#include <optional>
#include <utility>

namespace parley::p2p {

namespace {

/// Nothing if the row is not one of ours.
std::optional<std::pair<NodeId, bool>> decode(Bytes key, Bytes value) {
    if (key.size() != NodeId{}.size() || value.size() != 1) return std::nullopt;
    const NodeId id{array_of<33>(key)};
    if (!crypto::is_valid_public_key(id.key) || value[0] > std::byte{1}) return std::nullopt;
    return std::pair{id, value[0] == std::byte{1}};
}

}  // namespace

Permissions::Permissions(const PermissionsConfig& config) {
    configure(config);
}

void Permissions::configure(const PermissionsConfig& config) {
    enabled_ = config.enabled || !config.allow.empty();
    configured_ = {config.allow.begin(), config.allow.end()};
    allowed_ = configured_;
    for (auto change = changes_.begin(); change != changes_.end();) {
        const auto& [id, allowed] = *change;
        if (configured_.contains(id) == allowed) {  // the settings say the same by now
            dirty_.insert(id);
            change = changes_.erase(change);
            continue;
        }
        if (allowed) {
            allowed_.insert(id);
        } else {
            allowed_.erase(id);
        }
        ++change;
    }
}

Result<Permissions::LoadReport, StoreError> Permissions::load(Store& store) {
    LoadReport report;
    const auto ok = store.scan(table, [&](Bytes key, Bytes value) {
        const auto row = decode(key, value);
        if (!row) {
            ++report.corrupt;
            rows_to_erase_.push_back(to_buffer(key));
        } else if (set(row->first, row->second) == Outcome::changed) {
            ++report.loaded;
        } else {
            rows_to_erase_.push_back(to_buffer(key));  // the settings say the same by now
        }
        return report.loaded < changes_max;
    });
    dirty_.clear();
    if (!ok) return std::unexpected{ok.error()};
    return report;
}

Permissions::Outcome Permissions::set(const NodeId& id, bool allowed) {
    if (allowed_.contains(id) == allowed) return Outcome::same;
    if (configured_.contains(id) == allowed) {
        changes_.erase(id);
    } else {
        if (changes_.size() >= changes_max) return Outcome::full;
        changes_[id] = allowed;
    }
    if (allowed) {
        allowed_.insert(id);
    } else {
        allowed_.erase(id);
    }
    dirty_.insert(id);
    return Outcome::changed;
}

void Permissions::take_changes(StoreBatch& batch) {
    for (const auto& key : std::exchange(rows_to_erase_, {})) batch.erase(table, key);
    taken_ = std::exchange(dirty_, {});
    for (const auto& id : taken_) {
        const auto change = changes_.find(id);
        if (change == changes_.end()) {
            batch.erase(table, id);
        } else {
            const std::byte value{change->second};
            batch.put(table, id, Bytes{&value, 1});
        }
    }
}

void Permissions::write_again() {
    dirty_.merge(taken_);
}

}  // namespace parley::p2p
