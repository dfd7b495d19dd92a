#include <parley/chain/txpool/check_queue.hpp>

#include <algorithm>
#include <iterator>

namespace parley::chain {

namespace {

/// Of a place in a queue and of the two allocations for the raw bytes.
constexpr std::size_t overhead_bytes = 128;
constexpr Duration recovery_cost = 70us;
constexpr int useful_part = 4;  // what was useful costs one part of so many

std::size_t memory_bytes_of(const Transaction& tx) {
    std::size_t bytes = sizeof(Unchecked) + overhead_bytes + tx.raw.size();
    bytes += tx.access_list.capacity() * sizeof(AccessEntry);
    for (const auto& entry : tx.access_list) bytes += entry.keys.capacity() * sizeof(Hash256);
    return bytes;
}

}  // namespace

std::optional<Unchecked> CheckQueue::push_own(Unchecked unchecked) {
    const auto bytes = memory_bytes_of(unchecked.tx);
    if (own_bytes_ > 0 && own_bytes_ + bytes > config_.own_bytes_max) return unchecked;
    unchecked.memory_bytes = bytes;
    own_bytes_ += bytes;
    own_.push_back(std::move(unchecked));
    return std::nullopt;
}

/// Its places in the orders follow what `f` does to it.
void CheckQueue::change(gossip::PeerId id, Source& source, auto&& f) {
    if (!source.waiting.empty()) {
        order_.erase({source.served, id});
        load_.erase({source.bytes, id});
    }
    f();
    if (!source.waiting.empty()) {
        order_.emplace(source.served, id);
        load_.emplace(source.bytes, id);
    }
}

std::vector<Unchecked> CheckQueue::push(Unchecked unchecked) {
    const auto id = unchecked.from;
    const auto bytes = unchecked.memory_bytes = memory_bytes_of(unchecked.tx);
    unchecked.cost = recovery_cost + 3ns * static_cast<Duration::rep>(unchecked.tx.raw.size());
    Source& source = sources_[id];
    change(id, source, [&] {
        if (source.waiting.empty()) source.served = std::max(source.served, now_);
        source.bytes += bytes;
        source.waiting.push_back(std::move(unchecked));
    });
    bytes_ += bytes;
    std::vector<Unchecked> dropped;
    while (bytes_ > config_.bytes_max && !load_.empty()) dropped.push_back(drop_newest());
    return dropped;
}

Unchecked CheckQueue::drop_newest() {
    const auto id = std::prev(load_.end())->second;
    const auto found = sources_.find(id);
    Source& source = found->second;
    Unchecked out = std::move(source.waiting.back());
    const auto bytes = out.memory_bytes;
    change(id, source, [&] {
        source.waiting.pop_back();
        source.bytes -= bytes;
    });
    bytes_ -= bytes;
    forget_if_done(found);
    return out;
}

std::optional<Unchecked> CheckQueue::pop() {
    if (!own_.empty()) {
        Unchecked out = std::move(own_.front());
        own_.pop_front();
        return out;
    }
    if (order_.empty()) return std::nullopt;
    const auto id = order_.begin()->second;
    Source& source = sources_.find(id)->second;
    now_ = source.served;
    Unchecked out = std::move(source.waiting.front());
    change(id, source, [&] {
        source.waiting.pop_front();
        source.bytes -= out.memory_bytes;
        source.served += out.cost;
    });
    ++source.under_way;
    return out;
}

void CheckQueue::settle(const Unchecked& unchecked, bool useful) {
    if (unchecked.origin.local) {
        own_bytes_ -= unchecked.memory_bytes;
        return;
    }
    bytes_ -= unchecked.memory_bytes;
    const auto found = sources_.find(unchecked.from);
    Source& source = found->second;
    --source.under_way;
    if (useful) {
        change(unchecked.from, source,
               [&] { source.served -= unchecked.cost * (useful_part - 1) / useful_part; });
    }
    forget_if_done(found);
}

void CheckQueue::remove_peer(gossip::PeerId peer) {
    const auto found = sources_.find(peer);
    if (found == sources_.end()) return;
    found->second.gone = true;
    forget_if_done(found);
}

void CheckQueue::forget_if_done(Sources::iterator source) {
    const auto& [id, s] = *source;
    if (s.gone && s.waiting.empty() && s.under_way == 0) sources_.erase(source);
}

}  // namespace parley::chain
