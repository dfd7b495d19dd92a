// WorkGate: decides which peers' headers count, on a chain by work. Where the headers that a peer
// gave do not have the work that is needed, it has to show more first (HeaderPresync); only then
// its headers are taken. What is needed is the work that the settings name, or that of the own
// chain less its last blocks, whichever is more.
//
// It stands between a peer and who follows headers (Downloads, HeaderSync): statuses reach those by
// Follow, and their questions' answers are shown to judge() first. A core without I/O: effects are
// appended to a list that the caller takes; headers are checked by whoever performs Check, in a
// Job.
//
// Bounded: of each peer HeaderPresync's memory, one question and one Check. Threading: the node's
// thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/sync/header_presync.hpp>
#include <parley/chain/sync/messages.hpp>
#include <parley/transport/module.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace parley::chain {

struct WorkGateConfig {
    Uint256 minimum_work{};           ///< chains that claim less are not followed
    std::uint64_t blocks_back = 144;  ///< of the own chain, that need not be shown
    std::size_t headers_per_question = 128;
    Duration patience = std::chrono::seconds{8};  ///< for an answer
};

class WorkGate {
public:
    using PeerId = std::uint64_t;
    /// All ids of questions from here on are its own.
    static constexpr std::uint64_t first_id = std::uint64_t{1} << 63;

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
    /// Its chain may be followed.
    struct Follow {
        PeerId peer;
        sync_topic::ChainStatus status;
    };
    /// Charge a peer.
    struct Charge {
        PeerId peer;
        transport::Offence offence;
    };
    using Effect = std::variant<Ask, Check, Follow, Charge>;

    /// The headers that are here.
    struct Chain {
        std::function<const ChainHeader&()> head;
        std::function<std::vector<Hash256>()> locator;
        std::function<std::optional<ChainHeader>(const Hash256&)> find;
        std::function<const Engine&()> engine;
    };

    WorkGate(const WorkGateConfig& config, Chain chain, Rng rng)
        : config_(config), chain_(std::move(chain)), rng_(rng) {}

    void add_peer(PeerId peer) { peers_.try_emplace(peer); }
    void remove_peer(PeerId peer) { peers_.erase(peer); }
    void on_status(Now now, PeerId peer, const sync_topic::ChainStatus& status,
                   std::vector<Effect>& out);
    /// Whether these headers may be kept, which the peer gave to whoever follows its chain. If not,
    /// that one is to forget what it knows of the peer until a Follow says otherwise. They are
    /// checked here, in some 5 us each.
    bool judge(Now now, PeerId peer, const std::vector<Header>& headers, std::vector<Effect>& out);
    /// The answer to an Ask.
    void on_headers(Now now, PeerId peer, std::uint64_t id, std::vector<Header> headers,
                    std::vector<Effect>& out);
    /// The headers of the Check that are good, all or those before the first bad one.
    void on_checked(Now now, PeerId peer, const std::vector<ChainHeader>& good, bool all,
                    std::vector<Effect>& out);
    void on_timer(Now now, std::vector<Effect>& out);
    Instant next_wakeup() const;

    /// What a chain must have before its headers count.
    Uint256 work_needed() const;
    /// Of one peer; 0 if it shows nothing now.
    std::size_t memory_bytes(PeerId peer) const;

private:
    enum class Pass : std::uint8_t { none, first, second };
    struct Asked {
        std::uint64_t id = 0;
        Instant deadline{};
    };
    struct Peer {
        std::optional<sync_topic::ChainStatus> status;
        Pass pass = Pass::none;
        std::optional<HeaderPresync> presync;  // since the first answer
        std::optional<Asked> asked;
        bool is_checking = false;
        std::uint32_t restarts = 0;
    };

    void ask(Now now, PeerId id, Peer& peer, std::vector<Effect>& out);
    bool begin(Now now, PeerId id, Peer& peer, const Header& first, std::vector<Effect>& out);
    bool fits(PeerId id, Peer& peer, const std::vector<Header>& headers, std::vector<Effect>& out);
    void let_go(PeerId id, Peer& peer, transport::Offence offence, std::vector<Effect>& out);
    bool let_go_for_bad_headers(PeerId id, Peer& peer, std::vector<Effect>& out);
    std::optional<ChainHeader> find(const Hash256& hash) const;
    void remember(const ChainHeader& end);

    WorkGateConfig config_;
    Chain chain_;
    Rng rng_;
    std::map<PeerId, Peer> peers_;
    std::deque<ChainHeader> good_ends_;  // of headers that were let through
    std::uint64_t next_id_ = first_id;
};

}  // namespace parley::chain
