#include <parley/chain/light/block_proof.hpp>

#include <parley/chain/ledger/block_rules.hpp>
#include <parley/chain/types/sender.hpp>

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace parley::chain::light {
namespace {

using Checked = Result<void, std::string>;

Checked take_senders(LoggedBlock& out) {
    std::vector<const Transaction*> all;
    for (const auto& tx : out.block.body.transactions) all.push_back(&tx);
    for (const auto& sender : recover_senders(all)) {
        if (!sender) return std::unexpected{"sender: " + message(sender.error())};
        out.senders.push_back(*sender);
    }
    return {};
}

Checked take_receipts(LoggedBlock& out, std::span<const SharedBytes> raw) {
    const auto expected = out.block.body.transactions.size();
    if (raw.size() != expected) {
        return std::unexpected{fmt::format("receipts: expected {}, got {}", expected, raw.size())};
    }
    for (const auto& one : raw) {
        auto receipt = decode_receipt(one);
        if (!receipt) return std::unexpected{"receipt: " + message(receipt.error())};
        out.receipts.push_back(std::move(*receipt));
    }
    if (receipts_root(out.receipts) == out.block.header.receipts_root) return {};
    return std::unexpected{std::string{"receipts that the header does not commit to"}};
}

}  // namespace

Result<LoggedBlock, std::string> prove_block(const Header& header, const Items& answer,
                                             bool with_receipts) {
    if (answer.items.empty()) return std::unexpected{std::string{"no body"}};
    auto body = decode_body(answer.items.front());
    if (!body) return std::unexpected{message(body.error())};
    LoggedBlock out{.block = {header, std::move(*body)}, .senders = {}, .receipts = {}};
    if (const auto checked = check_body(out.block); !checked) {
        return std::unexpected{message(checked.error())};
    }
    if (const auto taken = take_senders(out); !taken) return std::unexpected{taken.error()};
    const auto rest = std::span{answer.items}.subspan(1);
    if (!with_receipts && !rest.empty()) {
        return std::unexpected{std::string{"receipts that were not asked for"}};
    }
    if (!with_receipts) return out;
    if (const auto taken = take_receipts(out, rest); !taken) return std::unexpected{taken.error()};
    return out;
}

std::optional<LoggedBlock> block_of_header(const Header& header) {
    const bool is_empty = header.transactions_root == empty_root_hash &&
                          header.ommers_hash == empty_ommers_hash &&
                          header.withdrawals_root.value_or(empty_root_hash) == empty_root_hash;
    if (!is_empty) return std::nullopt;
    LoggedBlock out{.block = {header, {}}, .senders = {}, .receipts = {}};
    if (header.withdrawals_root) out.block.body.withdrawals.emplace();
    return out;
}

}  // namespace parley::chain::light
