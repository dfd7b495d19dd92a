// What a ledger's store holds: the blocks up to `head`, which are the log's first `log_end` bytes.
// docs/formats/chain_store.md. Threading: pure functions, and as the Store.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/store.hpp>

#include <cstdint>
#include <optional>

namespace parley::chain {

struct Saved {
    Hash256 genesis{};
    Hash256 head{};
    std::uint64_t log_end = 0;
    friend bool operator==(const Saved&, const Saved&) = default;
};

void put_saved(StoreBatch& batch, const Saved& saved);
/// Nothing if the store never was saved to. Errors: the store's; corrupt.
Result<std::optional<Saved>, StoreError> read_saved(Store& store);

}  // namespace parley::chain
