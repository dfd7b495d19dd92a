#include <parley/chain/sync/state_apply.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/state/state.hpp>
#include <parley/chain/state/state_buffer.hpp>
#include <parley/chain/state/state_commit.hpp>
#include <parley/chain/trie/proof.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace parley::chain {
namespace {

using AccountsByKey = std::map<Hash256, Account>;
using Outcome = StateSync::Outcome;

constexpr std::string_view partial_table = "chain.meta";
constexpr std::string_view partial_key = "partial_state";

/// The last key before `key`. Precondition: there is one.
Hash256 key_before(Hash256 key) {
    for (std::size_t i = key.size(); i-- > 0;) {
        const auto value = std::to_integer<unsigned>(key[i]);
        key[i] = static_cast<std::byte>(value - 1);
        if (value != 0) break;
    }
    return key;
}

std::vector<Buffer> proof_buffers(const std::vector<SharedBytes>& proof) {
    std::vector<Buffer> out;
    out.reserve(proof.size());
    for (const auto& node : proof) out.push_back(to_buffer(node));
    return out;
}

std::vector<trie::Entry> trie_entries_of(const AccountsByKey& accounts) {
    std::vector<trie::Entry> out;
    out.reserve(accounts.size());
    for (const auto& [key, account] : accounts) out.push_back({key, account.encode()});
    return out;
}

class Applying {
public:
    Applying(Store& store, const Hash256& root, const StateSync::Apply& apply,
             std::uint64_t span_accounts_max, std::uint64_t salt)
        : store_(store),
          state_(store, root, salt),
          apply_(apply),
          span_accounts_max_(span_accounts_max),
          salt_(salt) {}

    Applied run() {
        const auto& question = apply_.question;
        return std::visit(overloaded{
                              [&](const sync_topic::Accounts& answer) {
                                  return take(std::get<sync_topic::GetAccounts>(question), answer);
                              },
                              [&](const sync_topic::Changes& answer) {
                                  return take(std::get<sync_topic::GetChanges>(question), answer);
                              },
                          },
                          apply_.answer);
    }

private:
    static Applied refused(std::string why) {
        return {.outcome = Outcome::refused, .root = {}, .spans = {}, .why = std::move(why)};
    }
    static Applied failed(std::string why) {
        return {.outcome = Outcome::failed, .root = {}, .spans = {}, .why = std::move(why)};
    }

    Applied take(const sync_topic::GetAccounts& question, const sync_topic::Accounts& answer) {
        AccountsByKey accounts;
        for (const auto& [key, value] : answer.entries) {
            auto account = decode_slim(value);
            if (!account) return refused("an account cannot be decoded");
            if (!accounts.empty() && key <= accounts.rbegin()->first) {
                return refused("accounts do not ascend");
            }
            accounts.emplace_hint(accounts.end(), key, *account);
        }
        const auto more =
            trie::verify_range(apply_.block.root, question.first, trie_entries_of(accounts),
                               proof_buffers(answer.proof));
        if (!more) return refused(message(more.error()));
        // The last one may lie beyond the span: it belongs to another.
        const auto reached = *more ? answer.entries.back().key : last_of_keys;
        const auto to = std::min(reached, question.last);
        accounts.erase(accounts.upper_bound(to), accounts.end());
        const auto before = here(question.first, to);
        if (!before) return failed(message(before.error()));
        auto changes = differences(*before, accounts);
        return write(std::move(changes),
                     extended(apply_.span, to, accounts.size(), apply_.block, span_accounts_max_));
    }

    Applied take(const sync_topic::GetChanges& question, const sync_topic::Changes& answer) {
        if (answer.last < question.first || answer.last > question.last) {
            return refused("changes of other keys");
        }
        const auto before = here(question.first, answer.last);
        if (!before) return failed(message(before.error()));
        auto accounts = *before;
        std::optional<Hash256> last;
        for (const auto& [key, value] : answer.entries) {
            const bool is_in_order = key >= question.first && (!last || key > *last);
            if (!is_in_order || key > answer.last) return refused("changes do not ascend");
            last = key;
            if (value.empty()) {
                accounts.erase(key);
                continue;
            }
            auto account = decode_slim(value);
            if (!account) return refused("an account cannot be decoded");
            accounts.insert_or_assign(key, *account);
        }
        const auto verified =
            trie::verify_between(apply_.block.root, question.first, answer.last,
                                 trie_entries_of(accounts), proof_buffers(answer.proof));
        if (!verified) return refused(message(verified.error()));
        auto changes = differences(*before, accounts);
        return write(std::move(changes),
                     moved(apply_.span, answer.last, accounts.size(), apply_.block));
    }

    Result<AccountsByKey, StoreError> here(const Hash256& first, const Hash256& last) {
        AccountsByKey out;
        bool is_corrupt = false;
        const auto scanned =
            store_.scan_from(state_table::accounts, first, [&](Bytes key, Bytes value) {
                const auto account = decode_slim(value);
                is_corrupt = key.size() != last.size() || !account;
                if (is_corrupt) return false;
                const auto hash = array_of<32>(key);
                if (hash > last) return false;
                out.emplace_hint(out.end(), hash, *account);
                return true;
            });
        if (!scanned) return std::unexpected{scanned.error()};
        if (is_corrupt) return fail(StoreErrc::corrupt);
        return out;
    }

    static std::vector<AccountChange> differences(const AccountsByKey& before,
                                                  const AccountsByKey& after) {
        std::vector<AccountChange> out;
        auto old = before.begin();
        for (const auto& [key, account] : after) {
            for (; old != before.end() && old->first < key; ++old) {
                out.push_back({old->first, old->second, std::nullopt});
            }
            if (old == before.end() || old->first != key) {
                out.push_back({key, std::nullopt, account});
                continue;
            }
            if (old->second != account) out.push_back({key, old->second, account});
            ++old;
        }
        for (; old != before.end(); ++old) out.push_back({old->first, old->second, std::nullopt});
        return out;
    }

    /// Nothing is executed that gives an account storage or code: it has what the genesis gave it,
    /// or has lost it.
    Result<void, std::string> carry_storage(StateChanges& changes) {
        const Account none;
        for (const auto& change : changes.accounts) {
            const auto& before = change.before.value_or(none);
            const auto& after = change.after.value_or(none);
            if (after.has_code() && after.code_hash != before.code_hash) {
                const auto code = state_.code(after.code_hash);
                if (!code || !*code) return std::unexpected{"an account has code that is not here"};
            }
            if (after.storage_root == before.storage_root) continue;
            if (after.storage_root != empty_root_hash) {
                return std::unexpected{"an account has storage that is not here"};
            }
            const auto visited =
                state_.for_each_slot(change.key, [&](const auto& slot, auto& value) {
                    changes.slots.push_back({change.key, slot, value, Uint256{}});
                    return true;
                });
            if (!visited) return std::unexpected{message(visited.error())};
        }
        return {};
    }

    Applied write(std::vector<AccountChange> accounts, std::vector<StateSpan> spans) {
        StateChanges changes;
        changes.accounts = std::move(accounts);
        if (auto carried = carry_storage(changes); !carried) return failed(carried.error());
        auto commit = commit_state(state_, state_.root(), std::move(changes));
        if (!commit) return failed(message(commit.error()));
        const auto root = commit->root;
        StateBuffer buffer{salt_};
        buffer.add(std::move(*commit));
        auto batch = buffer.to_batch();
        batch.put(partial_table, bytes_of(partial_key), root);
        for (const auto& span : spans) batch.put(spans_table, span.first, encode_span(span));
        if (const auto written = store_.write(batch); !written) {
            return failed(message(written.error()));
        }
        return {.outcome = Outcome::written, .root = root, .spans = std::move(spans), .why = {}};
    }

    Store& store_;
    State state_;
    const StateSync::Apply& apply_;
    std::uint64_t span_accounts_max_;
    std::uint64_t salt_;
};

}  // namespace

Result<std::optional<PartialState>, StoreError> read_partial_state(Store& store) {
    const auto root = store.get(partial_table, bytes_of(partial_key));
    if (!root) return std::unexpected{root.error()};
    if (!*root) return std::nullopt;
    if ((*root)->size() != 32) return fail(StoreErrc::corrupt);
    PartialState out{array_of<32>(**root), {}};
    bool is_corrupt = false;
    const auto scanned = store.scan(spans_table, [&](Bytes key, Bytes value) {
        is_corrupt = key.size() != 32;
        if (is_corrupt) return false;
        const auto span = decode_span(array_of<32>(key), value);
        is_corrupt = !span;
        if (is_corrupt) return false;
        // One that was split has its old row until it is written again.
        if (!out.spans.empty() && out.spans.back().last >= span->first) {
            auto& split = out.spans.back();
            split.last = key_before(span->first);
            if (split.here_to) split.here_to = std::min(*split.here_to, split.last);
        }
        const auto expected = out.spans.empty() ? Hash256{} : key_after(out.spans.back().last);
        is_corrupt = span->first != expected || span->last < span->first;
        out.spans.push_back(*span);
        return !is_corrupt;
    });
    if (!scanned) return std::unexpected{scanned.error()};
    if (is_corrupt || out.spans.empty() || out.spans.back().last != last_of_keys) {
        return fail(StoreErrc::corrupt);
    }
    return out;
}

Result<void, StoreError> begin_partial_state(Store& store, const PartialState& begin,
                                             StoreBatch batch) {
    batch.put(partial_table, bytes_of(partial_key), begin.root);
    for (const auto& span : begin.spans) batch.put(spans_table, span.first, encode_span(span));
    return store.write(batch);
}

Result<void, StoreError> end_partial_state(Store& store, StoreBatch& batch) {
    batch.erase(partial_table, bytes_of(partial_key));
    return store.scan(spans_table, [&](Bytes key, Bytes) {
        batch.erase(spans_table, key);
        return true;
    });
}

Applied apply_answer(Store& store, const Hash256& root, const StateSync::Apply& apply,
                     std::uint64_t span_accounts_max, std::uint64_t salt) {
    return Applying{store, root, apply, span_accounts_max, salt}.run();
}

}  // namespace parley::chain
