// Pex: peer exchange, a module like any other: topic "pex", GetPeers and Peers (pex_messages.hpp).
// It asks every link for signed records and puts them into the address book, each with its
// source; it answers with a cached sample of nodes that it knows to be alive.
// docs/formats/pex.md says what the two sides may expect of each other.
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/base/token_bucket.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/discovery/pex/pex_messages.hpp>
#include <parley/events/hub.hpp>
#include <parley/events/log.hpp>
#include <parley/transport/module.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace parley::discovery {

struct PexConfig {
    std::uint16_t records_per_request = 32;  ///< 1 to pex_records_max
    Duration second_ask = 2500ms;            ///< after the first, which goes out at link up
    /// Asks of one link double their distance up to it: about as long as answers stay the same.
    Duration ask_interval_max = std::chrono::minutes{4};
    Duration ask_interval_hungry = 10s;  ///< the same while the book is hungry
    std::size_t hungry_below = 32;       ///< entries that are neither up, dialed nor waiting
    Duration answer_timeout = 20s;       ///< an answer this late is Offence::useless
    /// What a peer may ask: more is Offence::too_often. Part of the topic's contract.
    double asks_per_second = 1.0;
    double asks_burst = 4.0;
    Duration answer_cache = std::chrono::minutes{4};  ///< the same answer to all for so long
    Duration top_up_interval = 250ms;    ///< a short answer is filled up no oftener, at first
    Duration top_up_interval_max = 10s;  ///< while that finds nobody, the distance doubles
    Duration alive_within = std::chrono::hours{24};  ///< who had a link since then may be told
    std::size_t turned_away_max = 64;  ///< callers remembered, to be told to the next ones
    Duration turned_away_for = std::chrono::minutes{2};  ///< for so long
};

class Pex final : public transport::PeerHandler {
public:
    static constexpr std::string_view topic_name = "pex";

    /// `book`, `hub` and `log` outlive it.
    Pex(PexConfig config, AddressBook& book, Hub& hub, Log& log, Rng rng);
    ~Pex() override;

    transport::TopicSpec topic() const override;
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override;
    Instant next_wakeup() const override { return wakeup_; }
    void on_timer(Now now) override;

    /// Records for a Goodbye to a caller that is turned away. Half are of those who were turned
    /// away shortly before and called from the address in their record: they look for links, too.
    /// The others come from the book, other ones for each network group of callers, but the same
    /// for one group during `answer_cache`, so that asking again learns nothing. Of several in one
    /// /16 (IPv6: /32) one alone, unless there are too few others.
    std::vector<Enr> alternatives(Now now, const IpAddress& caller, const Enr& record,
                                  std::size_t count);

    struct Counters {
        std::uint64_t asked = 0;
        std::uint64_t answered = 0;
        std::uint64_t records_received = 0;
        std::uint64_t records_new = 0;
    };
    const Counters& counters() const { return counters_; }

private:
    class Peer;
    /// One sample for each audience.
    struct Answer {
        Instant until = Instant::min();
        Instant top_up_at = Instant::min();
        Duration top_up_interval{};
        std::vector<NodeId> ids;
    };

    /// IDs to tell somebody at `to`, in the order of the cache.
    const std::vector<NodeId>& told_to(Now now, const IpAddress& to);
    void top_up(Now now, const IpAddress& to, Answer& answer);
    bool may_tell(Now now, const Entry& entry, const IpAddress& to) const;
    /// What to answer a peer with that ID there: `count` records of together `bytes_max`.
    std::vector<Bytes> answer(Now now, const IpAddress& to, const NodeId& asker, std::size_t count,
                              std::size_t bytes_max);
    /// Takes an answer's records over into the book.
    Result<void, transport::Offence> learn(transport::Context& context, const Peers& peers);
    std::optional<AddResult> learn_record(Now now, Bytes raw, const Source& source);
    Rng picks_for(Now now, const IpAddress& caller, const NodeId& id) const;
    void remember_turned_away(Now now, const IpAddress& caller, const Enr& record);
    void wake_at(Instant when) { wakeup_ = std::min(wakeup_, when); }
    bool hungry() const { return book_.count(EntryState::unknown) < config_.hungry_below; }

    PexConfig config_;
    AddressBook& book_;
    Hub& hub_;
    Log& log_;
    Rng rng_;
    std::map<std::uint64_t, Peer*> peers_;  // by serial number, so that runs repeat
    std::uint64_t next_serial_ = 0;
    Instant wakeup_ = never;  // the earliest of all peers', or before it
    std::array<Answer, 3> answers_;
    struct TurnedAway {
        Enr record;
        Instant when;
    };
    std::deque<TurnedAway> turned_away_;  // the newest last
    std::uint64_t alternatives_salt_;
    Counters counters_;
};

}  // namespace parley::discovery
