#include <parley/chain/light/answers.hpp>

#include <parley/chain/state/state_commit.hpp>
#include <parley/chain/sync/answers.hpp>
#include <parley/chain/trie/ordered_root.hpp>
#include <parley/chain/trie/walk.hpp>
#include <parley/crypto/hash.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace parley::chain::light {
namespace {

/// Of a string's header in RLP, and the id.
constexpr std::size_t item_overhead_bytes = 16;

std::vector<SharedBytes> share(std::vector<Buffer> nodes) {
    std::vector<SharedBytes> out;
    out.reserve(nodes.size());
    for (auto& node : nodes) out.push_back(SharedBytes::own(std::move(node)));
    return out;
}

/// The nodes of an answer, each once.
class Nodes {
public:
    explicit Nodes(Items& out) : out_(out) {}
    /// False: they cannot be read, or do not fit.
    bool add(Result<std::vector<Buffer>, trie::TrieError> proof) {
        if (!proof) return false;
        for (auto& node : *proof) {
            if (!known_.insert(crypto::keccak256(node)).second) continue;
            bytes_ += node.size() + item_overhead_bytes;
            if (bytes_ > answer_bytes_max || out_.items.size() >= nodes_max) return false;
            out_.items.push_back(SharedBytes::own(std::move(node)));
        }
        return true;
    }

private:
    Items& out_;
    std::set<Hash256> known_;
    std::size_t bytes_ = 0;
};

/// The root of an account's storage; nothing if it is not there.
std::optional<Hash256> storage_root(const PastStates::At& at, const Hash256& owner) {
    const auto found = trie::find(TrieOfState{*at.nodes}, at.root, trie::Nibbles::of_key(owner));
    if (!found || !*found) return std::nullopt;
    const auto account = decode_account(**found);
    return account ? std::optional{account->storage_root} : std::nullopt;
}

}  // namespace

Items answer_headers(const BlockStore& blocks, const GetHeaders& question) {
    const auto hash = blocks.main(question.last);
    if (!hash || !*hash) return {question.id, {}};
    return chain::answer_headers(
        blocks,
        sync_topic::GetHeaders{
            .id = question.id, .from = {**hash}, .forwards = false, .count = question.count});
}

Items answer_proofs(PastStates& states, const ChainHeader& head, const ChainParts& chain,
                    const GetProofs& question) {
    Items out{question.id, {}};
    const auto nothing = [&] { return Items{question.id, {}}; };
    const auto at = states.at(head, chain, question.block);
    if (!at) return nothing();
    Nodes nodes{out};
    for (const auto& [address, slots] : question.accounts) {
        const auto owner = crypto::keccak256(address);
        const auto key = trie::Nibbles::of_key(owner);
        if (!nodes.add(trie::prove(TrieOfState{*at->nodes}, at->root, key))) return nothing();
        if (slots.empty()) continue;
        const auto root = storage_root(*at, owner);
        if (!root) continue;
        for (const auto& slot : slots) {
            const auto slot_key = trie::Nibbles::of_key(crypto::keccak256(slot));
            const TrieOfState storage{*at->nodes, owner};
            if (!nodes.add(trie::prove(storage, *root, slot_key))) return nothing();
        }
    }
    return out;
}

Items answer_block(const BlockStore& blocks, const GetBlock& question) {
    Items out{question.id, {}};
    const auto logged = blocks.read(question.block);
    if (!logged || !*logged) return out;
    std::size_t bytes = 0;
    const auto add = [&](Buffer item) {
        bytes += item.size() + item_overhead_bytes;
        out.items.push_back(SharedBytes::own(std::move(item)));
    };
    add((*logged)->block.body.encode());
    if (question.with_receipts) {
        for (const auto& receipt : (*logged)->receipts) add(receipt.encode());
    }
    return bytes > answer_bytes_max ? Items{question.id, {}} : out;
}

Inclusion answer_inclusion(const BlockStore& blocks, const GetInclusion& question) {
    Inclusion out{.id = question.id};
    const auto place = blocks.find_transaction(question.transaction);
    if (!place || !*place) return out;
    const auto hash = blocks.main((*place)->number);
    if (!hash || !*hash) return out;
    const auto logged = blocks.read(**hash);
    if (!logged || !*logged) return out;
    std::vector<Buffer> transactions;
    std::vector<Buffer> receipts;
    for (const auto& tx : (*logged)->block.body.transactions) {
        transactions.push_back(to_buffer(Bytes{tx.raw}));
    }
    for (const auto& receipt : (*logged)->receipts) receipts.push_back(receipt.encode());
    out.number = (*place)->number;
    out.index = (*place)->index;
    out.transaction = share(trie::prove_ordered(transactions, {out.index}));
    // What the transaction itself used is the difference to the one before.
    std::vector<std::uint64_t> indexes{out.index};
    if (out.index > 0) indexes.push_back(out.index - 1);
    out.receipt = share(trie::prove_ordered(receipts, indexes));
    return out;
}

}  // namespace parley::chain::light
