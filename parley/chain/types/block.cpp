#include <parley/chain/types/block.hpp>

#include <parley/chain/types/item_reader.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/crypto/hash.hpp>

#include <utility>

namespace parley::chain {
namespace {

std::unexpected<BlockError> refuse_transaction(std::size_t index, const TxError& error) {
    return std::unexpected{BlockError{.code = BlockErrc::transaction,
                                      .part = BlockPart::transaction,
                                      .index = index,
                                      .transaction = error}};
}

/// `item` lies in `block`, and so will the transaction. A typed one is the payload of a string, a
/// legacy one is a list as it stands.
Result<Transaction, BlockError> read_transaction(const SharedBytes& block, Bytes item,
                                                 std::size_t index) {
    if (const auto typed = rlp::Reader{item}.string()) {
        item = *typed;
        if (!item.empty() && tx_type_of(item.front()) == TxType::legacy) {
            return refuse_transaction(index,
                                      {.code = TxErrc::unknown_type,
                                       .actual = std::to_integer<std::uint64_t>(item.front())});
        }
    }
    const auto offset = static_cast<std::size_t>(item.data() - block.view().data());
    auto tx = decode_transaction(block.slice(offset, item.size()), item.size());
    if (!tx) return refuse_transaction(index, tx.error());
    return std::move(*tx);
}

/// The error of one of many says which.
template <class T>
Result<T, BlockError> numbered(Result<T, BlockError> result, BlockPart part, std::size_t index) {
    if (!result) {
        result.error().part = part;
        result.error().index = index;
    }
    return result;
}

Body read_body(ItemReader& in, const SharedBytes& raw, const BlockLimits& limits) {
    Body out;
    out.transactions = in.list<Transaction>(
        BlockField::transactions, limits.transactions_max,
        [&](Bytes item, std::size_t index) { return read_transaction(raw, item, index); });
    out.ommers =
        in.list<Header>(BlockField::ommers, limits.ommers_max, [&](Bytes item, std::size_t index) {
            return numbered(decode_header(item, limits.extra_data_bytes_max), BlockPart::ommer,
                            index);
        });
    if (in.at_end()) return out;
    out.withdrawals = in.list<Withdrawal>(
        BlockField::withdrawals, limits.withdrawals_max, [](Bytes item, std::size_t index) {
            return numbered(decode_withdrawal(item), BlockPart::withdrawal, index);
        });
    return out;
}

void write_ommers(rlp::Writer& out, std::span<const Header> ommers) {
    out.begin_list();
    for (const auto& ommer : ommers) out.raw(ommer.encode());
    out.end_list();
}

void write_body(rlp::Writer& out, const Body& body) {
    out.begin_list();
    for (const auto& tx : body.transactions) {
        const auto made = tx.raw.empty() ? tx.encode() : Buffer{};
        const auto bytes = tx.raw.empty() ? Bytes{made} : tx.raw.view();
        if (tx.type == TxType::legacy) {
            out.raw(bytes);
        } else {
            out.string(bytes);
        }
    }
    out.end_list();
    write_ommers(out, body.ommers);
    if (!body.withdrawals) return;
    out.begin_list();
    for (const auto& withdrawal : *body.withdrawals) out.raw(withdrawal.encode());
    out.end_list();
}

std::unexpected<BlockError> refuse_size(BlockPart part, std::size_t bytes_max, std::size_t bytes) {
    return std::unexpected{BlockError{
        .code = BlockErrc::too_large, .part = part, .expected = bytes_max, .actual = bytes}};
}

}  // namespace

std::size_t Body::memory_bytes() const {
    std::size_t out = sizeof(Body) + ommers.size() * sizeof(Header);
    for (const auto& tx : transactions) out += sizeof(Transaction) + tx.raw.size();
    return out;
}

Buffer Body::encode() const {
    rlp::Writer out;
    out.begin_list();
    write_body(out, *this);
    return out.end_list().take();
}

Buffer Block::encode() const {
    rlp::Writer out;
    out.begin_list().raw(header.encode());
    write_body(out, body);
    return out.end_list().take();
}

Hash256 hash_of_ommers(std::span<const Header> ommers) {
    rlp::Writer out;
    write_ommers(out, ommers);
    return crypto::keccak256(out.bytes());
}

Result<Body, BlockError> decode_body(SharedBytes raw, const BlockLimits& limits) {
    if (raw.size() > limits.bytes_max) {
        return refuse_size(BlockPart::body, limits.bytes_max, raw.size());
    }
    ItemReader in{BlockPart::body, 0, raw};
    auto out = read_body(in, raw, limits);
    return in.finish(std::move(out));
}

Result<Block, BlockError> decode_block(SharedBytes raw, const BlockLimits& limits) {
    if (raw.size() > limits.bytes_max) {
        return refuse_size(BlockPart::block, limits.bytes_max, raw.size());
    }
    ItemReader in{BlockPart::block, 0, raw};
    Block out;
    out.header = in.item<Header>(BlockField::header, [&](Bytes item) {
        return decode_header(item, limits.extra_data_bytes_max);
    });
    out.body = read_body(in, raw, limits);
    return in.finish(std::move(out));
}

}  // namespace parley::chain
