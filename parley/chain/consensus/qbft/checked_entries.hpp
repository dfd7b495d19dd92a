// Entries of a file of records, each with its size and a checksum, so that a reader knows which are
// whole: an entry is | size of the text, 4 bytes | the first 8 bytes of its Keccak | text |.
// Bounded: a text has at most entry_text_bytes_max. Threading: as AppendLog.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>

namespace parley::chain::qbft {

inline constexpr std::size_t entry_header_bytes = 12;
inline constexpr std::size_t entry_text_bytes_max = std::size_t{16} << 20;

/// On disk when it returns. After an error the end of the file may be no whole entry.
Result<void, StoreError> append_entry(AppendLog& file, Bytes text);
/// Gives `take` the text of each, from the first on, up to one that is not whole or that `take`
/// does not know; where those that it took end.
Result<std::uint64_t, StoreError> read_entries(const AppendLog& file,
                                               const std::function<bool(SharedBytes)>& take);

}  // namespace parley::chain::qbft
