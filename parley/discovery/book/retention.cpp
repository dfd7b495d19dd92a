#include <parley/discovery/book/retention.hpp>

#include <algorithm>

namespace parley::discovery {

bool is_replaceable(Now now, const Entry& entry, const BookConfig& config) {
    if (entry.is_busy()) return false;
    if (entry.last_success != unset) {
        return now.unix_time - entry.last_success > config.forget_failing_after;
    }
    return entry.failures > 0 || now.unix_time - entry.last_seen > config.stale_after;
}

bool is_forgettable(Now now, const Entry& entry, const BookConfig& config) {
    if (entry.pin != Pin::none || entry.is_busy()) return false;
    const UnixTime last = std::max(entry.last_seen, entry.last_success);
    if (now.unix_time - last > config.forget_after) return true;
    return entry.failures >= config.hopeless_failures &&
           now.unix_time - entry.last_success > config.forget_failing_after;
}

}  // namespace parley::discovery
