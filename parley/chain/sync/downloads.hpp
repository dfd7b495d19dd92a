// Downloads: which headers and bodies to ask of whom, so that the ledger catches up with the peers
// that are ahead. Headers come from one peer at a time, forwards from what the ledger has; their
// bodies from all peers that have them, side by side; blocks go to the ledger in order.
//
// Who does not answer in time is asked last; who answers with what was not asked, with headers that
// do not follow, or with a body that is not its header's, is charged, and another one is asked. An
// honest peer may lose a race to a new head, so that an answer without items costs nothing; nor
// does a header whose time has not come: its peer is asked again then.
//
// A core without I/O: effects are appended to a list that the caller takes.
// Bounded by DownloadsConfig, and one question a peer. Threading: the node's thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/sync/messages.hpp>
#include <parley/chain/types/block.hpp>
#include <parley/transport/module.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace parley::chain {

struct DownloadsConfig {
    std::size_t ahead_max = 256;  ///< blocks between the head and the last header
    std::size_t headers_per_question = 128;
    std::size_t bodies_per_question = 16;
    std::size_t bytes_max = std::size_t{32} << 20;  ///< of bodies that wait for their turn
    Duration patience = std::chrono::seconds{8};    ///< for an answer
};

class Downloads {
public:
    using PeerId = std::uint64_t;

    /// Ask a peer.
    struct Ask {
        PeerId peer;
        std::variant<sync_topic::GetHeaders, sync_topic::GetByHash> question;
    };
    /// Import a block, after those that came before.
    struct Import {
        Block block;
    };
    /// Charge a peer.
    struct Charge {
        PeerId peer;
        transport::Offence offence;
    };
    using Effect = std::variant<Ask, Import, Charge>;

    /// What the ledger knows. All are called inside this class's members alone.
    struct Chain {
        /// Whether a chain that ends so is to be followed instead of ours.
        std::function<bool(const sync_topic::ChainStatus&)> is_better;
        /// Some hashes of our main chain, the head first, the genesis last.
        std::function<std::vector<Hash256>()> locator;
        std::function<bool(const Hash256&)> is_known;
        std::function<Hash256(const Header&)> hash_of = [](const Header& header) {
            return header.hash();
        };
        /// When a block may be taken whose time has not come; nothing: it may be now.
        std::function<std::optional<Instant>(const Header&, Now)> due = [](const Header&, Now) {
            return std::optional<Instant>{};
        };
    };

    Downloads(DownloadsConfig config, Chain chain) : config_(config), chain_(std::move(chain)) {}

    void add_peer(PeerId peer);
    /// What was asked of it is asked of another.
    void remove_peer(Now now, PeerId peer, std::vector<Effect>& out);
    void on_status(Now now, PeerId peer, const sync_topic::ChainStatus& status,
                   std::vector<Effect>& out);
    void on_headers(Now now, PeerId peer, std::uint64_t id, std::vector<Header> headers,
                    std::vector<Effect>& out);
    /// An answer with headers that must not be kept. The peer is asked for none before its next
    /// status.
    void on_held(Now now, PeerId peer, std::uint64_t id, std::vector<Effect>& out);
    /// In the order of the question; nothing: the peer has it not. Fewer may come.
    void on_bodies(Now now, PeerId peer, std::uint64_t id, std::vector<std::optional<Body>> bodies,
                   std::vector<Effect>& out);
    /// What became of an Import.
    enum class Outcome : std::uint8_t {
        imported,
        wrong_body,  ///< it is not the header's: whoever sent it is charged, and another is asked
        invalid,     ///< whoever sent the header is charged, and what follows is dropped
        too_deep,    ///< its branch is not taken, though nothing is wrong with it
        failed,      ///< our own disk or bounds: begins again with the next status
    };
    void on_imported(Now now, const Hash256& hash, Outcome outcome, std::vector<Effect>& out);
    void on_timer(Now now, std::vector<Effect>& out);
    Instant next_wakeup() const;

    /// Blocks between what the ledger has and the last header that is known.
    std::size_t ahead() const { return blocks_.size(); }

private:
    struct Question {
        std::uint64_t id = 0;
        bool of_headers = false;
        std::vector<Hash256> hashes;  // whose bodies
        Instant deadline{};
    };
    struct Peer {
        std::optional<sync_topic::ChainStatus> status;
        std::optional<Question> question;
        std::uint32_t failures = 0;  // answers that did not come, since the last good one
        bool has_no_more = false;    // headers, by its last status
        std::optional<Instant> waits_until = {};  // for a block whose time has not come
    };
    struct Pending {
        Hash256 hash{};
        Header header;
        PeerId header_from = 0;
        PeerId body_from = 0;
        bool is_asked = false;
        bool is_importing = false;
        std::optional<Body> body;
        std::size_t body_bytes = 0;
    };

    Peer* peer_of(PeerId id);
    Pending* find(const Hash256& hash);
    void charge(PeerId peer, transport::Offence offence, std::vector<Effect>& out);
    void give_back(Peer& peer);
    void drop_from(std::size_t first);
    void work(Now now, std::vector<Effect>& out);
    void ask_headers(Now now, std::vector<Effect>& out);
    void ask_bodies(Now now, std::vector<Effect>& out);
    void start_imports(std::vector<Effect>& out);
    std::size_t bytes_held() const;
    bool follows(const Header& header, const Hash256& parent, std::uint64_t number) const;

    DownloadsConfig config_;
    Chain chain_;
    std::map<PeerId, Peer> peers_;
    std::deque<Pending> blocks_;  // each the parent of the next
    std::uint64_t next_id_ = 1;
};

}  // namespace parley::chain
