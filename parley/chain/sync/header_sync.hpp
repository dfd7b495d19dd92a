// HeaderSync: follows the best chain of headers ahead of the blocks, for who fetches the state
// instead of executing them. One peer is asked at a time, forwards from the last header that is
// here; each header is checked against its parent before it counts.
//
// A core without I/O: effects are appended to a list that the caller takes. Headers are checked by
// whoever performs Check, in a Job.
// Bounded: the last headers_max headers, one question, one Check. Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/sync/messages.hpp>
#include <parley/transport/module.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace parley::chain {

struct HeaderSyncConfig {
    std::size_t headers_per_question = 512;
    std::size_t headers_max = 1'024;              ///< that are kept, the last ones
    Duration patience = std::chrono::seconds{8};  ///< for an answer
};

class HeaderSync {
public:
    using PeerId = std::uint64_t;

    /// Ask a peer.
    struct Ask {
        PeerId peer;
        sync_topic::GetHeaders question;
    };
    /// Check headers that follow each other, the first one `parent`; then on_checked().
    struct Check {
        PeerId peer;
        ChainHeader parent;
        std::vector<Header> headers;
    };
    /// The chain now goes on so, instead of with what was there from the number of the first on.
    struct Extend {
        std::vector<ChainHeader> headers;
        std::uint64_t old_tip = 0;  ///< the number of what was the last
    };
    /// Charge a peer.
    struct Charge {
        PeerId peer;
        transport::Offence offence;
    };
    using Effect = std::variant<Ask, Check, Extend, Charge>;

    /// `known`: the end of a chain of checked headers, ascending, at least one.
    HeaderSync(HeaderSyncConfig config, std::shared_ptr<const Engine> engine,
               std::vector<ChainHeader> known);

    void add_peer(PeerId peer) { peers_.try_emplace(peer); }
    void remove_peer(Now now, PeerId peer, std::vector<Effect>& out);
    void on_status(Now now, PeerId peer, const sync_topic::ChainStatus& status,
                   std::vector<Effect>& out);
    void on_headers(Now now, PeerId peer, std::uint64_t id, std::vector<Header> headers,
                    std::vector<Effect>& out);
    /// An answer with headers that must not be kept. The peer is asked no more before its next
    /// status.
    void on_held(Now now, PeerId peer, std::uint64_t id, std::vector<Effect>& out);
    /// The headers of the Check that are good, all or those before the first bad one.
    void on_checked(Now now, std::vector<ChainHeader> good, bool all, std::vector<Effect>& out);
    void on_timer(Now now, std::vector<Effect>& out);
    Instant next_wakeup() const { return asked_ ? asked_->deadline : never; }

    const ChainHeader& tip() const { return headers_.back(); }
    /// Null if it is not among those that are kept.
    const ChainHeader* find(std::uint64_t number) const;
    const ChainHeader* find(const Hash256& hash) const;
    /// The last, and ever larger steps back from it.
    std::vector<Hash256> locator() const;
    /// Most of the peers say that the chain goes on for more than `blocks`.
    bool is_behind(std::uint64_t blocks) const;
    /// A peer says so that was not found to be wrong, or no peer has said anything yet.
    bool may_be_behind(std::uint64_t blocks) const;

private:
    struct Peer {
        std::optional<sync_topic::ChainStatus> status;
        std::uint32_t failures = 0;
        bool has_no_more = false;  // by its last status
    };
    struct Asked {
        PeerId peer;
        std::uint64_t id = 0;
        Instant deadline{};
    };

    void work(Now now, std::vector<Effect>& out);
    void fail(PeerId id, transport::Offence offence, std::vector<Effect>& out);

    HeaderSyncConfig config_;
    std::shared_ptr<const Engine> engine_;
    std::deque<ChainHeader> headers_;
    std::map<PeerId, Peer> peers_;
    std::optional<Asked> asked_;
    std::optional<PeerId> checking_;  // whose headers
    std::uint64_t next_id_ = 1;
};

/// The first of `headers` after `parent` that are good, each following the one before it. Slow: for
/// a Job.
std::vector<ChainHeader> check_headers(const Engine& engine, const ChainHeader& parent,
                                       const std::vector<Header>& headers);

}  // namespace parley::chain
