#include <parley/node/validator_module.hpp>

#include <parley/chain/consensus/qbft/block_check.hpp>
#include <parley/chain/consensus/qbft/last_vote.hpp>
#include <parley/chain/types/fees.hpp>

#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

namespace parley::node {

using chain::qbft::Agreement;

namespace {

/// What the block has already.
void leave_out(std::vector<chain::Picked>& picked, const chain::Block& block) {
    std::set<Hash256> there;
    for (const auto& tx : block.body.transactions) there.insert(tx.hash);
    std::erase_if(picked, [&](const chain::Picked& one) { return there.contains(one.hash); });
}

}  // namespace

ValidatorModule::ValidatorModule(LedgerModule& blocks, std::uint64_t salt)
    : blocks_(blocks),
      engine_(std::dynamic_pointer_cast<const chain::qbft::Qbft>(blocks.data().engine)),
      relay_(salt) {}

void ValidatorModule::attached(transport::Network& network) {
    network_ = &network;
    const auto& data = blocks_.data();
    signer_ = data.signer;
    if (data.signer_secret) {
        signer_ = std::make_shared<chain::qbft::LocalSigner>(*data.signer_secret);
    }
    if (signer_) {
        auto records = chain::qbft::RecordLog::open(*data.votes_first, *data.votes_second);
        if (!records) throw std::runtime_error{message(records.error())};
        records_ = std::make_shared<chain::qbft::RecordLog>(std::move(*records));
    }
    auto& ledger = blocks_.sync().ledger();
    maker_.emplace(blocks_.execution(), engine_, ledger);
    chain::qbft::AgreementConfig config;
    if (const auto& qbft = data.genesis.qbft)
        config.timeout = std::chrono::seconds{qbft->timeout_s};
    Agreement::Chain chain{
        .head = [this]() -> const chain::ChainHeader& { return blocks_.ledger().head(); },
        .make = [this](Now now, const auto& parent, const auto& extra, auto time_s,
                       auto done) { return make(now, parent, extra, time_s, std::move(done)); },
        .check = [this](Now now, auto block, auto known,
                        auto done) { return check(now, block, std::move(known), std::move(done)); },
        .import = [this](Now now, auto block,
                         auto known) { import(now, std::move(block), std::move(known)); },
        .last_vote =
            [this](Now now, const auto& validator, auto first_number, auto done) {
                return find_last_vote(now, validator, first_number, std::move(done));
            },
        .form = {.limits = ledger.limits(), .form = engine_->config().form},
    };
    Agreement::Voice voice{
        .say = [this](chain::qbft::Code code, const SharedBytes& message,
                      const auto& block) { relay_.say(code, message, block); },
        .say_ahead = [this](const auto& block) { relay_.say_ahead(block->block); }};
    agreement_.emplace(config, engine_, std::move(chain), std::move(voice), signer_, records_,
                       network.jobs(), network.log());
    relay_.use(&*agreement_, transactions_of(blocks_.pool()));
}

Instant ValidatorModule::next_wakeup() const {
    return is_started_ ? relay_.next_wakeup() : Instant{};
}

void ValidatorModule::on_timer(Now now) {
    if (is_started_) return relay_.on_timer(now);
    if (!blocks_.sync().is_whole()) return;
    is_started_ = true;
    blocks_.follow_head(now, [this](Now at, const auto&) { agreement_->on_head(at); });
}

bool ValidatorModule::make(Now now, const Agreement::Parent& parent,
                           const chain::qbft::ExtraData& extra, std::uint64_t time_s,
                           Agreement::OnDraft done) {
    const auto& header = parent.header.header;
    chain::BlockPlan plan;
    plan.timestamp = time_s;
    plan.beneficiary = *signer_->address();  // known: the machine speaks for it
    plan.gas_limit_aim = blocks_.config().gas_limit;
    plan.extra_data = extra.encode(engine_->config().form);
    plan.bytes_max = chain::qbft::QbftRelay::block_bytes_max;
    auto picked = blocks_.pick(chain::next_base_fee(header), header.gas_limit);
    std::optional<chain::UnimportedBlock> unimported;
    if (parent.block) {
        unimported = {parent.header, parent.executed};
        leave_out(picked, parent.block->block);
    }
    return maker_->make(
        now, std::move(plan), std::move(picked), [](chain::Header&) {},
        [this, done = std::move(done)](Now at, auto result) {
            if (!result) {
                network_->log().write(LogLevel::error, "consensus", "cannot make a block",
                                      {{"error", message(result.error())}});
                return done(at, std::nullopt);
            }
            blocks_.on_refused(result->refused);
            auto& made = result->made;
            auto block = std::move(made.block);
            done(at, Agreement::Draft{std::move(block), std::move(made).executed_block()});
        },
        std::move(unimported));
}

bool ValidatorModule::check(Now now, const std::shared_ptr<const chain::qbft::ProposedBlock>& block,
                            chain::ExecutedBlock executed, Agreement::OnChecked done) {
    std::vector<std::optional<chain::Address>> known;
    known.reserve(block->block.body.transactions.size());
    for (const auto& tx : block->block.body.transactions) {
        const auto* pooled = blocks_.pool().find(tx.hash);
        known.push_back(pooled ? std::optional{pooled->sender} : std::nullopt);
    }
    const auto result = std::make_shared<Result<chain::ExecutedBlock, std::string>>();
    return blocks_.sync().ledger().read_state(
        now, {[result, block, known = std::move(known), executed = std::move(executed),
               execution = blocks_.execution(),
               engine = engine_](const chain::ChainHeader& head, const chain::ChainParts& parts) {
                  *result = chain::qbft::check_block(*execution, *engine, head, parts.state,
                                                     block->block, known, executed);
              },
              [result, done = std::move(done)](Now at) { done(at, std::move(*result)); }});
}

bool ValidatorModule::find_last_vote(Now now, const chain::Address& validator,
                                     std::uint64_t first_number, Agreement::OnLastVote done) {
    const auto found = std::make_shared<std::optional<std::uint64_t>>();
    return blocks_.sync().ledger().read_state(
        now, {[=, form = engine_->config().form](const chain::ChainHeader& head,
                                                 const chain::ChainParts& parts) {
                  *found =
                      chain::qbft::last_vote_of(validator, head, parts.blocks, form, first_number);
              },
              [found, done = std::move(done)](Now at) { done(at, *found); }});
}

void ValidatorModule::import(Now now, chain::Block block, chain::ExecutedBlock known) {
    const auto number = block.header.number;
    const bool is_own = signer_ && block.header.beneficiary == signer_->address();
    using Maker = chain::BlockSync::Maker;
    blocks_.sync().import(
        now, std::move(block), is_own ? Maker::this_node : Maker::another,
        [log = &network_->log(), number](Now, const auto& imported) {
            if (imported) return;
            log->write(LogLevel::error, "consensus", "a final block cannot be imported",
                       {{"number", number}, {"error", message(imported.error())}});
        },
        std::move(known));
}

}  // namespace parley::node
