// Follower: follows a chain by votes by its headers alone: which headers to ask of whom, which of
// them to trust, and what to keep.
//
// By skipping: it asks for the newest header of a peer, and trusts it as Trust says, by way of
// headers between if need be; those that were left out are fetched backwards, and known by their
// hashes. By walking (FollowerConfig::walks): header after header, each with its seals and the
// votes on validators. Two certificates for one height end everything: the validators are not to be
// trusted, and a person has to look.
//
// Who gives no answer in time is asked last; who gives a wrong one is charged.
//
//     follower.on_status(now, peer, status, out);
//     for (auto& effect : out) perform(effect);  // Check in a Job, and back to on_checked()
//
// A core without I/O. Bounded: one question at a time, gaps_max gaps, and of each peer its status.
// Threading: the node's thread; Check::run() on any.
#pragma once

#include <parley/base/time.hpp>
#include <parley/chain/light/header_row.hpp>
#include <parley/chain/light/messages.hpp>
#include <parley/chain/light/trust.hpp>
#include <parley/transport/module.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace parley::chain::light {

struct FollowerConfig {
    bool walks = false;  ///< from the genesis or an epoch's block
    /// A block that is trusted whatever sealed it, if it is above the head.
    struct Checkpoint {
        std::uint64_t number = 0;
        Hash256 hash{};
    };
    std::optional<Checkpoint> checkpoint = {};
    std::uint32_t headers_per_question = 128;
    Duration patience = std::chrono::seconds{3};   ///< for an answer
    Duration back_off = std::chrono::seconds{10};  ///< of who gave none; it doubles
    Duration back_off_max = std::chrono::minutes{10};
};

class Follower {
public:
    static constexpr std::size_t gaps_max = 64;
    using PeerId = std::uint64_t;

    struct Known {
        Header header;
        Hash256 hash{};
    };
    /// Numbers between two trusted headers whose headers are not here.
    struct Gap {
        std::uint64_t low = 0;   ///< the trusted header below
        std::uint64_t high = 0;  ///< the known header above
        Hash256 parent{};        ///< of that one
        friend bool operator==(const Gap&, const Gap&) = default;
    };

    // Effects.
    struct Ask {
        PeerId peer;
        GetHeaders question;
    };
    struct Charge {
        PeerId peer;
        transport::Offence offence;
        std::string why;
    };
    struct Keep {
        std::vector<Known> headers;
        KeepSeals seals{};
    };
    /// The head is another one.
    struct Moved {};
    /// Two certificates for one height; the chain must not be trusted any more.
    struct Conflict {
        Header ours;
        Header theirs;
    };
    /// Something that a person should know, once.
    struct Warn {
        std::string what;
        std::string advice;
    };
    enum class Purpose : std::uint8_t { head, pivot, fill, walk, witness, checkpoint };
    /// Slow: for a Job.
    struct Check {
        PeerId peer = 0;
        Purpose purpose{};
        std::shared_ptr<const Trust> trust;
        TrustedHeader base = {};
        ChainHeader parent = {};      ///< walk
        Hash256 expected{};           ///< fill: the first one's hash
        std::vector<Header> headers;  ///< fill: descending; walk: ascending
        UnixTime now{};
        std::vector<Known> good = {};
        std::optional<TrustedHeader> trusted = {};
        ChainHeader end = {};  ///< walk: the last that is good
        std::optional<TrustError> error = {};
        void run();
    };
    using Effect = std::variant<Ask, Charge, Keep, Moved, Conflict, Warn, Check>;
    using Effects = std::vector<Effect>;

    /// `at`: a header that was kept. `head` is trusted; `gaps` lie below it.
    Follower(FollowerConfig config, std::shared_ptr<const Trust> trust,
             std::function<std::optional<Known>(std::uint64_t)> at, ChainHeader head,
             std::vector<Gap> gaps = {});

    void add_peer(PeerId peer);
    void remove_peer(Now now, PeerId peer, Effects& out);
    void on_status(Now now, PeerId peer, const ChainStatus& status, Effects& out);
    /// The answer to Ask, newest first.
    void on_headers(Now now, PeerId peer, std::uint64_t id, std::vector<Header> headers,
                    Effects& out);
    void on_checked(Now now, Check check, Effects& out);
    /// Two headers that another node found: stops if they convince.
    void on_conflict(Now now, PeerId peer, Header one, Header other, Effects& out);
    void on_timer(Now now, Effects& out);
    Instant next_wakeup() const;

    const TrustedHeader& head() const { return head_; }
    /// The head, with the votes that are open after it if it walks.
    const ChainHeader& walked() const { return walked_; }
    const std::vector<Gap>& gaps() const { return gaps_; }
    /// Headers that are not here, below the head.
    std::uint64_t missing() const;
    /// The highest number that a peer says it has.
    std::uint64_t highest() const;
    bool is_halted() const { return is_halted_; }
    /// A conflict was found in an earlier life.
    void stay_halted();

private:
    struct Peer {
        std::optional<ChainStatus> status = {};
        Instant not_before = {};
        Duration back_off = {};
        std::uint64_t asked = 0;
    };
    struct Question {
        PeerId peer;
        std::uint64_t id;
        Purpose purpose;
        std::uint64_t last;
        std::uint32_t count;
        Instant deadline;
    };
    struct Fetched {
        PeerId peer;
        Header header;
    };
    struct Suspect {
        PeerId peer;
        std::uint64_t number;
    };

    std::uint64_t walk_max() const;
    void advance(Now now, Effects& out);
    std::optional<PeerId> next_peer(Now now, std::uint64_t number) const;
    bool fill(Now now, Effects& out);
    void ask(Now now, PeerId peer, Purpose purpose, std::uint64_t last, std::uint32_t count,
             Effects& out);
    void check(Now now, PeerId peer, Purpose purpose, std::vector<Header> headers, Effects& out);
    void set_aside(Now now, PeerId peer);
    void refuse(Now now, PeerId peer, std::string why, Effects& out);
    void on_skipped(Now now, Check& check, Effects& out);
    void on_checkpoint(Now now, Check& check, Effects& out);
    void on_filled(Now now, Check& check, Effects& out);
    void on_walked(Now now, Check& check, Effects& out);
    void wait_for_time(Now now, const Check& check, Effects& out);
    void on_witness(Now now, Check& check, Effects& out);
    void accept(TrustedHeader header, Effects& out);
    void halt(Header ours, Header theirs, Effects& out);
    void warn(std::string what, std::string advice, Effects& out);

    FollowerConfig config_;
    std::shared_ptr<const Trust> trust_;
    std::function<std::optional<Known>(std::uint64_t)> at_;
    TrustedHeader head_;
    ChainHeader walked_;  // the head, with the notes of walking
    std::vector<Gap> gaps_;
    std::vector<Fetched> pivots_;  // not trusted yet, the lowest last
    std::optional<Question> question_;
    bool is_checking_ = false;
    bool fills_next_ = false;  // a gap, before it asks for a newer head
    std::map<PeerId, Peer> peers_;
    std::vector<Suspect> suspects_;  // one of each peer
    std::uint64_t next_id_ = 1;
    Instant now_{};  // of the last call
    bool is_halted_ = false;
    std::string warned_;
};

}  // namespace parley::chain::light
