// BlockRelay: new blocks travel along a gossip tree of their own, in compact form, as soon as their
// header is found good: a block crosses the network while its first receivers still execute it.
// What a receiver's pool lacks it asks of who sent the block.
//
// Who sends a header that the consensus refuses, or transactions that are none, is charged. A block
// whose transactions do not come, or whose time has not, is forgotten, and fetched in the usual way
// (Downloads).
//
// A core without I/O: effects are appended to a list that the caller takes. Bounded: pending_max
// blocks that wait for transactions; the tree as TreeConfig says. Threading: the node's thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/sync/compact_block.hpp>
#include <parley/chain/sync/messages.hpp>
#include <parley/chain/types/block.hpp>
#include <parley/gossip/tree.hpp>
#include <parley/transport/module.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <variant>
#include <vector>

namespace parley::chain {

class BlockRelay {
public:
    using PeerId = gossip::PeerId;
    static constexpr std::size_t pending_max = 8;
    static constexpr std::size_t askers_max = 64;                  ///< of a block that waits
    static constexpr Duration patience = std::chrono::seconds{2};  ///< for transactions

    /// Send a message.
    struct Send {
        PeerId peer;
        transport::Code code;
        SharedBytes message;
    };
    /// Charge a peer.
    struct Charge {
        PeerId peer;
        transport::Offence offence;
    };
    /// Import a block that a peer sent; its header is good.
    struct Import {
        PeerId from;
        Block block;
    };
    /// The block that a peer has did not come whole: fetch it in the usual way.
    struct Fetch {
        PeerId from;
        Header header;
    };
    using Effect = std::variant<Send, Charge, Import, Fetch>;

    /// What a header is to the chain.
    enum class Verdict : std::uint8_t {
        good,       ///< it follows a block of ours, and the consensus takes it
        bad,        ///< the consensus refuses it
        bad_seals,  ///< the same, of seals alone: with others the block may be good
        early,      ///< good, but its time has not come
        known,      ///< the block is here, or on its way into the ledger
        unknown,    ///< its parent is not here
    };
    struct Chain {
        std::function<Verdict(const Header& header, const Hash256& hash)> judge;
        /// One that is executed, or waits for that. Null if it is not in memory.
        std::function<const Block*(const Hash256&)> block;
        CompactBlock::Pool pool;
        BlockLimits limits;
        std::function<Hash256(const Header&)> hash_of;
    };

    BlockRelay(gossip::TreeConfig config, Chain chain, Rng rng);

    void add_peer(PeerId peer);
    void remove_peer(Now now, PeerId peer, std::vector<Effect>& out);
    /// A message of the codes new_block to block_missing. Errors: malformed.
    Result<void, transport::Offence> on_message(Now now, PeerId peer, transport::Code code,
                                                const SharedBytes& message,
                                                std::vector<Effect>& out);
    /// A block was made here, and is the head.
    void on_made(Now now, const Block& block, std::vector<Effect>& out);
    /// A block that a peer sent was not what its header says, by no fault of who sent it: two
    /// transactions may have the same short id. It may come again.
    void on_wrong_body(const Hash256& hash) { tree_.on_dropped(hash); }
    void on_timer(Now now, std::vector<Effect>& out);
    Instant next_wakeup() const;

    /// Whether its transactions are asked for.
    bool is_pending(const Hash256& hash) const { return pending_.contains(hash); }

    /// Since the start: blocks that came in compact form, and those of them that the pool
    /// completed; bytes of all messages that came.
    struct Counters {
        std::uint64_t received = 0, completed = 0, bytes = 0;
    };
    const Counters& counters() const { return counters_; }

private:
    struct Pending {
        CompactBlock block;
        PeerId from;
        std::uint64_t question = 0;
        std::vector<std::uint32_t> places = {};
        Instant deadline{};
        /// Whom it was forwarded to, and who lacks transactions as well: answered once it is whole.
        std::vector<std::pair<PeerId, sync_topic::GetTransactions>> askers = {};
    };
    using Handled = Result<void, transport::Offence>;

    Handled on_new_block(Now now, PeerId peer, const SharedBytes& message,
                         std::vector<Effect>& out);
    Handled on_get_transactions(PeerId peer, Bytes message, std::vector<Effect>& out);
    Handled on_transactions(Now now, PeerId peer, const SharedBytes& message,
                            std::vector<Effect>& out);
    Handled on_graft(PeerId peer, Bytes message, std::vector<Effect>& out);
    static Handled answer(PeerId peer, const sync_topic::GetTransactions& asked, const Block* block,
                          std::vector<Effect>& out);
    void finish(Pending& pending, std::vector<Effect>& out);
    void drop(const Hash256& hash, std::vector<Effect>& out);
    void flush(std::vector<Effect>& out);
    SharedBytes message_of(const Hash256& hash);

    Chain chain_;
    Rng rng_;
    gossip::Tree tree_;
    std::map<Hash256, Pending> pending_;
    /// As they came, until they are forwarded.
    std::map<Hash256, SharedBytes> forwarding_;
    std::uint64_t next_question_ = 1;
    Counters counters_;
};

}  // namespace parley::chain
