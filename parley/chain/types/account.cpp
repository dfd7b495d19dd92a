#include <parley/chain/types/account.hpp>

namespace parley::chain {

Buffer Account::encode() const {
    rlp::Writer out;
    out.begin_list().number(nonce).number(balance);
    out.string(Bytes{storage_root}).string(Bytes{code_hash}).end_list();
    return out.take();
}

Result<Account, rlp::RlpError> decode_account(Bytes raw) {
    auto in = rlp::Reader::open_list(raw);
    if (!in) return std::unexpected{in.error()};
    const auto nonce = in->u64();
    if (!nonce) return std::unexpected{nonce.error()};
    const auto balance = in->u256();
    if (!balance) return std::unexpected{balance.error()};
    const auto storage_root = in->fixed<32>();
    if (!storage_root) return std::unexpected{storage_root.error()};
    const auto code_hash = in->fixed<32>();
    if (!code_hash) return std::unexpected{code_hash.error()};
    if (const auto end = in->finish(); !end) return std::unexpected{end.error()};
    return Account{*nonce, *balance, *storage_root, *code_hash};
}

}  // namespace parley::chain
