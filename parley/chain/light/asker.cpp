#include <parley/chain/light/asker.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/light/block_proof.hpp>
#include <parley/chain/trie/ordered_root.hpp>
#include <parley/chain/trie/walk.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/crypto/hash.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace parley::chain::light {
namespace {

using transport::Offence;
using trie::Nibbles;
using trie::TrieErrc;
using trie::TrieError;

/// As the storage's trie has it: RLP of the value without leading zeros.
Result<Hash256, TrieError> slot_of(const std::optional<Buffer>& raw) {
    Hash256 out{};
    if (!raw) return out;
    rlp::Reader in{*raw};
    const auto value = in.string_up_to(out.size());
    if (!value || !in.finish()) return fail(TrieErrc::rlp);
    std::ranges::copy(*value, out.end() - static_cast<std::ptrdiff_t>(value->size()));
    return out;
}

Result<Receipt, std::string> receipt_at(const trie::NodeReader& nodes, const Hash256& root,
                                        std::uint32_t index) {
    const auto raw = trie::find(nodes, root, trie::index_key(index));
    if (!raw) return std::unexpected{"receipt: " + message(raw.error())};
    if (!*raw) return std::unexpected{std::string{"the block has fewer receipts"}};
    auto receipt = decode_receipt(**raw);
    if (!receipt) return std::unexpected{"receipt: " + message(receipt.error())};
    return std::move(*receipt);
}

}  // namespace

Asker::Asker(AskerConfig config, std::function<std::optional<Known>(std::uint64_t)> at,
             std::function<std::uint64_t()> head, Rng rng)
    : config_(config),
      at_(std::move(at)),
      head_(std::move(head)),
      rng_(rng),
      known_(config.nodes_max, rng_.next()) {}

void Asker::remove_peer(Now now, PeerId peer, Effects& out) {
    peers_.erase(peer);
    std::erase_if(late_, [&](const auto& one) { return one.second == peer; });
    std::vector<Wish> open;
    for (auto at = under_way_.begin(); at != under_way_.end();) {
        if (at->second.peer != peer) {
            ++at;
            continue;
        }
        std::ranges::move(at->second.wishes, std::back_inserter(open));
        at = under_way_.erase(at);
    }
    for (auto& wish : open) try_again(now, std::move(wish), "a full node left", out);
    start(now, out);
}

void Asker::account(Now now, const Known& block, const Address& address, std::vector<Hash256> slots,
                    Done<ProvenAccount> done, Effects& out) {
    AccountWish wish{block, {address, std::move(slots)}, std::move(done)};
    if (wish.wanted.slots.size() > slots_max) {
        return wish.done(now, std::unexpected{fmt::format("too many slots: {}, at most {}",
                                                          wish.wanted.slots.size(), slots_max)});
    }
    if (auto proven = prove(wish, AnswerNodes{known_, {}})) {
        return wish.done(now, std::move(*proven));
    }
    push(now, {std::move(wish)}, out);
}

void Asker::inclusion(Now now, const Hash256& transaction, Done<std::optional<Included>> done,
                      Effects& out) {
    push(now, {InclusionWish{transaction, std::move(done)}}, out);
}

void Asker::block(Now now, const Known& block, bool with_receipts, UseBlock use, Done<void> done,
                  Effects& out) {
    if (const auto whole = block_of_header(block.header)) {
        use(*whole);
        return done(now, {});
    }
    push(now,
         {BlockWish{block, with_receipts, std::make_shared<UseBlock>(std::move(use)),
                    std::move(done)}},
         out);
}

void Asker::submit(Now now, SharedBytes raw, Done<void> done, Effects& out) {
    push(now, {SubmitWish{std::move(raw), std::move(done)}}, out);
}

void Asker::push(Now now, Wish wish, Effects& out) {
    if (waiting_.size() >= config_.waiting_max) {
        wish.last_error = "too many questions wait for full nodes";
        return give_up(now, std::move(wish));
    }
    waiting_.push_back(std::move(wish));
    start(now, out);
}

std::set<Asker::PeerId> Asker::untried(const Wish& wish) const {
    std::set<PeerId> out;
    if (wish.tried.size() >= config_.tries_max) return out;
    for (const auto& [id, peer] : peers_) {
        if (!wish.tried.contains(id)) out.insert(id);
    }
    return out;
}

/// One that was not tried and is not busy; of those any that failed least.
std::optional<Asker::PeerId> Asker::peer_for(Now now, const Wish& wish) {
    std::vector<PeerId> open;
    std::uint32_t least = 0;
    for (const auto id : untried(wish)) {
        auto& peer = peers_.at(id);
        const bool is_free = peer.under_way < config_.peer_under_way_max;
        if (!is_free || !peer.rate.has(now.instant)) continue;
        if (!open.empty() && peer.failures > least) continue;
        if (!open.empty() && peer.failures < least) open.clear();
        least = peer.failures;
        open.push_back(id);
    }
    if (open.empty()) return std::nullopt;
    return open[static_cast<std::size_t>(rng_.below(open.size()))];
}

void Asker::start(Now now, Effects& out) {
    if (std::exchange(is_starting_, true)) return;
    start_at_ = never;
    const auto has_room = [&] {
        return under_way_.size() + checking_.size() < config_.under_way_max;
    };
    while (!waiting_.empty() && has_room()) {
        auto wish = std::move(waiting_.front());
        waiting_.pop_front();
        if (start_one(now, wish, out)) continue;
        // All that it may go to are busy.
        waiting_.push_front(std::move(wish));
        start_at_ = now.instant + config_.pause;
        break;
    }
    is_starting_ = false;
}

/// False: it must wait.
bool Asker::start_one(Now now, Wish& wish, Effects& out) {
    const auto peer = peer_for(now, wish);
    if (!peer) {
        if (!untried(wish).empty()) return false;
        give_up(now, std::move(wish));
        return true;
    }
    auto& asked = peers_.at(*peer);
    (void)asked.rate.take(now.instant);
    ++asked.under_way;
    const auto id = next_id_++;
    UnderWay sent{*peer, now.instant + config_.patience, {}};
    const auto send = [&](transport::Code code, SharedBytes message) {
        out.emplace_back(Send{*peer, code, std::move(message)});
    };
    std::visit(overloaded{[&](const AccountWish& first) {
                              GetProofs question{id, first.block.hash, {first.wanted}};
                              auto slots = first.wanted.slots.size();
                              // Those that wait for the same state go with it.
                              for (auto at = waiting_.begin(); at != waiting_.end();) {
                                  const auto* other = std::get_if<AccountWish>(&at->what);
                                  const bool goes_with =
                                      other && other->block.hash == first.block.hash &&
                                      !at->tried.contains(*peer) &&
                                      question.accounts.size() < accounts_max &&
                                      slots + other->wanted.slots.size() <= slots_max;
                                  if (!goes_with) {
                                      ++at;
                                      continue;
                                  }
                                  slots += other->wanted.slots.size();
                                  question.accounts.push_back(other->wanted);
                                  sent.wishes.push_back(std::move(*at));
                                  at = waiting_.erase(at);
                              }
                              send(code::get_proofs, encode(question));
                          },
                          [&](const InclusionWish& one) {
                              send(code::get_inclusion, encode(GetInclusion{id, one.transaction}));
                          },
                          [&](const BlockWish& one) {
                              send(code::get_block,
                                   encode(GetBlock{id, one.block.hash, one.with_receipts}));
                          },
                          [&](const SubmitWish& one) {
                              send(code::submit, sync_topic::encode(Items{id, {one.raw}}));
                          }},
               wish.what);
    sent.wishes.push_back(std::move(wish));
    for (auto& one : sent.wishes) one.tried.insert(*peer);
    under_way_.emplace(id, std::move(sent));
    return true;
}

std::optional<Asker::UnderWay> Asker::take(PeerId peer, std::uint64_t id, Effects& out) {
    const auto of_peer = peers_.find(peer);
    if (of_peer == peers_.end()) return std::nullopt;
    const auto late = late_.find(id);
    if (late != late_.end() && late->second == peer) {
        late_.erase(late);
        --of_peer->second.under_way;
        return std::nullopt;
    }
    auto found = under_way_.find(id);
    if (found == under_way_.end() || found->second.peer != peer) {
        out.emplace_back(Charge{peer, Offence::unasked, "an answer"});
        return std::nullopt;
    }
    --of_peer->second.under_way;
    auto taken = std::move(found->second);
    under_way_.erase(found);
    return taken;
}

void Asker::note_good(PeerId id) {
    const auto peer = peers_.find(id);
    if (peer != peers_.end()) peer->second.failures = 0;
}

void Asker::note_failure(PeerId id) {
    const auto peer = peers_.find(id);
    if (peer != peers_.end()) ++peer->second.failures;
}

void Asker::refuse(PeerId peer, std::string why, Effects& out) {
    note_failure(peer);
    out.emplace_back(Charge{peer, Offence::invalid_data, std::move(why)});
}

/// As many as must, or all that there are.
bool Asker::all_say_no(const Wish& wish, const InclusionWish& one) const {
    return one.absences >= config_.absences ||
           (one.absences > 0 && one.absences == wish.tried.size() && untried(wish).empty());
}

void Asker::give_up(Now now, Wish wish) {
    const auto* inclusion = std::get_if<InclusionWish>(&wish.what);
    const bool says_no = inclusion != nullptr && all_say_no(wish, *inclusion);
    const auto why = std::unexpected{std::move(wish.last_error)};
    std::visit(overloaded{[&](AccountWish& one) { one.done(now, why); },
                          [&](InclusionWish& one) {
                              if (says_no) return one.done(now, std::nullopt);
                              one.done(now, why);
                          },
                          [&](BlockWish& one) { one.done(now, why); },
                          [&](SubmitWish& one) {
                              if (!one.refusal.empty()) {
                                  return one.done(now, std::unexpected{one.refusal});
                              }
                              one.done(now, why);
                          }},
               wish.what);
}

void Asker::try_again(Now now, Wish wish, std::string why, Effects& out) {
    wish.last_error = std::move(why);
    waiting_.push_front(std::move(wish));
    start(now, out);
}

Result<Asker::ProvenAccount, TrieError> Asker::prove(const AccountWish& wish,
                                                     const trie::NodeReader& nodes) {
    ProvenAccount out;
    const auto& root = wish.block.header.state_root;
    const auto key = Nibbles::of_key(crypto::keccak256(wish.wanted.address));
    const auto raw = trie::find(nodes, root, key);
    if (!raw) return std::unexpected{raw.error()};
    out.nodes = trie::prove(nodes, root, key).value();
    out.slots.resize(wish.wanted.slots.size());
    out.slot_nodes.resize(wish.wanted.slots.size());
    if (!*raw) return out;
    const auto account = decode_account(**raw);
    if (!account) return fail(TrieErrc::rlp);
    out.account = *account;
    for (std::size_t i = 0; i < out.slots.size(); ++i) {
        const auto slot_key = Nibbles::of_key(crypto::keccak256(wish.wanted.slots[i]));
        const auto found = trie::find(nodes, account->storage_root, slot_key);
        if (!found) return std::unexpected{found.error()};
        const auto slot = slot_of(*found);
        if (!slot) return std::unexpected{slot.error()};
        out.slots[i] = *slot;
        out.slot_nodes[i] = trie::prove(nodes, account->storage_root, slot_key).value();
    }
    return out;
}

void Asker::on_proofs(Now now, PeerId peer, const Items& answer, Effects& out) {
    auto taken = take(peer, answer.id, out);
    if (!taken) return;
    AnswerNodes nodes{known_, answer.items};
    std::optional<std::string> wrong;
    std::vector<Wish> open;
    std::vector<std::pair<AccountWish, ProvenAccount>> proven;
    for (auto& wish : taken->wishes) {
        auto* one = std::get_if<AccountWish>(&wish.what);
        if (!one) {
            wrong = "an answer to another question";
            open.push_back(std::move(wish));
            continue;
        }
        auto result = prove(*one, nodes);
        if (result) {
            proven.emplace_back(std::move(*one), std::move(*result));
            continue;
        }
        // Without any node it has not this state, which is no offence.
        if (!answer.items.empty()) wrong = message(result.error());
        open.push_back(std::move(wish));
    }
    nodes.keep_used();
    if (wrong) {
        refuse(peer, *wrong, out);
    } else if (!proven.empty()) {
        note_good(peer);
    }
    for (auto& [wish, result] : proven) wish.done(now, std::move(result));
    for (auto& wish : open) {
        try_again(now, std::move(wish),
                  wrong ? "a full node answered wrongly: " + *wrong
                        : "no full node that was asked has this state",
                  out);
    }
    start(now, out);
}

Result<Asker::Included, std::string> Asker::prove(const InclusionWish& wish, const Known& block,
                                                  const Inclusion& answer) {
    Included out{.number = answer.number, .index = answer.index, .transaction = {}, .receipt = {}};
    const auto key = trie::index_key(answer.index);
    const auto raw =
        trie::find(AnswerNodes{known_, answer.transaction}, block.header.transactions_root, key);
    if (!raw) return std::unexpected{"transaction: " + message(raw.error())};
    if (!*raw) return std::unexpected{std::string{"the block has fewer transactions"}};
    auto transaction = decode_transaction(SharedBytes::copy(**raw));
    if (!transaction) return std::unexpected{"transaction: " + message(transaction.error())};
    if (transaction->hash != wish.transaction) {
        return std::unexpected{std::string{"another transaction"}};
    }
    const AnswerNodes receipts{known_, answer.receipt};
    auto receipt = receipt_at(receipts, block.header.receipts_root, answer.index);
    if (!receipt) return std::unexpected{std::move(receipt.error())};
    if (answer.index > 0) {
        const auto before = receipt_at(receipts, block.header.receipts_root, answer.index - 1);
        if (!before) return std::unexpected{before.error()};
        out.gas_before = before->cumulative_gas_used;
    }
    out.transaction = std::move(*transaction);
    out.receipt = std::move(*receipt);
    return out;
}

template <class Kind>
std::optional<Asker::Wish> Asker::take_one(Now now, PeerId peer, std::uint64_t id, Effects& out,
                                           bool has_form) {
    auto taken = take(peer, id, out);
    if (!taken) return std::nullopt;
    auto wish = std::move(taken->wishes.front());
    if (has_form && std::holds_alternative<Kind>(wish.what)) return wish;
    refuse(peer, "an answer to another question", out);
    try_again(now, std::move(wish), "a full node answered another question", out);
    return std::nullopt;
}

void Asker::on_inclusion(Now now, PeerId peer, const Inclusion& answer, Effects& out) {
    auto taken = take_one<InclusionWish>(now, peer, answer.id, out);
    if (!taken) return;
    auto& wish = *taken;
    auto* one = std::get_if<InclusionWish>(&wish.what);
    // What is above the head is not in the chain as this node knows it.
    const bool is_absent = answer.transaction.empty() || answer.number > head_();
    if (is_absent) ++one->absences;
    if (is_absent && all_say_no(wish, *one)) {
        give_up(now, std::move(wish));
        return start(now, out);
    }
    const auto block = is_absent ? std::nullopt : at_(answer.number);
    if (!block) {
        auto error = is_absent ? std::string{"full nodes do not agree on where it is"}
                               : fmt::format("block {} is not here yet", answer.number);
        return try_again(now, std::move(wish), std::move(error), out);
    }
    auto proven = prove(*one, *block, answer);
    if (proven) {
        note_good(peer);
        one->done(now, std::move(*proven));
        return start(now, out);
    }
    refuse(peer, proven.error(), out);
    try_again(now, std::move(wish), std::move(proven.error()), out);
}

void Asker::Check::run() {
    const auto block = prove_block(header, answer, with_receipts);
    if (!block) {
        result = std::unexpected{block.error()};
    } else {
        (*use)(*block);
    }
}

void Asker::on_block(Now now, PeerId peer, const Items& answer, Effects& out) {
    auto taken = take_one<BlockWish>(now, peer, answer.id, out);
    if (!taken) return;
    auto& wish = *taken;
    auto* one = std::get_if<BlockWish>(&wish.what);
    if (answer.items.empty()) {
        return try_again(now, std::move(wish), "no full node that was asked has this block", out);
    }
    Check check{peer, answer.id, one->block.header, one->with_receipts, one->use, answer};
    checking_.emplace(answer.id, std::move(wish));
    out.emplace_back(std::move(check));
}

void Asker::on_checked(Now now, Check check, Effects& out) {
    auto wish = std::move(checking_.extract(check.id).mapped());
    if (check.result) {
        note_good(check.peer);
        std::get<BlockWish>(wish.what).done(now, {});
        return start(now, out);
    }
    refuse(check.peer, check.result.error(), out);
    try_again(now, std::move(wish), "a full node answered wrongly: " + check.result.error(), out);
}

void Asker::on_unchecked(Now now, const Check& check, Effects& out) {
    auto wish = std::move(checking_.extract(check.id).mapped());
    wish.last_error = "this node is busy: try again";
    give_up(now, std::move(wish));
    start(now, out);
}

void Asker::on_submitted(Now now, PeerId peer, const Items& answer, Effects& out) {
    auto taken = take_one<SubmitWish>(now, peer, answer.id, out, answer.items.size() <= 1);
    if (!taken) return;
    auto& wish = *taken;
    auto* one = std::get_if<SubmitWish>(&wish.what);
    const bool is_known =
        !answer.items.empty() && equal(answer.items.front(), bytes_of("already known"));
    if (answer.items.empty() || is_known) {
        one->done(now, {});
        return start(now, out);
    }
    // Another one may see it otherwise.
    const auto& text = answer.items.front();
    one->refusal.clear();
    for (const auto byte : Bytes{text}) {
        const auto character = std::to_integer<char>(byte);
        one->refusal += character >= ' ' && character <= '~' ? character : '?';
        if (one->refusal.size() == 200) break;
    }
    try_again(now, std::move(wish), {}, out);
}

void Asker::on_timer(Now now, Effects& out) {
    std::vector<Wish> late;
    for (auto at = under_way_.begin(); at != under_way_.end();) {
        if (now.instant < at->second.deadline) {
            ++at;
            continue;
        }
        std::ranges::move(at->second.wishes, std::back_inserter(late));
        late_.emplace(at->first, at->second.peer);
        note_failure(at->second.peer);
        at = under_way_.erase(at);
    }
    for (auto& wish : late) {
        try_again(now, std::move(wish), "no full node answered in time", out);
    }
    start(now, out);
}

Instant Asker::next_wakeup() const {
    Instant at = start_at_;
    for (const auto& [id, one] : under_way_) at = std::min(at, one.deadline);
    return at;
}

}  // namespace parley::chain::light
