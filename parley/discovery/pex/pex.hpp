// Pex: peer exchange, a module like any other: topic "pex", GetPeers and Peers (pex_messages.hpp).
// It asks every link for signed records and puts them into the address book, each with its
// source; PexAnswers says what it answers. docs/formats/pex.md says what the two sides may expect
// of each other.
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/discovery/pex/pex_answers.hpp>
#include <parley/discovery/pex/pex_config.hpp>
#include <parley/discovery/pex/pex_messages.hpp>
#include <parley/events/hub.hpp>
#include <parley/events/log.hpp>
#include <parley/transport/module.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace parley::discovery {

/// The module; see the head of this file.
class Pex final : public transport::PeerHandler {
public:
    static constexpr std::string_view topic_name = "pex";  ///< on the wire

    /// `book`, `hub` and `log` outlive it.
    Pex(PexConfig config, AddressBook& book, Hub& hub, Log& log, Rng rng);
    ~Pex() override;

    /// Topic "pex", version 1.
    transport::TopicSpec topic() const override;
    /// One side of the exchange with one peer, which asks at once. Must not outlive the module.
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override;
    /// When a question is due or an answer late, on any link.
    Instant next_wakeup() const override { return wakeup_; }
    /// Asks the peers that are due. Early calls are harmless.
    void on_timer(Now now) override;

    /// See PexAnswers::alternatives().
    std::vector<Enr> alternatives(Now now, const IpAddress& caller, const Enr& record,
                                  std::size_t count) {
        return answers_.alternatives(now, caller, record, count);
    }

    /// Since the start, over all links.
    struct Counters {
        std::uint64_t asked = 0;             ///< GetPeers sent
        std::uint64_t answered = 0;          ///< Peers sent
        std::uint64_t records_received = 0;  ///< in Peers that we asked for
        std::uint64_t records_new = 0;       ///< of these, new to the book or newer than its own
    };
    const Counters& counters() const { return counters_; }  ///< for metrics

private:
    class Peer;
    /// Takes an answer's records over into the book.
    Result<void, transport::Offence> learn(transport::Context& context, const Peers& peers);
    std::optional<AddResult> learn_record(Now now, Bytes raw, const Source& source);
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
    PexAnswers answers_;
    Counters counters_;
};

}  // namespace parley::discovery
