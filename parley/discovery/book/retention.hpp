// How long an entry of the address book is worth keeping.
// Threading: pure functions.
#pragma once

#include <parley/discovery/book/book_config.hpp>
#include <parley/discovery/book/entry.hpp>

namespace parley::discovery {

/// Whether another entry may have its place in the untried table: it failed, or was not heard of
/// for `stale_after`, or, once it had a link, for `forget_failing_after`.
bool is_replaceable(Now now, const Entry& entry, const BookConfig& config);
/// Whether it is too old or hopeless to be kept. Pinned entries and those with a link or dial
/// under way never are.
bool is_forgettable(Now now, const Entry& entry, const BookConfig& config);

}  // namespace parley::discovery
