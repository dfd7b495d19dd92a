// The root of a list: of a block's transactions, receipts or withdrawals. Spec: Yellow Paper, 4.3.
#pragma once

#include <parley/base/bytes.hpp>

#include <span>

namespace parley::chain::trie {

/// The root of the trie whose keys are the RLP of the indexes from 0 on. Precondition: no value is
/// empty.
Hash256 ordered_root(std::span<const Buffer> values);

}  // namespace parley::chain::trie
