// The address book in a node's store, read as it is, also while the node runs.
#pragma once

#include "command.hpp"
#include "folder.hpp"
#include <parley/base/store.hpp>
#include <parley/discovery/book/entry.hpp>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace parley::app {

struct Book {
    struct CorruptRow {
        std::string key;  ///< in hex
        std::string why;
    };
    std::vector<discovery::Entry> entries;  ///< by ID
    std::vector<NodeId> anchors;
    std::size_t corrupt = 0;
    std::vector<CorruptRow> corrupt_rows;  ///< the first ones
    std::uint64_t file_bytes = 0;
    bool node_runs = false;
    std::set<NodeId> linked;  ///< with the running node, now: see read_links()
};

/// A failure names what is missing, damaged or of another version.
Result<Book, Failure> read_book(const Folder& folder);

/// Asks the node that runs, if one does, who is linked with it.
void read_links(const Folder& folder, Book& book);

/// Says on standard error that rows were left out, if any were.
void warn_of_corrupt_rows(const Folder& folder, const Book& book);

/// "cannot open alice/store: the store is corrupt, or no store at all".
Failure store_failure(const Folder& folder, const StoreError& error);

}  // namespace parley::app
