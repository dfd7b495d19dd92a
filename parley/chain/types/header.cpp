#include <parley/chain/types/header.hpp>

#include <parley/chain/types/item_reader.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/crypto/hash.hpp>

#include <utility>

namespace parley::chain {
namespace {

/// A header without its extra data.
constexpr std::size_t header_bytes_max = 800;

/// Those that all forks have.
Header read_oldest_fields(ItemReader& in, std::size_t extra_data_bytes_max) {
    Header out;
    out.parent_hash = in.fixed<32>(BlockField::parent_hash);
    out.ommers_hash = in.fixed<32>(BlockField::ommers_hash);
    out.beneficiary = {in.fixed<20>(BlockField::beneficiary)};
    out.state_root = in.fixed<32>(BlockField::state_root);
    out.transactions_root = in.fixed<32>(BlockField::transactions_root);
    out.receipts_root = in.fixed<32>(BlockField::receipts_root);
    out.logs_bloom = {in.fixed<256>(BlockField::logs_bloom)};
    out.difficulty = in.u256(BlockField::difficulty);
    out.number = in.u64(BlockField::number);
    out.gas_limit = in.u64(BlockField::gas_limit);
    out.gas_used = in.u64(BlockField::gas_used);
    out.timestamp = in.u64(BlockField::timestamp);
    out.extra_data = in.string(BlockField::extra_data, extra_data_bytes_max);
    out.mix_hash = in.fixed<32>(BlockField::mix_hash);
    out.nonce = in.fixed<8>(BlockField::nonce);
    return out;
}

}  // namespace

bool Header::has_fields_of(Fork fork) const {
    const bool cancun = fork >= Fork::cancun;
    return base_fee.has_value() == (fork >= Fork::london) &&
           withdrawals_root.has_value() == (fork >= Fork::shanghai) &&
           blob_gas_used.has_value() == cancun && excess_blob_gas.has_value() == cancun &&
           parent_beacon_root.has_value() == cancun;
}

Buffer Header::encode_with(Bytes other_extra_data) const {
    Buffer start;
    start.reserve(header_bytes_max + other_extra_data.size());
    rlp::Writer out{std::move(start)};
    out.begin_list();
    out.string(Bytes{parent_hash}).string(Bytes{ommers_hash}).string(Bytes{beneficiary});
    out.string(Bytes{state_root}).string(Bytes{transactions_root}).string(Bytes{receipts_root});
    out.string(Bytes{logs_bloom}).number(difficulty).number(number);
    out.number(gas_limit).number(gas_used).number(timestamp);
    out.string(other_extra_data).string(Bytes{mix_hash}).string(Bytes{nonce});
    if (base_fee) out.number(*base_fee);
    if (withdrawals_root) out.string(Bytes{*withdrawals_root});
    if (blob_gas_used) out.number(*blob_gas_used);
    if (excess_blob_gas) out.number(*excess_blob_gas);
    if (parent_beacon_root) out.string(Bytes{*parent_beacon_root});
    out.end_list();
    return out.take();
}

Hash256 Header::hash() const {
    return crypto::keccak256(encode());
}

Result<Header, BlockError> decode_header(Bytes raw, std::size_t extra_data_bytes_max) {
    ItemReader in{BlockPart::header, 0, raw};
    auto out = read_oldest_fields(in, extra_data_bytes_max);
    if (!in.at_end()) out.base_fee = in.u256(BlockField::base_fee);
    if (!in.at_end()) out.withdrawals_root = in.fixed<32>(BlockField::withdrawals_root);
    if (!in.at_end()) {
        out.blob_gas_used = in.u64(BlockField::blob_gas_used);
        out.excess_blob_gas = in.u64(BlockField::excess_blob_gas);
        out.parent_beacon_root = in.fixed<32>(BlockField::parent_beacon_root);
    }
    return in.finish(std::move(out));
}

}  // namespace parley::chain
