// BlockFile: a file of blocks in RLP, one after the other, as Geth exports them. One block is in
// memory at a time. Threading: one thread.
#pragma once

#include "command.hpp"
#include <parley/chain/types/block.hpp>

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>

namespace parley::app {

class BlockFile {
public:
    /// "-": standard input.
    static Result<BlockFile, Failure> open(const std::string& path);

    /// The next block; nothing at the end. An error tells the offset.
    Result<std::optional<chain::Block>, Failure> next(const chain::BlockLimits& limits);

private:
    explicit BlockFile(std::string path) : path_(std::move(path)) {}
    std::istream& in();
    std::unexpected<Failure> fault(const std::string& what) const;

    std::string path_;
    std::ifstream file_;
    std::uint64_t offset_ = 0;  // of the block that is read
};

}  // namespace parley::app
