// kv::Store: a key-value store as a log for each writer, so that nodes can tell in a few bytes what
// they know, and send each other the rest. A key has the value of its newest entry, by clock and
// then writer: two stores with the same entries agree on all values, whatever the order they came
// in. Bounds: the four constants; a full store takes no more. Threading: one thread at a time.
#pragma once

#include "kv.pb.h"
#include <parley/base/bytes.hpp>
#include <parley/crypto/hash.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace kv {

class Store {
public:
    static constexpr std::size_t entries_max = 10'000;
    static constexpr std::size_t writers_max = 1'000;
    static constexpr std::size_t key_bytes_max = 64;
    static constexpr std::size_t value_bytes_max = 1024;

    /// Whether an honest node may have written it. Clocks never pass the number of entries, so that
    /// nobody can be pushed to the end of the range.
    static bool valid(const Entry& entry) {
        return entry.number() > 0 && entry.clock() > 0 && entry.clock() <= entries_max &&
               !entry.key().empty() && entry.key().size() <= key_bytes_max &&
               entry.value().size() <= value_bytes_max;
    }

    /// The next entry of that writer; not yet in the store.
    Entry next(std::uint64_t writer, std::string key, std::string value) const {
        Entry entry;
        entry.set_writer(writer);
        entry.set_number(static_cast<std::uint32_t>(entries_of(writer) + 1));
        entry.set_clock(clock_ + 1);
        entry.set_key(std::move(key));
        entry.set_value(std::move(value));
        return entry;
    }

    /// False: it is known, an earlier one of the same writer is not, or the store is full.
    bool add(const Entry& entry) {
        if (height_ == entries_max || entry.number() != entries_of(entry.writer()) + 1)
            return false;
        if (entry.number() == 1 && logs_.size() == writers_max) return false;
        const Entry& kept = logs_[entry.writer()].emplace_back(entry);
        ++height_;
        clock_ = std::max(clock_, kept.clock());
        const Entry*& newest = newest_[kept.key()];
        if (newest == nullptr || age(*newest) < age(kept)) newest = &kept;
        return true;
    }

    std::optional<std::string> find(const std::string& key) const {
        const auto found = newest_.find(key);
        return found == newest_.end() ? std::nullopt : std::optional{found->second->value()};
    }
    std::size_t keys() const { return newest_.size(); }
    std::uint64_t height() const { return height_; }

    Known known() const {
        Known known;
        for (const auto& [writer, log] : logs_) {
            auto& part = *known.add_logs();
            part.set_writer(writer);
            part.set_entries(static_cast<std::uint32_t>(log.size()));
        }
        return known;
    }
    Status status() const {
        Status status;
        status.set_height(height_);
        const auto digest =
            parley::crypto::keccak256(parley::bytes_of(known().SerializeAsString()));
        status.set_digest(std::string{parley::text_of(digest)});
        return status;
    }
    /// What a store that knows `known` lacks, as far as `bytes_max` allow; at least one entry.
    Entries after(const Known& known, std::size_t bytes_max) const {
        std::map<std::uint64_t, std::size_t> theirs;
        for (const auto& part : known.logs()) theirs[part.writer()] = part.entries();
        Entries out;
        std::size_t bytes = 0;
        for (const auto& [writer, log] : logs_) {
            for (std::size_t i = theirs[writer]; i < log.size(); ++i) {
                if (bytes > 0 && bytes + log[i].ByteSizeLong() > bytes_max) {
                    out.set_more(true);
                    return out;
                }
                bytes += log[i].ByteSizeLong() + 4;  // with its tag and length
                *out.add_entries() = log[i];
            }
        }
        return out;
    }

private:
    static std::pair<std::uint32_t, std::uint64_t> age(const Entry& entry) {
        return {entry.clock(), entry.writer()};
    }
    std::size_t entries_of(std::uint64_t writer) const {
        const auto log = logs_.find(writer);
        return log == logs_.end() ? 0 : log->second.size();
    }

    std::map<std::uint64_t, std::deque<Entry>> logs_;  // by writer; entries stay where they are
    std::map<std::string, const Entry*> newest_;       // by key
    std::uint64_t height_ = 0;
    std::uint32_t clock_ = 0;  // the greatest of any entry
};

}  // namespace kv
