// A check of an LMDB file before LMDB opens it: LMDB trusts the pages that it maps, so that a
// damaged file would crash the process. The layout is that of LMDB 0.9 (mdb.c: MDB_page, MDB_meta,
// MDB_db, MDB_node), data version 1, in the machine's own byte order. Threading: any.
#pragma once

#include <parley/base/result.hpp>
#include <parley/base/store.hpp>

#include <cstdint>

namespace parley::runtime {

/// Reads both meta pages and walks the trees of the newer one: every page that LMDB could reach
/// lies in the file and is well-formed. Files above `full_check_bytes_max` have their branch pages
/// and the directory of tables checked, not each leaf. An empty file is fine: LMDB will fill it.
/// The errors are corrupt and io. No other process may write meanwhile.
Result<void, StoreError> check_lmdb_file(int fd, std::uint64_t full_check_bytes_max = 64ULL << 20);

}  // namespace parley::runtime
