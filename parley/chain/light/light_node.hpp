// LightNode: the module of a light node, on the topic "light": follows the chain by its headers
// (Follower, or WorkFollower where blocks are made by work), keeps them (Headers), and asks full
// nodes for what it does not hold (Asker).
//
//     LightNode light{config, {engine, start, store}, rng};
//     if (!network.open(now, {&light})) return;
//     light.account(now, *light.at(number), address, {}, show_account);
//
// It needs no ledger, pool or state. Bounded: as its parts; unwritten_max headers that wait for the
// disk. Threading: the node's thread; seals are checked, and headers written, in Jobs.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/light/asker.hpp>
#include <parley/chain/light/follower.hpp>
#include <parley/chain/light/headers.hpp>
#include <parley/chain/light/work_follower.hpp>
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

struct LightNodeConfig {
    TrustConfig trust;        ///< of a chain by votes
    FollowerConfig follower;  ///< likewise
    WorkFollowerConfig work;  ///< of a chain by work
    AskerConfig asker;
};

struct LightChain {
    std::shared_ptr<const Engine> engine;  ///< qbft::Qbft, or one by work
    ChainHeader start;                     ///< the genesis; by votes any header that is trusted
    Store& store;                          ///< Jobs may outlast the module: it must outlast them
};

class LightNode final : public transport::PeerHandler {
public:
    static constexpr std::size_t unwritten_max = 8'192;
    /// While it catches up, fewer wait for each other: each write touches much of the index.
    static constexpr std::size_t write_min = unwritten_max / 2;
    using Known = Follower::Known;
    using OnHead = std::function<void(Now, const Known&)>;

    LightNode(LightNodeConfig config, LightChain chain, Rng rng);
    ~LightNode() override;

    transport::TopicSpec topic() const override;
    /// Throws std::runtime_error if the headers cannot be read.
    void attached(transport::Network& network) override;
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override;
    Instant next_wakeup() const override;
    void on_timer(Now now) override;

    // Precondition of what follows: attached.
    Known head() const;
    std::optional<Known> at(std::uint64_t number) const { return headers_->at(number); }
    std::optional<Known> find(const Hash256& hash) const { return headers_->find(hash); }
    /// The highest number that a full node says it has.
    std::uint64_t highest() const;
    /// Headers that are not here, below the head.
    std::uint64_t missing() const;
    const Headers& headers() const { return *headers_; }
    std::size_t peers() const { return peers_.size(); }
    /// Two headers of one height that a quorum sealed: the chain is not followed any more.
    const std::optional<Follower::Conflict>& conflict() const { return conflict_; }
    void on_head(OnHead call) { on_head_.push_back(std::move(call)); }

    // As those of Asker.
    void account(Now now, const Known& block, const Address& address, std::vector<Hash256> slots,
                 Asker::Done<Asker::ProvenAccount> done);
    void inclusion(Now now, const Hash256& transaction,
                   Asker::Done<std::optional<Asker::Included>> done);
    void block(Now now, const Known& block, bool with_receipts, Asker::UseBlock use,
               Asker::Done<void> done);
    void submit(Now now, SharedBytes raw, Asker::Done<void> done);

private:
    class Peer;
    using PeerId = Follower::PeerId;
    using AnyFollower = std::variant<Follower, WorkFollower>;
    using AnyCheck = std::variant<Follower::Check, WorkFollower::Check>;

    void begin_by_votes(std::shared_ptr<const qbft::Qbft> engine);
    void begin_by_work();
    std::vector<ChainHeader> last_headers(std::size_t count) const;
    void check_headers() const;
    void tell_conflict() const;
    /// What `call(follower, effects)` brings about.
    template <class Call>
    void with_follower(Now now, const Call& call);
    template <class Effects>
    void follow(Now now, Effects effects);
    void perform(Now now, Follower::Ask& ask);
    void perform(Now now, WorkFollower::Ask& ask);
    bool send_question(PeerId peer, transport::Code code, SharedBytes question);
    void perform(Now now, Follower::Charge& charge);
    void perform(Now now, Follower::Keep& keep);
    void perform(Now now, WorkFollower::Extend& extend);
    void perform(Now now, Follower::Moved& moved);
    void perform(Now now, Follower::Conflict& conflict);
    void perform(Now now, Follower::Warn& warn);
    void perform(Now now, Follower::Check& check);
    void perform(Now now, WorkFollower::Check& check);
    void start_check(Now now, std::shared_ptr<AnyCheck> check);
    void ask(Now now, Asker::Effects effects);
    void perform(Now now, Asker::Send& send);
    void perform(Now now, Asker::Charge& charged);
    void perform(Now now, Asker::Check& started);
    void charge(PeerId peer, transport::Offence offence, const std::string& why);
    void write(Now now);

    LightNodeConfig config_;
    LightChain chain_;
    Rng rng_;
    transport::Network* network_ = nullptr;  // since attached(), as those below
    std::optional<Headers> headers_;
    std::optional<AnyFollower> follower_;
    std::optional<Asker> asker_;
    std::map<PeerId, Peer*> peers_;
    PeerId next_peer_ = 1;
    std::shared_ptr<AnyCheck> postponed_;  // a Job that was not taken
    std::shared_ptr<const StoreBatch> unwritten_;
    bool is_writing_ = false;
    Instant retry_at_ = never;        // postponed_
    Instant write_again_at_ = never;  // after the disk failed
    std::optional<Follower::Conflict> conflict_;
    std::vector<OnHead> on_head_;
    std::shared_ptr<LightNode*> self_;  // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain::light
