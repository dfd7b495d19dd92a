// The commands below `parley book`, and what they share.
#pragma once

#include "book/book_file.hpp"
#include "command.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace parley::app {

void add_book_list(CLI::App& book, Chosen& chosen);
void add_book_find(CLI::App& book, Chosen& chosen);
void add_book_export(CLI::App& book, Chosen& chosen);
void add_book_import(CLI::App& book, Chosen& chosen);
void add_book_stats(CLI::App& book, Chosen& chosen);

/// Which entries are wanted, as options of a command say.
struct BookFilter {
    std::string group, state, source, seen_since;

    /// --group, --state, --source and --seen-since.
    void add_to(CLI::App& command);
    /// Those that fit, the one that was seen last first. A failure says which option is wrong.
    Result<std::vector<const discovery::Entry*>, Failure> choose(const Book& book,
                                                                 UnixTime now) const;
};

/// "linked" if the running node has a link with it, "failed" if what came last did not work,
/// "tried" if it answered a dial of this node, else "new".
std::string_view book_state(const Book& book, const discovery::Entry& entry);

/// "enr:..."; empty without a record. Nothing is verified.
std::string enr_text(const discovery::Entry& entry);

/// "3 min ago", or "never".
std::string ago_text(UnixTime now, UnixTime then);

}  // namespace parley::app
