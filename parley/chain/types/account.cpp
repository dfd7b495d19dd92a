#include <parley/chain/types/account.hpp>

#include <cstddef>
#include <utility>

namespace parley::chain {
namespace {

using rlp::Reader;
using rlp::RlpError;

Buffer encode_fields(const Account& account, Bytes storage_root, Bytes code_hash) {
    constexpr std::size_t bytes_max = 2 + 9 + 33 + 33 + 33;
    Buffer start;
    start.reserve(bytes_max);
    rlp::Writer out{std::move(start)};
    out.begin_list().number(account.nonce).number(account.balance);
    out.string(storage_root).string(code_hash).end_list();
    return out.take();
}

/// `read_hash(reader, hash of what is empty)`.
template <class ReadHash>
Result<Account, RlpError> decode_fields(Bytes raw, const ReadHash& read_hash) {
    auto in = Reader::open_list(raw);
    if (!in) return std::unexpected{in.error()};
    const auto nonce = in->u64();
    if (!nonce) return std::unexpected{nonce.error()};
    const auto balance = in->u256();
    if (!balance) return std::unexpected{balance.error()};
    const Result<Hash256, RlpError> storage_root = read_hash(*in, empty_root_hash);
    if (!storage_root) return std::unexpected{storage_root.error()};
    const Result<Hash256, RlpError> code_hash = read_hash(*in, empty_code_hash);
    if (!code_hash) return std::unexpected{code_hash.error()};
    if (const auto end = in->finish(); !end) return std::unexpected{end.error()};
    return Account{*nonce, *balance, *storage_root, *code_hash};
}

Bytes unless_equal(const Hash256& hash, const Hash256& usual) {
    return hash == usual ? Bytes{} : Bytes{hash};
}

Result<Hash256, RlpError> hash_or(Reader& in, const Hash256& usual) {
    const auto bytes = in.string_up_to(32);
    if (!bytes) return std::unexpected{bytes.error()};
    if (bytes->empty()) return usual;
    if (bytes->size() != 32) return fail(rlp::Errc::wrong_size, 32, bytes->size());
    return array_of<32>(*bytes);
}

}  // namespace

Buffer Account::encode() const {
    return encode_fields(*this, storage_root, code_hash);
}

Result<Account, RlpError> decode_account(Bytes raw) {
    return decode_fields(raw, [](Reader& in, const Hash256&) { return in.fixed<32>(); });
}

Buffer encode_slim(const Account& account) {
    return encode_fields(account, unless_equal(account.storage_root, empty_root_hash),
                         unless_equal(account.code_hash, empty_code_hash));
}

Result<Account, RlpError> decode_slim(Bytes raw) {
    return decode_fields(raw, hash_or);
}

}  // namespace parley::chain
