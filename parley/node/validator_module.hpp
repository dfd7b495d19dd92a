// ValidatorModule: the consensus by votes in a node: the topic "qbft", and an Agreement on the
// ledger of a LedgerModule. A node without a validator's key follows it and passes messages on.
//
// It begins when the ledger is whole. Threading: the node's thread.
#pragma once

#include <parley/chain/consensus/qbft/agreement.hpp>
#include <parley/chain/consensus/qbft/qbft_relay.hpp>
#include <parley/chain/producer/block_maker.hpp>
#include <parley/node/ledger_module.hpp>
#include <parley/transport/module.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace parley::node {

class ValidatorModule final : public transport::PeerHandler {
public:
    /// `blocks` is attached before it, outlives it, and has a chain by votes; `salt` is random.
    ValidatorModule(LedgerModule& blocks, std::uint64_t salt);

    transport::TopicSpec topic() const override { return relay_.topic(); }
    void attached(transport::Network& network) override;
    std::unique_ptr<transport::TopicHandler> new_peer(transport::Context& context) override {
        return relay_.new_peer(context);
    }
    Instant next_wakeup() const override;
    void on_timer(Now now) override;

    /// Null before attached().
    chain::qbft::Agreement* agreement() { return agreement_ ? &*agreement_ : nullptr; }
    const chain::qbft::Agreement* agreement() const { return agreement_ ? &*agreement_ : nullptr; }
    const chain::qbft::QbftRelay& relay() const { return relay_; }

private:
    bool make(Now now, const chain::qbft::Agreement::Parent& parent,
              const chain::qbft::ExtraData& extra, std::uint64_t time_s,
              chain::qbft::Agreement::OnDraft done);
    bool check(Now now, const std::shared_ptr<const chain::qbft::ProposedBlock>& block,
               chain::ExecutedBlock executed, chain::qbft::Agreement::OnChecked done);
    bool find_last_vote(Now now, const chain::Address& validator, std::uint64_t first_number,
                        chain::qbft::Agreement::OnLastVote done);
    void import(Now now, chain::Block block, chain::ExecutedBlock known);

    LedgerModule& blocks_;
    std::shared_ptr<const chain::qbft::Qbft> engine_;
    std::shared_ptr<chain::qbft::Signer> signer_;
    std::shared_ptr<chain::qbft::RecordLog> records_;
    chain::qbft::QbftRelay relay_;
    transport::Network* network_ = nullptr;  // since attached()
    std::optional<chain::BlockMaker> maker_;
    std::optional<chain::qbft::Agreement> agreement_;
    bool is_started_ = false;
};

}  // namespace parley::node
