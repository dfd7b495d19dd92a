#include <parley/discovery/book/book_entries.hpp>

#include <utility>

namespace parley::discovery {

Entry* BookEntries::find(const NodeId& id) {
    const auto found = index_.find(id);
    return found == index_.end() ? nullptr : &entries_[*found];
}

const Entry* BookEntries::find(const NodeId& id) const {
    const auto found = index_.find(id);
    return found == index_.end() ? nullptr : &entries_[*found];
}

std::optional<std::uint32_t> BookEntries::number_of(const NodeId& id) const {
    const auto found = index_.find(id);
    if (found == index_.end()) return std::nullopt;
    return *found;
}

std::uint32_t BookEntries::add(Entry entry) {
    const std::uint32_t number = add_unindexed(std::move(entry));
    index_.insert(number);
    return number;
}

std::uint32_t BookEntries::add_unindexed(Entry entry) {
    const auto number = static_cast<std::uint32_t>(entries_.size());
    ++by_state_[index(entry.state)];
    entries_.push_back(std::move(entry));
    return number;
}

void BookEntries::index_from(std::size_t first) {
    index_.reserve(entries_.size());
    for (std::size_t i = first; i < entries_.size(); ++i) {
        index_.insert(static_cast<std::uint32_t>(i));
    }
}

void BookEntries::remove(std::uint32_t number) {
    Entry& entry = entries_[number];
    --by_state_[index(entry.state)];
    index_.erase(index_.find(number));
    const auto last = static_cast<std::uint32_t>(entries_.size() - 1);
    if (number != last) {
        index_.erase(index_.find(last));
        entry = std::move(entries_.back());
        entries_.pop_back();
        index_.insert(number);
    } else {
        entries_.pop_back();
    }
}

void BookEntries::set_state(Entry& entry, EntryState state) {
    --by_state_[index(entry.state)];
    entry.state = state;
    ++by_state_[index(entry.state)];
}

}  // namespace parley::discovery
