// CompactInbox: puts messages together whose blocks came compact (compact_message.hpp), and blocks
// that validators will propose soon. What neither the pool nor a block of this height has is asked
// for: of who sent the message first, then of others that sent it, all of whom have the block.
//
// A core without I/O. Bounded: pending_max messages that wait, of a peer pending_of_peer_max, each
// of pending_bytes_max; ahead_max blocks ahead. Threading: the node's thread.
// Spec: docs/formats/qbft.md, section "Compact messages".
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/consensus/qbft/compact_message.hpp>
#include <parley/chain/consensus/qbft/incoming.hpp>
#include <parley/chain/sync/compact_block.hpp>
#include <parley/transport/message.hpp>
#include <parley/transport/module.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace parley::chain::qbft {

/// Codes of the topic beside those of messages and their compact forms.
inline constexpr std::uint16_t block_ahead_code = 0x30;
inline constexpr std::uint16_t get_transactions_code = 0x40;
inline constexpr std::uint16_t transactions_code = 0x41;

class CompactInbox {
public:
    using PeerKey = std::uint64_t;
    static constexpr std::size_t pending_max = 64;
    static constexpr std::size_t pending_of_peer_max = 8;
    static constexpr std::size_t pending_bytes_max = std::size_t{4} << 20;
    static constexpr std::size_t answer_bytes_max = std::size_t{1} << 20;
    static constexpr std::size_t senders_max = 8;  ///< of one message, to be asked
    static constexpr std::size_t ahead_max = 8;
    static constexpr Duration patience = std::chrono::milliseconds{500};  ///< for an answer

    /// Where transactions and blocks are looked for.
    struct Sources {
        CompactBlock::Pool pool;
        /// A block of this height, or null.
        std::function<std::shared_ptr<const ProposedBlock>(const Hash256& digest)> block;
        BlockForm form;
    };

    // Effects.
    struct Send {
        PeerKey peer = 0;
        std::uint16_t code = 0;
        SharedBytes message;
    };
    struct Charge {
        PeerKey peer = 0;
        transport::Offence offence{};
    };
    /// A message is whole.
    struct Whole {
        PeerKey from = 0;
        Code code{};
        SharedBytes message;
        SharedBytes compact;                         ///< as it came, to be passed on
        std::shared_ptr<transport::Message> credit;  ///< of the compact one
    };
    using Effect = std::variant<Send, Charge, Whole>;
    using Effects = std::vector<Effect>;
    using Handled = Result<void, transport::Offence>;

    explicit CompactInbox(Sources sources) : sources_(std::move(sources)) {}

    /// One of the codes of compact messages, or block_ahead_code; it was not here before. `key` is
    /// its own. Errors: malformed.
    Handled receive(Now now, PeerKey from, std::uint16_t code, const Hash256& key,
                    transport::Message message, Effects& out);
    /// A message that was received came again, from another peer.
    void also_from(PeerKey peer, const Hash256& key);
    /// Errors: malformed; invalid_data for places that the block does not have.
    Handled on_get_transactions(PeerKey peer, Bytes message, Effects& out) const;
    /// Errors: malformed; invalid_data for what is no transaction, or was not asked for.
    Handled on_transactions(Now now, PeerKey peer, const SharedBytes& message, Effects& out);
    void remove_peer(Now now, PeerKey peer, Effects& out);
    void on_timer(Now now, Effects& out);
    Instant next_wakeup() const;

    std::size_t pending() const { return pending_.size(); }

    /// Since the start: compact messages, and those of them for which nothing was asked.
    struct Counters {
        std::uint64_t received = 0, at_once = 0, given_up = 0;
    };
    const Counters& counters() const { return counters_; }

private:
    struct Pending {
        std::optional<Code> code;  // none: a block ahead
        SharedBytes bytes;
        std::shared_ptr<transport::Message> credit = {};
        CompactMessage message = {};
        CompactBlock block = {};
        Hash256 digest{};
        std::vector<PeerKey> senders;  // the first one is asked
        std::uint64_t question = 0;
        std::vector<std::uint32_t> places = {};
        Instant deadline{};
        std::size_t bytes_in = 0;  // of transactions that came
    };
    using Table = std::map<Hash256, Pending>;

    std::optional<Hash256> digest_of(const Header& header) const;
    void fill(CompactBlock& block, const Hash256& digest) const;
    void go_on(Now now, Table::iterator at, Effects& out);
    void ask_next(Now now, Table::iterator at, Effects& out);
    void finish(Pending pending, Effects& out);
    std::size_t pending_of(PeerKey peer) const;

    Sources sources_;
    Table pending_;
    std::deque<Block> ahead_;
    std::uint64_t next_question_ = 1;
    Counters counters_;
};

}  // namespace parley::chain::qbft
