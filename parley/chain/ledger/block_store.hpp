// BlockStore: the blocks that were found valid, by hash, and those of the main chain by number.
// In memory. Threading: one thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/consensus/engine.hpp>
#include <parley/chain/state/state_changes.hpp>
#include <parley/chain/types/block.hpp>
#include <parley/chain/types/receipt.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace parley::chain {

/// A valid block with what its execution gave.
struct StoredBlock {
    ChainHeader header;
    Body body = {};
    std::vector<Address> senders = {};  ///< of its transactions
    std::vector<Receipt> receipts = {};
    StateChanges changes = {};  ///< against its parent's state
};

class BlockStore {
public:
    void add(StoredBlock block) { blocks_.insert_or_assign(block.header.hash, std::move(block)); }
    /// Null if it is not known. Valid until it is removed.
    const StoredBlock* find(const Hash256& hash) const {
        const auto found = blocks_.find(hash);
        return found == blocks_.end() ? nullptr : &found->second;
    }
    /// The block of the main chain; null above its head.
    const StoredBlock* main(std::uint64_t number) const {
        return number < main_.size() ? find(main_[number]) : nullptr;
    }
    bool is_main(const StoredBlock& block) const {
        const auto* main_block = main(block.header.header.number);
        return main_block && main_block->header.hash == block.header.hash;
    }
    /// The main chain now has its blocks up to `number` of before, and then these.
    void set_main(std::uint64_t number, const std::vector<Hash256>& then) {
        main_.resize(number + 1);
        main_.insert(main_.end(), then.begin(), then.end());
    }
    void begin_main(const Hash256& genesis) { main_ = {genesis}; }

private:
    std::map<Hash256, StoredBlock> blocks_;
    std::vector<Hash256> main_;  // by number
};

}  // namespace parley::chain
