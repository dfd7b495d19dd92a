#include "upgrade/first_log.hpp"
#include <parley/chain/ledger/log_record.hpp>
#include <parley/codec/rlp.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <utility>

namespace parley::app {

namespace {

Result<Buffer, StoreError> record_at(const runtime::FileLog& file, std::uint64_t offset) {
    return chain::read_record(file, offset, &chain::first_record_check);
}

}  // namespace

bool is_first_log(const std::string& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return false;
    const auto file = runtime::FileLog::open(path);
    return file && record_at(**file, 0);
}

Result<FirstLog, Failure> FirstLog::open(const std::string& path) {
    auto file = runtime::FileLog::open(path);
    if (!file) return failed(fmt::format("cannot open {}: {}", path, message(file.error())));
    return FirstLog{path, std::move(*file)};
}

Result<std::optional<chain::Block>, Failure> FirstLog::next(const chain::BlockLimits& limits) {
    const auto damaged = [&](const std::string& why) {
        return failed(fmt::format("{}: at byte {}: {}", path_, offset_, why));
    };
    if (offset_ >= file_->size_bytes()) return std::nullopt;
    const auto record = record_at(*file_, offset_);
    // The end of a log may be cut: what is there was never told to anybody.
    if (!record && record.error().code == StoreErrc::corrupt) return std::nullopt;
    if (!record) return damaged(message(record.error()));
    auto in = rlp::Reader::open_list(chain::payload_of(*record));
    const auto raw = in ? in->raw_item() : std::unexpected{in.error()};
    if (!raw) return damaged("expected a record of a block");
    auto block = chain::decode_block(SharedBytes::copy(*raw), limits);
    if (!block) return damaged(message(block.error()));
    offset_ += record->size();
    return std::optional{std::move(*block)};
}

}  // namespace parley::app
