#include <parley/chain/types/block_error.hpp>

#include <parley/codec/rlp.hpp>

#include <fmt/format.h>

#include <string_view>

namespace parley::chain {
namespace {

std::string place_of(const BlockError& error) {
    switch (error.part) {
        case BlockPart::block:
            return "block";
        case BlockPart::header:
            return "header";
        case BlockPart::body:
            return "body";
        case BlockPart::transaction:
            return fmt::format("transaction {}", error.index);
        case BlockPart::ommer:
            return fmt::format("ommer {}", error.index);
        case BlockPart::withdrawal:
            return fmt::format("withdrawal {}", error.index);
        case BlockPart::receipt:
            return "receipt";
        case BlockPart::log:
            return fmt::format("log {}", error.index);
    }
    return "unknown";
}

std::string_view name_of(BlockField field) {
    switch (field) {
        case BlockField::envelope:
            return "envelope";
        case BlockField::parent_hash:
            return "parent hash";
        case BlockField::ommers_hash:
            return "ommers hash";
        case BlockField::beneficiary:
            return "beneficiary";
        case BlockField::state_root:
            return "state root";
        case BlockField::transactions_root:
            return "transactions root";
        case BlockField::receipts_root:
            return "receipts root";
        case BlockField::logs_bloom:
            return "logs bloom";
        case BlockField::difficulty:
            return "difficulty";
        case BlockField::number:
            return "number";
        case BlockField::gas_limit:
            return "gas limit";
        case BlockField::gas_used:
            return "gas used";
        case BlockField::timestamp:
            return "timestamp";
        case BlockField::extra_data:
            return "extra data";
        case BlockField::mix_hash:
            return "mix hash";
        case BlockField::nonce:
            return "nonce";
        case BlockField::base_fee:
            return "base fee";
        case BlockField::withdrawals_root:
            return "withdrawals root";
        case BlockField::blob_gas_used:
            return "blob gas used";
        case BlockField::excess_blob_gas:
            return "excess blob gas";
        case BlockField::parent_beacon_root:
            return "parent beacon root";
        case BlockField::header:
            return "header";
        case BlockField::transactions:
            return "transactions";
        case BlockField::ommers:
            return "ommers";
        case BlockField::withdrawals:
            return "withdrawals";
        case BlockField::index:
            return "index";
        case BlockField::validator_index:
            return "validator index";
        case BlockField::address:
            return "address";
        case BlockField::amount:
            return "amount";
        case BlockField::status:
            return "status";
        case BlockField::cumulative_gas_used:
            return "cumulative gas used";
        case BlockField::logs:
            return "logs";
        case BlockField::topics:
            return "topics";
        case BlockField::data:
            return "data";
    }
    return "unknown";
}

}  // namespace

std::string message(const BlockError& error) {
    const auto place = place_of(error);
    switch (error.code) {
        case BlockErrc::too_large:
            return fmt::format("{} of {} bytes, at most {} allowed", place, error.actual,
                               error.expected);
        case BlockErrc::too_many:
            return fmt::format("{} with more than {} {}", place, error.expected,
                               name_of(error.field));
        case BlockErrc::rlp:
            return fmt::format("{}, field {}: {}", place, name_of(error.field),
                               rlp::name(static_cast<rlp::Errc>(error.actual)));
        case BlockErrc::transaction:
            return fmt::format("{}: {}", place,
                               error.transaction ? message(*error.transaction) : "malformed");
        case BlockErrc::unknown_type:
            return fmt::format("unknown {} type {:#04x}", place, error.actual);
        case BlockErrc::bad_status:
            return fmt::format("{}: status is {}, not 0 or 1", place, error.actual);
        case BlockErrc::wrong_bloom:
            return fmt::format("{}: the bloom is not that of its logs", place);
    }
    return "malformed block";
}

}  // namespace parley::chain
