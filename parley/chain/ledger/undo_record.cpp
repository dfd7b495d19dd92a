#include <parley/chain/ledger/undo_record.hpp>

#include <optional>

namespace parley::chain {
namespace {

using rlp::Reader;
using rlp::RlpError;

void write_account(rlp::Writer& out, const std::optional<Account>& account) {
    out.string(Bytes{account ? account->encode() : Buffer{}});
}

Result<std::optional<Account>, RlpError> read_account(Reader& in) {
    const auto raw = in.string();
    if (!raw) return std::unexpected{raw.error()};
    if (raw->empty()) return std::nullopt;
    const auto account = decode_account(*raw);
    if (!account) return std::unexpected{account.error()};
    return *account;
}

Result<AccountChange, RlpError> read_account_change(Reader in) {
    const auto key = in.fixed<32>();
    if (!key) return std::unexpected{key.error()};
    const auto before = read_account(in);
    if (!before) return std::unexpected{before.error()};
    const auto after = read_account(in);
    if (!after) return std::unexpected{after.error()};
    if (const auto end = in.finish(); !end) return std::unexpected{end.error()};
    return AccountChange{*key, *before, *after};
}

Result<SlotChange, RlpError> read_slot_change(Reader in) {
    const auto account = in.fixed<32>();
    if (!account) return std::unexpected{account.error()};
    const auto slot = in.fixed<32>();
    if (!slot) return std::unexpected{slot.error()};
    const auto before = in.u256();
    if (!before) return std::unexpected{before.error()};
    const auto after = in.u256();
    if (!after) return std::unexpected{after.error()};
    if (const auto end = in.finish(); !end) return std::unexpected{end.error()};
    return SlotChange{*account, *slot, *before, *after};
}

template <class T>
Result<std::vector<T>, RlpError> read_list(Reader& in, Result<T, RlpError> (*read)(Reader)) {
    auto list = in.list();
    if (!list) return std::unexpected{list.error()};
    std::vector<T> out;
    while (!list->at_end()) {
        const auto item = list->list();
        if (!item) return std::unexpected{item.error()};
        auto value = read(*item);
        if (!value) return std::unexpected{value.error()};
        out.push_back(std::move(*value));
    }
    return out;
}

}  // namespace

Buffer encode_undo(const StateChanges& changes) {
    rlp::Writer out;
    out.begin_list().begin_list();
    for (const auto& [key, before, after] : changes.accounts) {
        out.begin_list().string(Bytes{key});
        write_account(out, before);
        write_account(out, after);
        out.end_list();
    }
    out.end_list().begin_list();
    for (const auto& [account, slot, before, after] : changes.slots) {
        out.begin_list().string(Bytes{account}).string(Bytes{slot});
        out.number(before).number(after).end_list();
    }
    out.end_list().end_list();
    return out.take();
}

Result<StateChanges, RlpError> decode_undo(Bytes raw) {
    auto in = Reader::open_list(raw);
    if (!in) return std::unexpected{in.error()};
    auto accounts = read_list(*in, &read_account_change);
    if (!accounts) return std::unexpected{accounts.error()};
    auto slots = read_list(*in, &read_slot_change);
    if (!slots) return std::unexpected{slots.error()};
    if (const auto end = in->finish(); !end) return std::unexpected{end.error()};
    return StateChanges{std::move(*accounts), std::move(*slots), {}};
}

}  // namespace parley::chain
