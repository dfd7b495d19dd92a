// Asker: asks full nodes what a light node does not hold, and takes nothing that is not proven:
// accounts and storage by the state root of a header that is trusted, transactions and receipts by
// the roots of theirs, and so whole blocks.
//
// A question goes to one full node, of those that failed least; what it cannot answer, answers
// wrongly or not in time goes to another one, up to tries_max. A wrong answer is charged. Questions
// about one state that come while others are under way go together. What was proven once is known
// by its nodes, and not asked for again.
//
//     asker.account(now, head, address, {}, show_account, out);
//     for (auto& effect : out) carry_out(effect);  // Check in a Job, and back to on_checked()
//
// A core without I/O. Bounded: waiting_max questions, each with its deadline; under_way_max
// messages, blocks that are checked among them. Threading: the node's thread; Check::run() on any.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/base/token_bucket.hpp>
#include <parley/chain/ledger/block_log.hpp>
#include <parley/chain/light/follower.hpp>
#include <parley/chain/light/known_nodes.hpp>
#include <parley/chain/light/messages.hpp>
#include <parley/chain/types/account.hpp>
#include <parley/chain/types/receipt.hpp>
#include <parley/chain/types/transaction.hpp>
#include <parley/transport/module.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace parley::chain::light {

struct AskerConfig {
    std::size_t waiting_max = 1'024;
    std::size_t under_way_max = 64;
    std::size_t peer_under_way_max = questions_under_way_max / 2;
    double peer_per_second = 50;  ///< half of what a server lets pass
    double peer_burst = 100;
    Duration pause = std::chrono::milliseconds{20};  ///< while all full nodes are busy
    std::size_t tries_max = 5;
    std::size_t absences =
        3;  ///< full nodes that must not know a transaction, which no proof shows
    Duration patience = std::chrono::seconds{2};
    std::size_t nodes_max = 16'384;
};

class Asker {
public:
    using PeerId = std::uint64_t;
    using Known = Follower::Known;

    struct Send {
        PeerId peer;
        transport::Code code;
        SharedBytes message;
    };
    struct Charge {
        PeerId peer;
        transport::Offence offence;
        std::string why;
    };
    using UseBlock = std::move_only_function<void(const LoggedBlock&)>;
    /// A block that came. Slow: for a Job.
    struct Check {
        PeerId peer = 0;
        std::uint64_t id = 0;
        Header header;
        bool with_receipts = false;
        std::shared_ptr<UseBlock> use;
        Items answer;
        Result<void, std::string> result = {};
        void run();
    };
    using Effect = std::variant<Send, Charge, Check>;
    using Effects = std::vector<Effect>;

    struct ProvenAccount {
        std::optional<Account> account;  ///< nothing: it is proven that there is none
        std::vector<Hash256> slots;      ///< as asked for; zero if not set
        std::vector<Buffer> nodes = {};  ///< from the state's root to the account
        std::vector<std::vector<Buffer>> slot_nodes = {};  ///< as slots, from the storage's root
    };
    struct Included {
        std::uint64_t number = 0;
        std::uint32_t index = 0;
        Transaction transaction;
        Receipt receipt;
        std::uint64_t gas_before = 0;  ///< used in the block by the transactions before it
    };
    template <class T>
    using Done = std::move_only_function<void(Now, Result<T, std::string>)>;

    /// `at`: a header of the chain that is followed; `head`: the number of its head.
    Asker(AskerConfig config, std::function<std::optional<Known>(std::uint64_t)> at,
          std::function<std::uint64_t()> head, Rng rng);

    void add_peer(PeerId peer) {
        peers_.try_emplace(peer, TokenBucket{config_.peer_per_second, config_.peer_burst});
    }
    void remove_peer(Now now, PeerId peer, Effects& out);

    // `done` is called once, now or later, also with why there is no answer.
    /// In the state after `block`, whose header is trusted.
    void account(Now now, const Known& block, const Address& address, std::vector<Hash256> slots,
                 Done<ProvenAccount> done, Effects& out);
    /// Nothing: full nodes say that there is none.
    void inclusion(Now now, const Hash256& transaction, Done<std::optional<Included>> done,
                   Effects& out);
    /// `use` sees it in a Job before `done` is called: with its receipts only if they are wanted.
    void block(Now now, const Known& block, bool with_receipts, UseBlock use, Done<void> done,
               Effects& out);
    /// To full nodes; taken as soon as one has taken it.
    void submit(Now now, SharedBytes raw, Done<void> done, Effects& out);

    void on_proofs(Now now, PeerId peer, const Items& answer, Effects& out);
    void on_inclusion(Now now, PeerId peer, const Inclusion& answer, Effects& out);
    void on_block(Now now, PeerId peer, const Items& answer, Effects& out);
    void on_checked(Now now, Check check, Effects& out);
    /// As if it had never been asked: there is no room for a Job.
    void on_unchecked(Now now, const Check& check, Effects& out);
    void on_submitted(Now now, PeerId peer, const Items& answer, Effects& out);
    void on_timer(Now now, Effects& out);
    Instant next_wakeup() const;
    std::size_t waiting() const { return waiting_.size() + under_way_.size() + checking_.size(); }

private:
    struct AccountWish {
        Known block;
        GetProofs::Account wanted;
        Done<ProvenAccount> done;
    };
    struct InclusionWish {
        Hash256 transaction{};
        Done<std::optional<Included>> done;
        std::size_t absences = 0;
    };
    struct BlockWish {
        Known block;
        bool with_receipts = false;
        std::shared_ptr<UseBlock> use;
        Done<void> done;
    };
    struct SubmitWish {
        SharedBytes raw;
        Done<void> done;
        std::string refusal = {};
    };
    using What = std::variant<AccountWish, InclusionWish, BlockWish, SubmitWish>;
    struct Wish {
        What what;
        std::set<PeerId> tried = {};
        std::string last_error = "no full node is there to be asked";
    };
    struct UnderWay {
        PeerId peer;
        Instant deadline;
        std::vector<Wish> wishes;
    };

    void push(Now now, Wish wish, Effects& out);
    void start(Now now, Effects& out);
    bool start_one(Now now, Wish& wish, Effects& out);
    std::set<PeerId> untried(const Wish& wish) const;
    std::optional<PeerId> peer_for(Now now, const Wish& wish);
    bool all_say_no(const Wish& wish, const InclusionWish& one) const;
    std::optional<UnderWay> take(PeerId peer, std::uint64_t id, Effects& out);
    /// The one wish of a question of this kind. Nothing also if the answer has another form: then
    /// the peer is charged, and another one asked.
    template <class Kind>
    std::optional<Wish> take_one(Now now, PeerId peer, std::uint64_t id, Effects& out,
                                 bool has_form = true);
    void note_good(PeerId peer);
    void note_failure(PeerId peer);
    void refuse(PeerId peer, std::string why, Effects& out);
    void give_up(Now now, Wish wish);
    /// To another full node.
    void try_again(Now now, Wish wish, std::string why, Effects& out);
    static Result<ProvenAccount, trie::TrieError> prove(const AccountWish& wish,
                                                        const trie::NodeReader& nodes);
    Result<Included, std::string> prove(const InclusionWish& wish, const Known& block,
                                        const Inclusion& answer);

    AskerConfig config_;
    std::function<std::optional<Known>(std::uint64_t)> at_;
    std::function<std::uint64_t()> head_;
    Rng rng_;
    KnownNodes known_;
    struct Peer {
        TokenBucket rate;
        std::size_t under_way = 0;   // questions, those that were given up too
        std::uint32_t failures = 0;  // in a row: answers that were wrong or did not come
    };
    std::map<PeerId, Peer> peers_;
    std::map<std::uint64_t, PeerId> late_;  // by the id of the message: given up, not answered
    std::deque<Wish> waiting_;
    std::map<std::uint64_t, UnderWay> under_way_;  // by the id of the message
    std::map<std::uint64_t, Wish> checking_;       // as under_way_
    std::uint64_t next_id_ = 1;
    bool is_starting_ = false;
    Instant start_at_ = never;  // all were busy
};

}  // namespace parley::chain::light
