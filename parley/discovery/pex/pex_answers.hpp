// PexAnswers: which records a node hands out: to a peer that asks, and in a Goodbye to a caller
// that is turned away. The book knows which nodes are alive; here they are sampled so that asking
// again, or under many IDs, learns no more than asking once. Bounded: 32 IDs for each of three
// audiences, and `turned_away_max` records of callers. docs/formats/pex.md, "Answering". Threading:
// the node's thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/discovery/pex/pex_config.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/enr.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace parley::discovery {

/// What one node hands out; see the head of this file.
class PexAnswers {
public:
    /// `book` and `rng` outlive it. Samples are drawn from `rng`; `salt` is random, and secret.
    PexAnswers(const PexConfig& config, AddressBook& book, Rng& rng, std::uint64_t salt)
        : config_(config), book_(book), rng_(rng), salt_(salt) {}

    /// The records for a peer with the ID `asker` at `to`: at most `count`, which fit with their
    /// envelope into a message of `bytes_max`. Views into the book, valid until it changes.
    std::vector<Bytes> answer(Now now, const IpAddress& to, const NodeId& asker, std::size_t count,
                              std::size_t bytes_max);

    /// At most `count` records for a Goodbye to a caller that is turned away. Half are of callers
    /// that were turned away shortly before and called from the address in their record: they look
    /// for links, too. The others come from the book, other ones for each network group of callers,
    /// but the same for one group during `answer_cache`, so that asking again learns nothing. Of
    /// several in one /16 (IPv6: /32) one alone, unless there are too few others.
    std::vector<Enr> alternatives(Now now, const IpAddress& caller, const Enr& record,
                                  std::size_t count);

private:
    /// A sample, one for each audience: internet, private networks, loopback.
    struct Answer {
        Instant until = Instant::min();
        Instant top_up_at = Instant::min();
        Duration top_up_interval{};
        std::vector<NodeId> ids;
    };
    struct TurnedAway {
        Enr record;
        Instant when;
    };

    const std::vector<NodeId>& sample_for(Now now, const IpAddress& to);
    void top_up(Now now, const IpAddress& to, Answer& answer);
    bool may_advertise(Now now, const Entry& entry, const IpAddress& to) const;
    Rng picks_for(Now now, const IpAddress& caller, const NodeId& id) const;
    void remember_turned_away(Now now, const IpAddress& caller, const Enr& record);

    PexConfig config_;
    AddressBook& book_;
    Rng& rng_;
    std::uint64_t salt_;
    std::array<Answer, 3> answers_;
    std::deque<TurnedAway> turned_away_;  // the newest last
};

}  // namespace parley::discovery
