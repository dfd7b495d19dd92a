// The stores and the log of a node that may run, as files of an archive. Threading: one thread.
#pragma once

#include "backup/tar_file.hpp"
#include "folder.hpp"
#include <parley/runtime/store/lmdb_store.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace parley::app {

/// A copy of a store, as it is at one moment, as the file `name`. `path` is told in an error;
/// `on_begun` is called once that moment is over.
Outcome add_copy(TarFile& tar, std::string_view name, runtime::LmdbStore& store,
                 const std::string& path, const std::function<void()>& on_begun = {});

/// The ledger of a full node, or the headers of a light one; says what it was, nothing if neither
/// is there. First the state, then the log as far as it went when the state's copy was begun: the
/// log only grows, and has all blocks of the state, so that the two fit. What the state lacks is
/// executed again at the start, as after a kill. Each record of the log is checked.
Result<std::string, Failure> add_chain_files(TarFile& tar, const Folder& folder);

}  // namespace parley::app
