// StateEdit: a draft of the next state over a StateView: what a block's transactions read and
// write, until the block is known to be valid.
//
// What it reads from can fail (a disk). Then reads give "nothing there", and error() says what
// happened: whoever made the draft asks once at the end, and throws it away.
// Bounded by what is written to it, which gas bounds. Threading: one thread; the view outlives it.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/store.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/state/row_table.hpp>
#include <parley/chain/state/state_changes.hpp>
#include <parley/chain/state/state_view.hpp>
#include <parley/chain/types/account.hpp>
#include <parley/chain/types/address.hpp>

#include <map>
#include <optional>
#include <utility>

namespace parley::chain {

class StateEdit {
public:
    explicit StateEdit(const StateView& base) : base_(base), accounts_(base.salt()) {}

    /// Nothing if there is no such account.
    std::optional<Account> account(const Address& address);
    /// Writes all but the storage root, which follows from the slots. An account that is empty
    /// (EIP-161) is removed, and its storage with it.
    void set_account(const Address& address, const Account& account);
    /// As set_account, and keeps it though it is empty: a genesis may have such.
    void put_account(const Address& address, const Account& account);
    /// Adds wei to an account; one that stays empty is removed (EIP-158). False, and nothing done,
    /// above 2^256.
    bool credit(const Address& to, const Uint256& wei);
    /// Zero if it is not set.
    Uint256 slot(const Address& address, const Hash256& slot);
    /// Zero unsets it. Precondition: the account is there at the end.
    void set_slot(const Address& address, const Hash256& slot, const Uint256& value);
    /// Code that some account has from now on.
    void add_code(const Hash256& hash, Buffer code);

    /// The first failure of the view.
    const std::optional<StoreError>& error() const { return error_; }
    /// All that differs from the view. The draft is used up.
    StateChanges take();

private:
    struct EditedAccount {
        ByteArray<20> key{};  // its address
        Hash256 hash{};
        std::optional<Account> before;
        std::optional<Account> after;
    };
    using SlotKey = std::pair<Hash256, Hash256>;
    struct EditedSlot {
        Uint256 before{};
        Uint256 after{};
    };

    EditedAccount& open(const Address& address);
    EditedSlot& open_slot(const Hash256& account, const Hash256& slot);
    void clear_storage(const Hash256& account);

    const StateView& base_;
    RowTable<EditedAccount> accounts_;
    std::map<SlotKey, EditedSlot> slots_;
    std::map<Hash256, Buffer> code_;
    std::optional<StoreError> error_;
};

}  // namespace parley::chain
