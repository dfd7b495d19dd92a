#include <parley/chain/state/state_edit.hpp>

#include <parley/crypto/hash.hpp>

#include <algorithm>

namespace parley::chain {

StateEdit::EditedAccount& StateEdit::open(const Address& address) {
    auto [edited, is_new] = accounts_.insert(address.value);
    if (!is_new) return edited;
    edited.hash = crypto::keccak256(address);
    const auto found = base_.account(edited.hash);
    if (!found && !error_) error_ = found.error();
    if (found) edited.before = *found;
    edited.after = edited.before;
    return edited;
}

std::optional<Account> StateEdit::account(const Address& address) {
    return open(address).after;
}

void StateEdit::set_account(const Address& address, const Account& account) {
    if (!account.is_empty()) return put_account(address, account);
    EditedAccount& edited = open(address);
    if (edited.after) clear_storage(edited.hash);
    edited.after.reset();
}

void StateEdit::put_account(const Address& address, const Account& account) {
    EditedAccount& edited = open(address);
    const auto storage_root = edited.after ? edited.after->storage_root : empty_root_hash;
    edited.after = account;
    edited.after->storage_root = storage_root;
}

StateEdit::EditedSlot& StateEdit::open_slot(const Hash256& account, const Hash256& slot) {
    const auto [place, is_new] = slots_.try_emplace({account, slot});
    if (!is_new) return place->second;
    const auto found = base_.slot(account, slot);
    if (!found && !error_) error_ = found.error();
    if (found) place->second.before = *found;
    place->second.after = place->second.before;
    return place->second;
}

bool StateEdit::credit(const Address& to, const Uint256& wei) {
    auto changed = account(to).value_or(Account{});
    const auto balance = checked_add(changed.balance, wei);
    if (!balance) return false;
    changed.balance = *balance;
    set_account(to, changed);
    return true;
}

Uint256 StateEdit::slot(const Address& address, const Hash256& slot) {
    return open_slot(open(address).hash, crypto::keccak256(slot)).after;
}

void StateEdit::set_slot(const Address& address, const Hash256& slot, const Uint256& value) {
    open_slot(open(address).hash, crypto::keccak256(slot)).after = value;
}

void StateEdit::add_code(const Hash256& hash, Buffer code) {
    code_.insert_or_assign(hash, std::move(code));
}

void StateEdit::clear_storage(const Hash256& account) {
    const auto visited =
        base_.for_each_slot(account, [&](const Hash256& slot, const Uint256& value) {
            slots_.try_emplace({account, slot}, EditedSlot{value, value});
            return true;
        });
    if (!visited && !error_) error_ = visited.error();
    for (auto i = slots_.lower_bound({account, Hash256{}});
         i != slots_.end() && i->first.first == account; ++i) {
        i->second.after = Uint256{};
    }
}

StateChanges StateEdit::take() {
    StateChanges out;
    for (auto& [key, edited] : slots_) {
        if (edited.before != edited.after) {
            out.slots.push_back({key.first, key.second, edited.before, edited.after});
        }
    }
    accounts_.for_each([&](const EditedAccount& edited) {
        const bool has_slots =
            std::ranges::binary_search(out.slots, edited.hash, {}, &SlotChange::account);
        if (edited.before == edited.after && !has_slots) return;
        out.accounts.push_back({edited.hash, edited.before, edited.after});
    });
    std::ranges::sort(out.accounts, {}, &AccountChange::key);
    for (auto& [hash, code] : code_) out.code.emplace_back(hash, std::move(code));
    return out;
}

}  // namespace parley::chain
