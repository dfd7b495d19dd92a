#include <parley/discovery/book/buckets.hpp>

#include <parley/base/endian.hpp>

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace parley::discovery {

namespace {

constexpr std::uint32_t untried_buckets_per_source_part = 16;
constexpr std::uint32_t tried_buckets_per_group_part = 32;

std::uint32_t buckets_in(std::size_t places) {
    const auto buckets = std::max<std::size_t>(1, places / Buckets::bucket_places);
    return static_cast<std::uint32_t>(std::bit_floor(buckets));
}

/// The part of `buckets` that one group may use: at least one.
std::uint32_t part_of(std::uint32_t buckets, std::uint32_t part) {
    return std::max(1U, buckets / part);
}

}  // namespace

Buckets::Buckets(std::size_t entries_max, std::uint64_t key, OwnerGroups owners, bool by_group)
    : key_(key), owners_(std::move(owners)), by_group_(by_group) {
    auto& untried = sides_[index(BookTable::untried)];
    auto& tried = sides_[index(BookTable::tried)];
    untried.buckets = buckets_in(entries_max / 5 * 4);
    tried.buckets = buckets_in(entries_max / 5);
    tried.first_bucket = untried.buckets;
    untried_places_ = untried.buckets * bucket_places;
    const std::size_t buckets = untried.buckets + tried.buckets;
    at_.assign(buckets * bucket_places, nobody);
    count_.assign(buckets, 0);
    used_at_.assign(buckets, 0);
}

std::uint64_t Buckets::hash(char purpose, std::uint64_t a, std::uint64_t b) const {
    ByteArray<17> bytes{};
    bytes[0] = static_cast<std::byte>(purpose);
    store_be(MutableBytes{bytes}.subspan(1, 8), a);
    store_be(MutableBytes{bytes}.subspan(9, 8), b);
    return SaltedHash{key_}(bytes);
}

std::uint64_t Buckets::hash(char purpose, const Endpoint& endpoint) const {
    ByteArray<19> bytes{};
    bytes[0] = static_cast<std::byte>(purpose);
    std::ranges::copy(endpoint.address.bytes(), bytes.begin() + 1);
    store_be(MutableBytes{bytes}.subspan(17, 2), endpoint.port);
    return SaltedHash{key_}(bytes);
}

std::uint64_t Buckets::group(const Endpoint& endpoint) const {
    if (is_exempt_from_group_limits(endpoint.address)) return hash('e', endpoint);
    const OwnerGroup group = owners_.of(endpoint.address);
    if (group.as != 0) return hash('a', group.as);
    const NetworkGroup& network = group.network;
    return hash('g', load_be<std::uint64_t>(Bytes{network.prefix}.first(8)), network.v4 ? 4 : 6);
}

std::uint64_t Buckets::source_group(const Source& source) const {
    switch (source.kind) {
        case SourceKind::user:
        case SourceKind::boot:
        case SourceKind::static_peer:
            if (source.by == NodeId{}) return 0;
            break;
        default:
            break;
    }
    if (source.address && !is_exempt_from_group_limits(*source.address)) {
        return group({*source.address, 0});
    }
    // A caller from a private network advertises itself alone: then its endpoint spreads it.
    return SaltedHash{key_}(source.by.key);
}

Place Buckets::untried_place(const Endpoint& endpoint, std::uint64_t source) const {
    const auto& side = sides_[index(BookTable::untried)];
    if (!by_group_) return static_cast<Place>(hash('x', endpoint) % untried_places_);
    const auto within =
        hash('n', group(endpoint), source) % part_of(side.buckets, untried_buckets_per_source_part);
    const auto bucket = static_cast<std::uint32_t>(hash('N', source, within) % side.buckets);
    const auto place = hash('p', hash('E', endpoint), bucket) % bucket_places;
    return bucket * bucket_places + static_cast<std::uint32_t>(place);
}

Place Buckets::tried_place(const Endpoint& endpoint) const {
    const auto& side = sides_[index(BookTable::tried)];
    if (!by_group_) {
        return untried_places_ + static_cast<Place>(hash('y', endpoint) % places(BookTable::tried));
    }
    const auto within = hash('t', endpoint) % part_of(side.buckets, tried_buckets_per_group_part);
    const auto bucket = side.first_bucket + static_cast<std::uint32_t>(
                                                hash('T', group(endpoint), within) % side.buckets);
    const auto place = hash('q', hash('E', endpoint), bucket) % bucket_places;
    return bucket * bucket_places + static_cast<std::uint32_t>(place);
}

std::size_t Buckets::places(BookTable table) const {
    return std::size_t{sides_[index(table)].buckets} * bucket_places;
}

void Buckets::put(Place place, std::uint32_t entry) {
    assert(at_[place] == nobody);
    at_[place] = entry;
    auto& side = sides_[index(table_of(place))];
    ++side.taken;
    const std::uint32_t bucket = place / bucket_places;
    if (count_[bucket]++ > 0) return;
    used_at_[bucket] = static_cast<std::uint32_t>(side.used.size());
    side.used.push_back(bucket);
}

void Buckets::clear(Place place) {
    assert(at_[place] != nobody);
    at_[place] = nobody;
    auto& side = sides_[index(table_of(place))];
    --side.taken;
    const std::uint32_t bucket = place / bucket_places;
    if (--count_[bucket] > 0) return;
    const std::uint32_t last = side.used.back();
    side.used[used_at_[bucket]] = last;
    used_at_[last] = used_at_[bucket];
    side.used.pop_back();
}

std::uint32_t Buckets::random(BookTable table, Rng& rng) const {
    const auto& used = sides_[index(table)].used;
    if (used.empty()) return nobody;
    const std::uint32_t bucket = used[static_cast<std::size_t>(rng.below(used.size()))];
    auto skip = rng.below(count_[bucket]);
    for (Place place = bucket * bucket_places;; ++place) {
        if (at_[place] != nobody && skip-- == 0) return at_[place];
    }
}

}  // namespace parley::discovery
