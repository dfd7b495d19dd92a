// The format of a ledger's files, by its number: docs/formats/chain_store.md lists them.
// Threading: no other process changes the files meanwhile.
#pragma once

#include "command.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace parley::app {

/// What this program reads and writes.
inline constexpr std::uint32_t ledger_format = 2;

/// Of the files in the folder `data`; the present one where there are none. The store has its
/// number, except that all stores before format 2 say 1: which they are, the log's first record
/// tells. Errors: a newer format, damaged files.
Result<std::uint32_t, Failure> ledger_format_of(const std::string& data);

/// Why a node does not begin, and what to do.
std::string older_format_text(std::string_view folder, std::string_view data, std::uint32_t format);

}  // namespace parley::app
