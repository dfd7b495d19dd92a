// Imported: what a valid block did to the main chain. Threading: values.
#pragma once

#include <parley/base/bytes.hpp>

#include <vector>

namespace parley::chain {

struct Imported {
    bool was_known = false;
    std::vector<Hash256> reverted = {};  ///< the head first
    std::vector<Hash256> applied = {};   ///< in order; empty if the block is on another branch
    friend bool operator==(const Imported&, const Imported&) = default;
};

}  // namespace parley::chain
