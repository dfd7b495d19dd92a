#include <parley/chain/sync/header_presync.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley::chain {
namespace {

/// Half of the memory: a buffer that grows is there twice for a moment.
constexpr std::size_t bit_bytes_max = HeaderPresync::memory_bytes_max / 2;
constexpr std::uint64_t bits_max = std::uint64_t{bit_bytes_max} * 8;

}  // namespace

HeaderPresync::HeaderPresync(ChainHeader start, std::uint64_t number_max, const Uint256& work_min,
                             SipKey key)
    : start_number_(start.header.number),
      start_hash_(start.hash),
      number_max_(number_max),
      work_min_(work_min),
      key_(key),
      period_(std::max(period_min, (number_max - start_number_) / bits_max + 1)),
      offset_(1 + sip_hash(key, {}) % period_),
      last_(std::move(start)) {
    assert(number_max_ > start_number_);
}

bool HeaderPresync::has_bit(std::uint64_t number) const {
    const auto place = number - start_number_;
    return place >= offset_ && (place - offset_) % period_ == 0;
}

bool HeaderPresync::add(std::span<const ChainHeader> headers) {
    for (const auto& one : headers) {
        if (one.header.number > number_max_) return false;
        if (!has_bit(one.header.number)) continue;
        if (bits_count_ % 8 == 0) bits_.push_back({});
        if (bit_of(one.hash)) bits_.back() |= std::byte{1} << bits_count_ % 8;
        ++bits_count_;
    }
    if (!headers.empty()) last_ = headers.back();
    return true;
}

bool HeaderPresync::fits(std::uint64_t number, const Hash256& hash) const {
    if (number == last_.header.number) return hash == last_.hash;
    if (number <= start_number_ || number > last_.header.number || !has_bit(number)) return true;
    const auto index = (number - start_number_ - offset_) / period_;
    const auto byte = bits_[static_cast<std::size_t>(index / 8)];
    return bit_of(hash) == ((byte >> index % 8 & std::byte{1}) != std::byte{});
}

std::size_t HeaderPresync::memory_bytes() const {
    return sizeof *this + bits_.capacity() + last_.header.extra_data.capacity() +
           last_.notes.capacity();
}

}  // namespace parley::chain
