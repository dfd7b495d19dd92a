// LightServer: the module by which a full node serves light ones, on the topic "light": headers,
// proofs of accounts, where transactions are; it takes their transactions, and tells them of new
// heads.
//
// Bounded: questions_under_way_max questions a peer, a rate of them, and a budget of bytes for each
// and for all (AnswerQueue), behind everything else of the node. Threading: the node's thread;
// answers are made in Jobs.
#pragma once

#include <parley/base/token_bucket.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/ledger/past_states.hpp>
#include <parley/chain/light/messages.hpp>
#include <parley/chain/sync/answer_queue.hpp>
#include <parley/transport/module.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace parley::chain::light {

struct LightServerConfig {
    AnswerQueueConfig answers;
    double questions_per_second = 100;  ///< of a peer
    double questions_burst = 400;
};

class LightServer final : public transport::PeerHandler {
public:
    using OnSubmitted = std::function<void(Now, Result<void, std::string>)>;
    struct Chain {
        std::function<Ledger&()> ledger;
        std::function<bool()> is_whole;  ///< whether the ledger has the state of its head
        std::function<void(Now, const Endpoint& from, SharedBytes raw, OnSubmitted)> submit;
    };

    LightServer(LightServerConfig config, Chain chain);
    ~LightServer() override;

    transport::TopicSpec topic() const override;
    void attached(transport::Network& network) override { network_ = &network; }
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override;
    Buffer status() override;
    Instant next_wakeup() const override { return answers_.next_wakeup(); }
    void on_timer(Now now) override { answers_.on_timer(now); }
    /// Tells all light nodes.
    void on_head();

    struct Counters {
        std::uint64_t questions = 0;
        std::uint64_t bytes = 0;  ///< of answers
    };
    const Counters& counters() const { return counters_; }
    std::size_t peers() const { return peers_.size(); }

private:
    class Peer;
    using PeerId = AnswerQueue::PeerId;
    using MakeAnswer = std::function<SharedBytes(const ChainHeader& head, const ChainParts& chain)>;

    SharedBytes own_status() const;
    bool convinces(const Header& one, const Header& other) const;
    void finish(Now now, PeerId id, transport::Code code, SharedBytes reply);

    LightServerConfig config_;
    Chain chain_;
    transport::Network* network_ = nullptr;  // since attached()
    AnswerQueue answers_;
    std::shared_ptr<PastStates> past_states_ = std::make_shared<PastStates>();
    std::map<PeerId, Peer*> peers_;
    PeerId next_peer_ = 1;
    Counters counters_;
    TokenBucket conflicts_{1.0 / 60, 3};  // that are looked at
    std::shared_ptr<LightServer*> self_;  // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain::light
