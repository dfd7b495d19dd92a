#include <parley/chain/ledger/block_log.hpp>

#include <parley/chain/ledger/log_record.hpp>
#include <parley/codec/rlp.hpp>

#include <utility>

namespace parley::chain {
namespace {

Result<std::vector<Address>, StoreError> read_senders(Bytes joined) {
    if (joined.size() % 20 != 0) return fail(StoreErrc::corrupt);
    std::vector<Address> out;
    out.reserve(joined.size() / 20);
    for (; !joined.empty(); joined = joined.subspan(20)) {
        out.push_back({array_of<20>(joined)});
    }
    return out;
}

Result<std::vector<Receipt>, StoreError> read_receipts(rlp::Reader list,
                                                       std::span<const Transaction> transactions) {
    std::vector<Receipt> out;
    out.reserve(transactions.size());
    for (const auto& tx : transactions) {
        const auto raw = list.raw_item();
        if (!raw) return fail(StoreErrc::corrupt);
        auto receipt = decode_stored_receipt(*raw, tx.type);
        if (!receipt) return fail(StoreErrc::corrupt);
        out.push_back(std::move(*receipt));
    }
    if (!list.at_end()) return fail(StoreErrc::corrupt);
    return out;
}

}  // namespace

Buffer encode_logged(const Block& block, std::span<const Address> senders,
                     std::span<const Receipt> receipts) {
    rlp::Writer out;
    out.begin_list().raw(block.encode());
    Buffer joined;
    joined.reserve(20 * senders.size());
    for (const auto& sender : senders) append(joined, sender);
    out.string(Bytes{joined}).begin_list();
    for (const auto& receipt : receipts) out.raw(receipt.encode_stored());
    out.end_list().end_list();
    return out.take();
}

Result<LoggedBlock, StoreError> decode_logged(Bytes payload, const BlockLimits& limits) {
    auto in = rlp::Reader::open_list(payload);
    if (!in) return fail(StoreErrc::corrupt);
    const auto raw = in->raw_item();
    if (!raw) return fail(StoreErrc::corrupt);
    auto block = decode_block(SharedBytes::copy(*raw), limits);
    const auto senders = in->string();
    if (!block || !senders) return fail(StoreErrc::corrupt);
    auto addresses = read_senders(*senders);
    const auto list = in->list();
    if (!addresses || !list || !in->finish()) return fail(StoreErrc::corrupt);
    auto receipts = read_receipts(*list, block->body.transactions);
    if (!receipts) return std::unexpected{receipts.error()};
    if (addresses->size() != receipts->size()) return fail(StoreErrc::corrupt);
    return LoggedBlock{std::move(*block), std::move(*addresses), std::move(*receipts)};
}

Result<LogPlace, StoreError> BlockLog::append(const Block& block, std::span<const Address> senders,
                                              std::span<const Receipt> receipts) {
    const auto record = make_record(encode_logged(block, senders, receipts));
    const LogPlace place{file_.size_bytes(), static_cast<std::uint32_t>(record.size())};
    if (auto appended = file_.append(record); !appended) {
        // A part of a record would end the log for all that follow.
        (void)file_.truncate(place.offset);
        return std::unexpected{appended.error()};
    }
    return place;
}

Result<Buffer, StoreError> BlockLog::payload_at(std::uint64_t offset) const {
    const auto record = read_record(file_, offset);
    if (!record) return record;
    return to_buffer(payload_of(*record));
}

Result<LoggedBlock, StoreError> BlockLog::read(const LogPlace& place) const {
    if (place.size_bytes == 0) return fail(StoreErrc::missing);
    const auto payload = payload_at(place.offset);
    if (!payload) return std::unexpected{payload.error()};
    return decode_logged(*payload, limits_);
}

Result<std::uint64_t, StoreError> BlockLog::recover(
    std::uint64_t offset,
    const std::function<bool(const LogPlace& place, LoggedBlock logged)>& visit) {
    if (offset > end()) return fail(StoreErrc::corrupt);
    while (offset < end()) {
        const auto payload = payload_at(offset);
        if (!payload && payload.error().code != StoreErrc::corrupt) {
            return std::unexpected{payload.error()};
        }
        auto logged = payload ? decode_logged(*payload, limits_) : fail(StoreErrc::corrupt);
        if (!logged) {
            const auto dropped = end() - offset;
            if (auto cut = file_.truncate(offset); !cut) return std::unexpected{cut.error()};
            return dropped;
        }
        const LogPlace place{offset,
                             static_cast<std::uint32_t>(record_header_bytes + payload->size())};
        if (!visit(place, std::move(*logged))) return 0;
        offset = place.end();
    }
    return 0;
}

}  // namespace parley::chain
