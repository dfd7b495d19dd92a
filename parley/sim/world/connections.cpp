#include <parley/sim/world/connections.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace parley::sim {

Connections::Connections(PathOf path, std::size_t socket_bytes_max, EventHeap<Event>& events,
                         Rng& rng)
    : path_(std::move(path)), socket_bytes_max_(socket_bytes_max), events_(events), rng_(rng) {}

// --- The table -------------------------------------------------------------------------------

WorldLink* Connections::find(ConnectionRef ref) {
    if (ref.place >= places_.size() || generations_[ref.place] != ref.generation) return nullptr;
    return places_[ref.place].get();
}

ConnectionRef Connections::add(HostId from, HostId to) {
    std::uint32_t place = 0;
    if (free_.empty()) {
        place = static_cast<std::uint32_t>(places_.size());
        places_.emplace_back();
        generations_.push_back(0);
    } else {
        place = free_.back();
        free_.pop_back();
    }
    const ConnectionRef ref{place, generations_[place]};
    places_[place] = std::make_unique<WorldLink>(path(from, to));
    auto& ends = places_[place]->ends;
    for (std::uint8_t side = 0; side < 2; ++side) {
        ends[side].host = side == 0 ? from : to;
        ends[side].connection = ref;
        ends[side].side = side;
    }
    return ref;
}

void Connections::bury() {
    for (const auto place : graveyard_) {
        places_[place].reset();
        ++generations_[place];
        free_.push_back(place);
    }
    graveyard_.clear();
}

std::size_t Connections::dead(const std::function<bool(HostId)>& counts) const {
    return static_cast<std::size_t>(std::ranges::count_if(places_, [&](const auto& each) {
        return each && each->dead_air && std::ranges::any_of(each->ends, [&](const End& end) {
                   return end.machine.has_value() && counts(end.host);
               });
    }));
}

// --- On the way ------------------------------------------------------------------------------

PathConfig Connections::path(HostId a, HostId b) const {
    if (path_) return path_(a, b);
    return {.base = std::chrono::milliseconds{30}};
}

void Connections::send(End& from, Bytes bytes, std::optional<transport::CloseReason> last,
                       Duration clog) {
    auto& pipe = from.out;
    pipe.in_flight += bytes.size();
    pipe.full = pipe.in_flight >= socket_bytes_max_;
    const auto to_side = static_cast<std::uint8_t>(1 - from.side);
    events_.at(pipe.path.send(events_.now() + clog, bytes.size(), rng_),
               Segment{from.connection, to_side, last, to_buffer(bytes)});
}

bool Connections::hold(Segment& segment) {
    auto& ends = find(segment.connection)->ends;
    auto& from = ends[1 - segment.to_side];
    if (from.out.held.empty() && !blocked(from.host, ends[segment.to_side].host)) return false;
    from.out.held.push_back(std::move(segment));
    return true;
}

void Connections::taken(const End& by, std::size_t bytes) {
    const auto other = static_cast<std::uint8_t>(1 - by.side);
    auto& sender = find(by.connection)->ends[other];
    auto& pipe = sender.out;
    pipe.in_flight -= bytes;
    if (!pipe.full || pipe.in_flight > socket_bytes_max_ / 2) return;
    pipe.full = false;
    events_.at(events_.now() + path(by.host, sender.host).base, Writable{by.connection, other});
}

void Connections::partition(Blocked blocked) {
    blocked_ = std::move(blocked);
    for (const auto& connection : places_) {
        if (!connection) continue;
        for (auto& end : connection->ends) {
            auto held = std::exchange(end.out.held, {});
            for (auto& segment : held) {
                const Instant at = end.out.path.send(events_.now(), segment.bytes.size(), rng_);
                events_.at(at, std::move(segment));
            }
        }
    }
}

}  // namespace parley::sim
