// The log of blocks in format 1 (docs/formats/chain_store.md), as far as it takes to read the
// blocks in it. One record is in memory at a time. Threading: one thread.
#pragma once

#include "command.hpp"
#include <parley/chain/types/block.hpp>
#include <parley/runtime/store/file_log.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace parley::app {

/// Whether the file's first record is sound by the rules of format 1.
bool is_first_log(const std::string& path);

class FirstLog {
public:
    static Result<FirstLog, Failure> open(const std::string& path);

    /// The next block, the genesis first; nothing at the end, or where a record is cut. An error
    /// names the offset.
    Result<std::optional<chain::Block>, Failure> next(const chain::BlockLimits& limits);
    /// Where next() reads.
    std::uint64_t offset() const { return offset_; }

private:
    FirstLog(std::string path, std::shared_ptr<runtime::FileLog> file)
        : path_(std::move(path)), file_(std::move(file)) {}

    std::string path_;
    std::shared_ptr<runtime::FileLog> file_;
    std::uint64_t offset_ = 0;
};

}  // namespace parley::app
