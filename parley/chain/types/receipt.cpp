#include <parley/chain/types/receipt.hpp>

#include <parley/chain/types/item_reader.hpp>
#include <parley/codec/rlp.hpp>

#include <limits>
#include <utility>

namespace parley::chain {
namespace {

constexpr auto unbounded = std::numeric_limits<std::size_t>::max();

std::unexpected<BlockError> refuse_receipt(BlockErrc code, std::uint64_t expected,
                                           std::uint64_t actual) {
    return std::unexpected{BlockError{
        .code = code, .part = BlockPart::receipt, .expected = expected, .actual = actual}};
}

Result<ReceiptLog, BlockError> decode_log(Bytes raw, std::size_t index) {
    ItemReader in{BlockPart::log, index, raw};
    ReceiptLog out;
    out.address = {in.fixed<20>(BlockField::address)};
    out.topics = in.list<Hash256>(
        BlockField::topics, topics_max,
        [&](Bytes item, std::size_t) -> Result<Hash256, BlockError> {
            const auto topic = rlp::Reader{item}.fixed<32>();
            if (topic) return *topic;
            return std::unexpected{in.rlp_error(BlockField::topics, topic.error())};
        });
    out.data = in.string(BlockField::data, unbounded);
    return in.finish(std::move(out));
}

enum class WithBloom : std::uint8_t { yes, no };

Buffer encode_outcome(Buffer start, const Receipt& receipt, WithBloom with_bloom) {
    rlp::Writer out{std::move(start)};
    out.begin_list().number(std::uint64_t{receipt.succeeded}).number(receipt.cumulative_gas_used);
    if (with_bloom == WithBloom::yes) out.string(Bytes{receipt.logs_bloom()});
    out.begin_list();
    for (const auto& log : receipt.logs) {
        out.begin_list().string(Bytes{log.address}).begin_list();
        for (const auto& topic : log.topics) out.string(Bytes{topic});
        out.end_list().string(Bytes{log.data}).end_list();
    }
    out.end_list().end_list();
    return out.take();
}

Result<Receipt, BlockError> decode_outcome(Bytes raw, TxType type, WithBloom with_bloom) {
    ItemReader in{BlockPart::receipt, 0, raw};
    Receipt out;
    out.type = type;
    const auto status = in.u64(BlockField::status);
    if (status > 1) return refuse_receipt(BlockErrc::bad_status, 1, status);
    out.succeeded = status == 1;
    out.cumulative_gas_used = in.u64(BlockField::cumulative_gas_used);
    Bloom bloom;
    if (with_bloom == WithBloom::yes) bloom = {in.fixed<256>(BlockField::logs_bloom)};
    out.logs = in.list<ReceiptLog>(BlockField::logs, unbounded, decode_log);
    auto read = in.finish(std::move(out));
    if (read && with_bloom == WithBloom::yes && bloom != read->logs_bloom()) {
        return refuse_receipt(BlockErrc::wrong_bloom, 0, 0);
    }
    return read;
}

}  // namespace

Bloom bloom_of(std::span<const ReceiptLog> logs) {
    Bloom out;
    for (const auto& log : logs) {
        out.add(log.address);
        for (const auto& topic : log.topics) out.add(topic);
    }
    return out;
}

Buffer Receipt::encode() const {
    Buffer start;
    if (type != TxType::legacy) start.push_back(static_cast<std::byte>(type));
    return encode_outcome(std::move(start), *this, WithBloom::yes);
}

Buffer Receipt::encode_stored() const {
    return encode_outcome({}, *this, WithBloom::no);
}

Result<Receipt, BlockError> decode_receipt(Bytes raw, std::size_t size_bytes_max) {
    if (raw.size() > size_bytes_max) {
        return refuse_receipt(BlockErrc::too_large, size_bytes_max, raw.size());
    }
    // Without a byte it is a list that is missing.
    const auto type = raw.empty() ? TxType::legacy : tx_type_of(raw.front());
    if (!type) {
        return refuse_receipt(BlockErrc::unknown_type, 0,
                              std::to_integer<std::uint64_t>(raw.front()));
    }
    return decode_outcome(raw.subspan(*type == TxType::legacy ? 0 : 1), *type, WithBloom::yes);
}

Result<Receipt, BlockError> decode_stored_receipt(Bytes raw, TxType type) {
    return decode_outcome(raw, type, WithBloom::no);
}

}  // namespace parley::chain
