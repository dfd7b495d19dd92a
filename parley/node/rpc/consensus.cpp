#include <parley/node/rpc/consensus.hpp>

#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/consensus/qbft/progress.hpp>
#include <parley/node/rpc/address_param.hpp>
#include <parley/node/rpc/block_seals.hpp>
#include <parley/node/rpc/find_block.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/method_list.hpp>
#include <parley/rpc/params.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace parley::node {
namespace {

namespace json = rpc::json;
namespace qbft = chain::qbft;

/// What the methods speak of.
struct ByVotes {
    const LedgerModule& blocks;
    std::shared_ptr<const qbft::Qbft> engine;
    qbft::Agreement& agreement;
};

Result<ByVotes, rpc::Error> by_votes(Chain& chain) {
    auto* validator = chain.validator();
    if (validator == nullptr || validator->agreement() == nullptr) {
        return rpc::refused("no blocks are made by votes here");
    }
    auto engine = std::dynamic_pointer_cast<const qbft::Qbft>(chain.blocks()->data().engine);
    return ByVotes{*chain.blocks(), std::move(engine), *validator->agreement()};
}

/// In seconds, to the hundredth; negative if it is over.
double seconds_until(Instant at, Now now) {
    const std::chrono::duration<double> left = at - now.instant;
    return std::round(left.count() * 100) / 100;
}

json::value optional_text(const std::string& text) {
    // Parentheses: in braces it would be a list of one text.
    return text.empty() ? json::value() : json::value(text);
}

/// Null if it has no validator's key, or its signer has not said whose it is.
json::value self_of(const qbft::Agreement& agreement) {
    const auto* signer = agreement.signer();
    const auto address = signer == nullptr ? std::nullopt : signer->address();
    return optional_text(address ? address->to_string() : std::string{});
}

template <class Addresses>
json::array list_of(const Addresses& addresses) {
    json::array out;
    for (const chain::Address& one : addresses) out.emplace_back(one.to_string());
    return out;
}

// --- The agreement ---------------------------------------------------------------------------

json::object validator_json(const qbft::ValidatorProgress& one, Now now) {
    json::object out{{"address", one.address.to_string()}, {"prepared", one.has_prepared},
                     {"committed", one.has_committed},     {"changedTo", nullptr},
                     {"getsNoTime", one.gets_no_time},     {"heardAgo", nullptr}};
    if (one.changed_to) out["changedTo"] = *one.changed_to;
    if (one.heard) out["heardAgo"] = -seconds_until(*one.heard, now);
    return out;
}

/// What was said, as short as can be.
std::string said_text(const qbft::Signed<qbft::Prepare>& vote) {
    return rpc::hex_data(vote.payload.digest);
}
std::string said_text(const qbft::Signed<qbft::Commit>& vote) {
    return rpc::hex_data(vote.payload.digest);
}
std::string said_text(const qbft::Signed<qbft::RoundChange>& change) {
    const auto& prepared = change.payload.prepared;
    if (!prepared) return "nothing prepared";
    return fmt::format("{} prepared in round {}", rpc::hex_data(prepared->digest), prepared->round);
}
std::string said_text(const qbft::Signed<qbft::Proposed>& proposal) {
    return rpc::hex_data(qbft::signing_hash(proposal.payload));
}

std::string_view name_of(qbft::Code code) {
    switch (code) {
        case qbft::Code::proposal:
            return "proposal";
        case qbft::Code::prepare:
            return "prepare";
        case qbft::Code::commit:
            return "commit";
        case qbft::Code::round_change:
            return "roundChange";
    }
    std::unreachable();
}

json::object evidence_json(const qbft::Accuse& accuse) {
    auto out = std::visit(
        [](const auto& one) {
            const auto& view = one.payload.view;
            return json::object{{"validator", one.author.to_string()},
                                {"height", view.height},
                                {"round", view.round},
                                {"kind", name_of(one.payload.code)}};
        },
        accuse.first);
    const auto text = [](const auto& said) {
        return std::visit([](const auto& one) { return said_text(one); }, said);
    };
    out["said"] = json::array{text(accuse.first), text(accuse.second)};
    return out;
}

void add_progress(json::object& out, const qbft::Progress& progress, Now now) {
    out["height"] = progress.view.height;
    out["round"] = progress.view.round;
    out["proposer"] = progress.proposer.to_string();
    out["quorum"] = progress.quorum;
    out["faultyMax"] = progress.faulty_max;
    out["proposal"] =
        optional_text(progress.proposal ? rpc::hex_data(*progress.proposal) : std::string{});
    out["checked"] = progress.is_checked;
    out["speaksFrom"] = nullptr;
    if (progress.speaks_from) out["speaksFrom"] = *progress.speaks_from;
    out["halted"] = optional_text(progress.halted);
    out["timeoutIn"] = nullptr;
    if (progress.deadline != never) out["timeoutIn"] = seconds_until(progress.deadline, now);
    json::array validators;
    for (const auto& one : progress.validators) validators.push_back(validator_json(one, now));
    out["validators"] = std::move(validators);
}

rpc::Result parley_consensus(Chain& chain, const rpc::Call& call) {
    const auto votes = by_votes(chain);
    if (!votes) return std::unexpected{votes.error()};
    const auto& head = votes->blocks.ledger().head();
    const auto unix_s = std::chrono::floor<std::chrono::seconds>(call.now.unix_time);
    const auto age =
        unix_s.time_since_epoch().count() - static_cast<std::int64_t>(head.header.timestamp);
    json::object out{
        {"head",
         {{"number", head.header.number}, {"hash", rpc::hex_data(head.hash)}, {"age", age}}},
        {"missing", votes->blocks.sync().missing()},
        {"self", self_of(votes->agreement)}};
    const auto progress = votes->agreement.progress();
    if (progress) add_progress(out, *progress, call.now);
    out["waitsFor"] = progress ? qbft::waits_for(*progress, call.now)
                               : std::string{"the blocks and the state that peers have"};
    json::array evidence;
    for (const auto& one : votes->agreement.evidence()) evidence.push_back(evidence_json(one));
    out["evidence"] = std::move(evidence);
    return out;
}

// --- Validators ------------------------------------------------------------------------------

rpc::Result parley_validators(Chain& chain, const rpc::Call&) {
    const auto votes = by_votes(chain);
    if (!votes) return std::unexpected{votes.error()};
    const auto& head = votes->blocks.ledger().head();
    const auto validators = votes->engine->validators_after(head);
    std::map<std::pair<chain::Address, bool>, json::array> open;
    const auto counted = votes->engine->votes_after(head);
    for (const auto& [maker, vote] : counted.cast()) {
        open[{vote.recipient, vote.adds}].emplace_back(maker.to_string());
    }
    json::array cast;
    for (auto& [what, by] : open) {
        cast.push_back({{"address", what.first.to_string()},
                        {"add", what.second},
                        {"by", std::move(by)},
                        {"needed", validators.size() / 2 + 1}});
    }
    json::array own;
    for (const auto& [address, adds] : votes->agreement.proposals()) {
        own.push_back({{"address", address.to_string()}, {"add", adds}});
    }
    json::object out{{"number", head.header.number},
                     {"validators", list_of(validators.addresses())},
                     {"votes", std::move(cast)},
                     {"proposed", std::move(own)},
                     {"self", self_of(votes->agreement)}};
    return out;
}

rpc::Result validators_of(Chain& chain, const Result<BlockRef, rpc::Error>& ref) {
    if (!ref) return std::unexpected{ref.error()};
    const auto votes = by_votes(chain);
    if (!votes) return std::unexpected{votes.error()};
    const auto* ledger = chain.eth().chain();
    if (ledger == nullptr) return chain.eth().no_ledger();
    const auto block = require_block(*ledger, *ref);
    if (!block) return std::unexpected{block.error()};
    const auto extra =
        qbft::decode_extra_data(block->header.header.extra_data, votes->engine->config().form);
    if (!extra) return rpc::refused("its extra data names no validators");
    return list_of(extra->validators);
}

rpc::Result validators_by_number(Chain& chain, const rpc::Call& call) {
    return validators_of(chain, block_number_param(call, 0));
}

rpc::Result validators_by_hash(Chain& chain, const rpc::Call& call) {
    const auto hash = rpc::hash_param(call, 0);
    if (!hash) return std::unexpected{hash.error()};
    return validators_of(chain, BlockRef{BlockByHash{.hash = *hash}});
}

rpc::Result propose_vote(Chain& chain, const rpc::Call& call) {
    const auto votes = by_votes(chain);
    if (!votes) return std::unexpected{votes.error()};
    const auto address = address_param(call, 0);
    if (!address) return std::unexpected{address.error()};
    if (call.params.size() < 2)
        return rpc::bad_param(1, "true to add or false to remove", "nothing");
    const auto adds = rpc::flag_param(call, 1);
    if (!adds) return std::unexpected{adds.error()};
    if (votes->agreement.signer() == nullptr) {
        return rpc::refused("this node makes no blocks: it has no validator's key");
    }
    const auto& head = votes->blocks.ledger().head();
    if (votes->engine->validators_after(head).contains(*address) == *adds) {
        return rpc::refused(
            fmt::format("{} is {} validator", address->to_string(), *adds ? "already a" : "no"));
    }
    if (!votes->agreement.propose({*address, *adds})) {
        return rpc::refused(
            fmt::format("there are {} proposals already", qbft::Agreement::proposals_max));
    }
    return true;
}

rpc::Result resume_validator(Chain& chain, const rpc::Call& call) {
    const auto votes = by_votes(chain);
    if (!votes) return std::unexpected{votes.error()};
    return votes->agreement.resume(call.now);
}

rpc::Result discard_vote(Chain& chain, const rpc::Call& call) {
    const auto votes = by_votes(chain);
    if (!votes) return std::unexpected{votes.error()};
    const auto address = address_param(call, 0);
    if (!address) return std::unexpected{address.error()};
    return votes->agreement.discard(*address);
}

rpc::Result pending_votes(Chain& chain, const rpc::Call&) {
    const auto votes = by_votes(chain);
    if (!votes) return std::unexpected{votes.error()};
    json::object out;
    for (const auto& [address, adds] : votes->agreement.proposals()) {
        out[address.to_string()] = adds;
    }
    return out;
}

}  // namespace

std::vector<rpc::Method> consensus_methods(Chain& chain) {
    rpc::MethodList<Chain> list{chain};
    list.starts_text("parley_blockSeals", 1, &parley_block_seals);
    list.answers("parley_consensus", 0, &parley_consensus);
    list.answers("parley_validators", 0, &parley_validators);
    list.answers("qbft_getPendingVotes", 0, &pending_votes);
    list.answers("qbft_getValidatorsByBlockHash", 1, &validators_by_hash);
    list.answers("qbft_getValidatorsByBlockNumber", 1, &validators_by_number);
    list.changes("parley_resumeValidator", 0, &resume_validator);
    list.changes("qbft_discardValidatorVote", 1, &discard_vote);
    list.changes("qbft_proposeValidatorVote", 2, &propose_vote);
    return list.take();
}

}  // namespace parley::node
