// QbftRelay: carries what validators say over the network, on the topic "qbft": to all links, once
// each, so that it also reaches validators that are not linked.
//
// Blocks travel compact (CompactInbox). A message is passed on when it was read and found good; who
// sends bad ones is charged. A peer that comes late is told what this node said at its height, and
// what was proposed there. Bounded: hashes of seen_max messages; the inbox by its own limits; what
// is sent by the topic's budget. Threading: the node's thread.
#pragma once

#include <parley/base/lru.hpp>
#include <parley/base/rng.hpp>
#include <parley/chain/consensus/qbft/agreement.hpp>
#include <parley/chain/consensus/qbft/compact_inbox.hpp>
#include <parley/transport/module.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

namespace parley::chain::qbft {

class QbftRelay final : public transport::PeerHandler {
public:
    static constexpr std::string_view topic_name = "qbft";
    static constexpr std::size_t seen_max = 16'384;
    /// Of a block that is proposed, roughly.
    static constexpr std::size_t block_bytes_max = std::size_t{1} << 20;
    /// Such a block whole, and what justifies it.
    static constexpr std::uint32_t message_bytes_max = std::uint32_t{5} << 18;

    /// `salt` is random.
    explicit QbftRelay(std::uint64_t salt);
    ~QbftRelay() override;
    QbftRelay(const QbftRelay&) = delete;
    QbftRelay& operator=(const QbftRelay&) = delete;

    /// Nothing is read or passed on before. Both outlive this.
    void use(Agreement* agreement, CompactBlock::Pool pool);
    /// To all links. `block`: of the message; null if it has none.
    void say(Code code, const SharedBytes& message, const Agreement::SharedBlock& block);
    /// To all links: such a block will be proposed.
    void say_ahead(const Block& block);

    struct Counters {
        std::uint64_t received = 0, duplicates = 0, passed_on = 0, bad = 0;
    };
    const Counters& counters() const { return counters_; }

    transport::TopicSpec topic() const override;
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override;
    Instant next_wakeup() const override;
    void on_timer(Now now) override;

private:
    class Peer;
    using PeerKey = CompactInbox::PeerKey;
    /// A message as it goes out.
    struct Outgoing {
        transport::Code code = 0;
        SharedBytes message;
    };

    using Handled = Result<void, transport::Offence>;

    Handled receive(Now now, PeerKey from, transport::Code code, transport::Message message);
    /// A message to be read, and how it is passed on if it is good.
    struct Reading {
        PeerKey from = 0;
        Code code{};
        SharedBytes message;
        transport::Code passed_code = 0;
        SharedBytes passed;
        std::shared_ptr<transport::Message> credit;
    };
    void read(Now now, Reading reading);
    void on_read(const Reading& reading, Agreement::Verdict verdict);
    void on_whole(Now now, CompactInbox::Whole& whole);
    void perform(Now now);
    Outgoing outgoing(Code code, const SharedBytes& message, const Agreement::SharedBlock& block);
    void send_to_all(transport::Code code, const SharedBytes& message, PeerKey except);

    Agreement* agreement_ = nullptr;
    std::map<PeerKey, Peer*> peers_;
    PeerKey next_peer_ = 1;
    LruSet<Hash256> seen_;
    Rng rng_;  // salts of compact blocks
    std::optional<CompactInbox> inbox_;
    CompactInbox::Effects effects_;
    std::optional<Outgoing> proposal_;  // of another, the latest that was good
    Counters counters_;
    std::shared_ptr<QbftRelay*> self_;  // null once destroyed: Jobs may come back late
};

}  // namespace parley::chain::qbft
