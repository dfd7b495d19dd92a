// Compact blocks: a block for who has most of its transactions in the pool already: the header, a
// short id of each transaction, and whole only those that the receiver is likely to lack (the idea
// is that of BIP 152). Ids are keyed by the header and a salt, so that nobody can prepare
// transactions whose ids collide everywhere.
//
// Bounded by the message that a block came in. Threading: values.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/chain/sync/messages.hpp>
#include <parley/chain/types/block.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace parley::chain {

/// `is_common`: the receiver is likely to have the transaction of that hash.
sync_topic::NewBlock make_compact(const Block& block, std::uint64_t salt,
                                  const std::function<bool(const Hash256&)>& is_common);

/// The message of a block whose receivers are likely to have all of it.
SharedBytes compact_form(const Block& block, std::uint64_t salt);
/// The transactions at these places, ascending, from the first on as far as they fit into so many
/// bytes; nothing if there is no such place.
std::optional<std::vector<SharedBytes>> transactions_at(const Block& block,
                                                        const std::vector<std::uint32_t>& places,
                                                        std::size_t bytes_max);

enum class CompactErrc : std::uint8_t {
    header,       ///< no header
    rest,         ///< no body, or one with transactions
    transaction,  ///< expected: its place in the block; actual: bytes that are none
    repeated_id,  ///< two transactions with one id: the block must come whole
};
using CompactError = Error<CompactErrc>;
std::string message(const CompactError& error);

/// A block that is put together.
class CompactBlock {
public:
    /// Calls its argument with the hash and bytes of each transaction that is at hand.
    using Pool =
        std::function<void(const std::function<void(const Hash256&, const SharedBytes&)>&)>;

    /// Takes what is in the message. Errors: all.
    static Result<CompactBlock, CompactError> read(const sync_topic::NewBlock& message,
                                                   const BlockLimits& limits);

    const Header& header() const { return block_.header; }
    std::size_t transactions() const { return block_.body.transactions.size(); }
    /// Finds what it can, in addition to what is there. Of two with the same id neither is taken.
    void fill_from(const Pool& pool);
    /// Places of those that are not there, ascending.
    std::vector<std::uint32_t> missing() const;
    /// Answers for the first of missing(), in their order. Errors: transaction.
    Result<void, CompactError> fill(const std::vector<std::uint32_t>& places,
                                    const std::vector<SharedBytes>& raws);
    /// Precondition: nothing is missing.
    Block take() && { return std::move(block_); }

private:
    Result<void, CompactError> put(std::uint32_t place, const SharedBytes& raw);

    Block block_;
    std::uint64_t salt_ = 0;
    /// By id, ascending: the places of those that came as an id.
    std::vector<std::pair<std::uint64_t, std::uint32_t>> wanted_;
    std::vector<bool> have_;
};

}  // namespace parley::chain
