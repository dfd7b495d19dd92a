// LedgerError: why a chain cannot be opened. Threading: values.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/ledger/import_error.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace parley::chain {

enum class LedgerErrc : std::uint8_t {
    store,          ///< LedgerError::store says why
    other_genesis,  ///< the store holds another chain
    replay,         ///< LedgerError::import: a block of the log cannot be executed again
};

struct LedgerError {
    LedgerErrc code{};
    std::optional<StoreError> store = {};
    std::optional<ImportError> import = {};
    Hash256 expected{};  ///< other_genesis: that of the settings; replay: the block
    Hash256 actual{};    ///< other_genesis: that of the store
};
/// One line, with what to do.
std::string message(const LedgerError& error);

}  // namespace parley::chain
