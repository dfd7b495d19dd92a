#include <parley/chain/types/transaction.hpp>

#include <parley/codec/rlp.hpp>
#include <parley/crypto/hash.hpp>

#include <algorithm>
#include <utility>

namespace parley::chain {
namespace {

constexpr std::byte first_list_byte{0xc0};

/// Reads one field after the other and remembers the first error, so that a transaction's fields
/// can be written down as a list. After an error every field is empty.
class FieldReader {
public:
    FieldReader() : reader_(Bytes{}) {}

    void open(Bytes payload) {
        if (auto list = keep(TxField::envelope, rlp::Reader::open_list(payload))) reader_ = *list;
    }
    template <class T>
    T take(TxField field, Result<T, rlp::RlpError> (rlp::Reader::*read)()) {
        if (error_) return {};
        return keep(field, (reader_.*read)()).value_or(T{});
    }
    std::optional<Address> to() {
        const auto bytes = take(TxField::to, &rlp::Reader::string);
        if (bytes.empty()) return std::nullopt;
        if (bytes.size() != 20) {
            error(TxErrc::rlp, static_cast<std::uint64_t>(TxField::to),
                  static_cast<std::uint64_t>(rlp::Errc::wrong_size));
            return std::nullopt;
        }
        return Address{array_of<20>(bytes)};
    }
    std::vector<AccessEntry> access_list() {
        std::vector<AccessEntry> entries;
        auto list = sub_list(TxField::access_list, reader_);
        while (list && !list->at_end()) {
            auto fields = sub_list(TxField::access_list, *list);
            if (!fields) break;
            AccessEntry entry;
            if (auto address = keep(TxField::access_address, fields->fixed<20>())) {
                entry.address = {*address};
            }
            auto keys = sub_list(TxField::access_list, *fields);
            while (keys && !keys->at_end()) {
                const auto key = keep(TxField::access_key, keys->fixed<32>());
                if (!key) break;
                entry.keys.push_back(*key);
            }
            if (!error_) keep_void(TxField::access_list, fields->finish());
            if (error_) break;
            entries.push_back(std::move(entry));
        }
        return entries;
    }
    std::vector<Hash256> blob_hashes() {
        std::vector<Hash256> hashes;
        auto list = sub_list(TxField::blob_hashes, reader_);
        while (list && !list->at_end()) {
            const auto hash = keep(TxField::blob_hashes, list->fixed<32>());
            if (!hash) break;
            hashes.push_back(*hash);
        }
        return hashes;
    }
    crypto::Signature signature() {
        const auto r = take(TxField::r, &rlp::Reader::u256);
        const auto s = take(TxField::s, &rlp::Reader::u256);
        crypto::Signature out;
        std::ranges::copy(r, out.begin());
        std::ranges::copy(s, out.begin() + 32);
        return out;
    }
    void finish() {
        if (!error_) keep_void(TxField::envelope, reader_.finish());
    }
    void error(TxErrc code, std::uint64_t expected, std::uint64_t actual) {
        if (!error_) error_ = TxError{code, expected, actual};
    }
    const std::optional<TxError>& first_error() const { return error_; }

private:
    std::optional<rlp::Reader> sub_list(TxField field, rlp::Reader& from) {
        if (error_) return std::nullopt;
        return keep(field, from.list());
    }
    template <class T>
    std::optional<T> keep(TxField field, Result<T, rlp::RlpError> result) {
        if (result) return std::move(*result);
        keep_error(field, result.error());
        return std::nullopt;
    }
    void keep_void(TxField field, const Result<void, rlp::RlpError>& result) {
        if (!result) keep_error(field, result.error());
    }
    void keep_error(TxField field, const rlp::RlpError& from) {
        error(TxErrc::rlp, static_cast<std::uint64_t>(field),
              static_cast<std::uint64_t>(from.code));
    }

    rlp::Reader reader_;
    std::optional<TxError> error_;
};

/// v of a legacy transaction holds the chain id too: 35 + 2 * id + parity (EIP-155). That bounds
/// the id as EIP-2294 does.
void read_legacy_v(FieldReader& in, Transaction& tx) {
    const auto v = in.take(TxField::v, &rlp::Reader::u64);
    if (v == 27 || v == 28) {
        tx.y_parity = static_cast<std::uint8_t>(v - 27);
    } else if (v >= 35) {
        tx.chain_id = (v - 35) / 2;
        tx.y_parity = static_cast<std::uint8_t>((v - 35) % 2);
    } else {
        in.error(TxErrc::bad_v, 0, v);
    }
}

void read_parity(FieldReader& in, Transaction& tx) {
    const auto parity = in.take(TxField::v, &rlp::Reader::u64);
    if (parity > 1) in.error(TxErrc::bad_parity, 1, parity);
    tx.y_parity = static_cast<std::uint8_t>(parity & 1);
}

bool has_priority_fee(TxType type) {
    return type == TxType::dynamic_fee || type == TxType::blob;
}

/// The fields of all types in their common order; `data` still points into `payload`.
Bytes read_fields(FieldReader& in, Transaction& tx) {
    if (tx.type != TxType::legacy) tx.chain_id = in.take(TxField::chain_id, &rlp::Reader::u64);
    tx.nonce = in.take(TxField::nonce, &rlp::Reader::u64);
    if (has_priority_fee(tx.type)) {
        tx.max_priority_fee = in.take(TxField::max_priority_fee, &rlp::Reader::u256);
        tx.max_fee = in.take(TxField::max_fee, &rlp::Reader::u256);
    } else {
        tx.max_fee = in.take(TxField::gas_price, &rlp::Reader::u256);
        tx.max_priority_fee = tx.max_fee;
    }
    tx.gas_limit = in.take(TxField::gas_limit, &rlp::Reader::u64);
    tx.to = in.to();
    if (tx.type == TxType::blob && !tx.to) in.error(TxErrc::blob_creation, 0, 0);
    tx.value = in.take(TxField::value, &rlp::Reader::u256);
    const auto data = in.take(TxField::data, &rlp::Reader::string);
    if (tx.type == TxType::legacy) {
        read_legacy_v(in, tx);
    } else {
        tx.access_list = in.access_list();
        if (tx.type == TxType::blob) {
            tx.max_fee_per_blob_gas = in.take(TxField::max_blob_fee, &rlp::Reader::u256);
            tx.blob_hashes = in.blob_hashes();
        }
        read_parity(in, tx);
    }
    tx.signature = in.signature();
    in.finish();
    return data;
}

void write_unsigned_fields(rlp::Writer& out, const Transaction& tx) {
    if (tx.type != TxType::legacy) out.number(tx.chain_id.value_or(0));
    out.number(tx.nonce);
    if (has_priority_fee(tx.type)) out.number(tx.max_priority_fee);
    out.number(tx.max_fee).number(tx.gas_limit);
    out.string(tx.to ? Bytes{*tx.to} : Bytes{});
    out.number(tx.value).string(tx.data.view());
    if (tx.type == TxType::legacy) return;
    out.begin_list();
    for (const auto& entry : tx.access_list) {
        out.begin_list().string(Bytes{entry.address}).begin_list();
        for (const auto& key : entry.keys) out.string(Bytes{key});
        out.end_list().end_list();
    }
    out.end_list();
    if (tx.type != TxType::blob) return;
    out.number(tx.max_fee_per_blob_gas).begin_list();
    for (const auto& hash : tx.blob_hashes) out.string(Bytes{hash});
    out.end_list();
}

Buffer with_type(TxType type, Buffer list) {
    if (type != TxType::legacy) list.insert(list.begin(), static_cast<std::byte>(type));
    return list;
}

}  // namespace

std::optional<TxType> tx_type_of(std::byte first) {
    if (first >= first_list_byte) return TxType::legacy;
    if (first == std::byte{0} || first > std::byte{3}) return std::nullopt;
    return static_cast<TxType>(first);
}

Fork first_fork_of(TxType type) {
    if (type == TxType::blob) return Fork::cancun;
    return type == TxType::dynamic_fee ? Fork::london : Fork::berlin;
}

Buffer Transaction::encode_for_signing() const {
    constexpr std::size_t bytes_usual = 192;  // without data, or a list of access
    Buffer start;
    start.reserve(bytes_usual + data.view().size());
    rlp::Writer out{std::move(start)};
    out.begin_list();
    write_unsigned_fields(out, *this);
    if (type == TxType::legacy && chain_id) {
        out.number(*chain_id).number(std::uint64_t{0}).number(std::uint64_t{0});
    }
    out.end_list();
    return with_type(type, out.take());
}

Hash256 Transaction::signing_hash() const {
    return crypto::keccak256(encode_for_signing());
}

Buffer Transaction::encode() const {
    rlp::Writer out;
    out.begin_list();
    write_unsigned_fields(out, *this);
    std::uint64_t v = y_parity;
    if (type == TxType::legacy) v += chain_id ? 35 + 2 * *chain_id : 27;
    out.number(v);
    out.number(array_of<32>(Bytes{signature}.first(32)));
    out.number(array_of<32>(Bytes{signature}.last(32)));
    out.end_list();
    return with_type(type, out.take());
}

Uint256 effective_gas_price(const Uint256& max_fee, const Uint256& max_priority_fee,
                            const Uint256& base_fee) {
    const auto wanted = checked_add(base_fee, max_priority_fee);
    return wanted ? std::min(max_fee, *wanted) : max_fee;
}

Result<Transaction, TxError> decode_transaction(SharedBytes raw, std::size_t size_bytes_max) {
    if (raw.empty()) return fail(TxErrc::empty);
    if (raw.size() > size_bytes_max) return fail(TxErrc::too_large, size_bytes_max, raw.size());
    const auto first = raw.view().front();
    const auto type = tx_type_of(first);
    if (!type) return fail(TxErrc::unknown_type, 0, std::to_integer<std::uint64_t>(first));

    Transaction tx;
    tx.type = *type;
    FieldReader in;
    in.open(raw.view().subspan(tx.type == TxType::legacy ? 0 : 1));
    const auto data = read_fields(in, tx);
    if (in.first_error()) return std::unexpected{*in.first_error()};

    if (!data.empty()) {
        tx.data = raw.slice(static_cast<std::size_t>(data.data() - raw.view().data()), data.size());
    }
    tx.hash = crypto::keccak256(raw);
    tx.raw = std::move(raw);
    return tx;
}

}  // namespace parley::chain
