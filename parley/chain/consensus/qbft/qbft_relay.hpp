// QbftRelay: carries what validators say over the network, on the topic "qbft": to all links, once
// each, so that it also reaches validators that are not linked.
//
// A message is passed on when it was read and found good; who sends bad ones is charged. A peer
// that comes late is told what this node said at its height. Bounded: hashes of seen_max messages;
// what is sent by the topic's budget. Threading: the node's thread.
#pragma once

#include <parley/base/lru.hpp>
#include <parley/chain/consensus/qbft/agreement.hpp>
#include <parley/transport/module.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

namespace parley::chain::qbft {

class QbftRelay final : public transport::PeerHandler {
public:
    static constexpr std::string_view topic_name = "qbft";
    static constexpr std::size_t seen_max = 16'384;
    /// Of a block that is proposed, roughly: each link has a window for one.
    static constexpr std::size_t block_bytes_max = std::size_t{1} << 20;
    /// Such a block, and what justifies it.
    static constexpr std::uint32_t message_bytes_max = std::uint32_t{5} << 18;

    /// `salt` is random.
    explicit QbftRelay(std::uint64_t salt);
    ~QbftRelay() override;
    QbftRelay(const QbftRelay&) = delete;
    QbftRelay& operator=(const QbftRelay&) = delete;

    /// Null: nothing is read, and nothing passed on. Must outlive this, or be taken back.
    void use(Agreement* agreement) { agreement_ = agreement; }
    /// To all links.
    void say(Code code, const SharedBytes& message);

    struct Counters {
        std::uint64_t received = 0, duplicates = 0, passed_on = 0, bad = 0;
    };
    const Counters& counters() const { return counters_; }

    transport::TopicSpec topic() const override;
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override;
    Instant next_wakeup() const override { return agreement_ ? agreement_->next_wakeup() : never; }
    void on_timer(Now now) override {
        if (agreement_) agreement_->on_timer(now);
    }

private:
    class Peer;
    using PeerKey = std::uint64_t;

    Result<void, transport::Offence> receive(Now now, PeerKey from, transport::Code code,
                                             transport::Message message);
    void on_read(PeerKey from, transport::Code code, const SharedBytes& message,
                 Agreement::Verdict verdict);
    void send_to_all(transport::Code code, const SharedBytes& message, PeerKey except);
    bool is_new(transport::Code code, Bytes message);

    Agreement* agreement_ = nullptr;
    std::map<PeerKey, Peer*> peers_;
    PeerKey next_peer_ = 1;
    LruSet<Hash256> seen_;
    Counters counters_;
    std::shared_ptr<QbftRelay*> self_;  // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain::qbft
