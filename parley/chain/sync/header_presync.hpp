// HeaderPresync: has a peer show the work of its chain before any of its headers is kept. A claim
// costs nothing, and headers of little work nearly nothing: without this a peer could fill the disk
// with a long chain that leads nowhere.
//
// In the first pass each header is checked against the one before it and thrown away. What stays is
// the last one, the work so far, and of each period-th header one bit of its hash under a secret
// key. Once the work is enough the headers come again, to whoever keeps them, and those with a bit
// must fit it: who gives others the second time cannot know which bits they need. On average
// 2 * period headers get through before it is caught.
//
//     HeaderPresync presync{start, claimed_number, work_min, key};
//     if (!presync.add(checked)) return;                 // it gave more than it said
//     if (presync.is_shown()) ask_again();
//     if (!presync.fits(number, hash)) charge_peer();    // the second time
//
// Bounded by memory_bytes_max: the period grows with the number that the peer claims.
// Threading: values.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/sip_hash.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/consensus/engine.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace parley::chain {

class HeaderPresync {
public:
    static constexpr std::size_t memory_bytes_max = std::size_t{1} << 20;
    static constexpr std::uint64_t period_min = 8;

    /// `start` is known here, and the peer's next header follows it. It may give headers up to
    /// `number_max`, and is to show that the chain up to one of them has `work_min`.
    /// Precondition: number_max is above the start's.
    HeaderPresync(ChainHeader start, std::uint64_t number_max, const Uint256& work_min, SipKey key);

    const ChainHeader& last() const { return last_; }
    const Hash256& start_hash() const { return start_hash_; }
    bool is_shown() const { return last_.total_difficulty >= work_min_; }
    /// Those that follow last(), checked. False: there are more than number_max allows.
    bool add(std::span<const ChainHeader> headers);
    /// In the second pass: whether the header of this number may be the one that was here. Above
    /// last() and up to the start anything fits.
    bool fits(std::uint64_t number, const Hash256& hash) const;

    std::uint64_t period() const { return period_; }
    /// All of it.
    std::size_t memory_bytes() const;

private:
    bool has_bit(std::uint64_t number) const;
    bool bit_of(const Hash256& hash) const { return (sip_hash(key_, hash) & 1) != 0; }

    std::uint64_t start_number_;
    Hash256 start_hash_{};
    std::uint64_t number_max_;
    Uint256 work_min_{};
    SipKey key_;
    std::uint64_t period_;
    std::uint64_t offset_;  // of the first with a bit
    ChainHeader last_;
    Buffer bits_;
    std::uint64_t bits_count_ = 0;
};

}  // namespace parley::chain
