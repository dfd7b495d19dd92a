// LogSums: counts lines of a log that come too often, and tells their number now and then.
// Strangers can cause some lines as often as they like (links that come and go): written each, they
// would fill a disk. Each kind of line has an allowance of its own. Bounds: kinds that are
// remembered; of further ones every line is written. Threading: one thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/base/token_bucket.hpp>
#include <parley/events/log.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace parley::runtime {

class LogSums {
public:
    static constexpr double lines_burst = 200;     ///< of a kind, at once
    static constexpr double lines_per_second = 1;  ///< and again
    static constexpr Duration interval = std::chrono::minutes{1};
    static constexpr std::size_t kinds_max = 4096;

    /// What lines have in common: the event, and whose link it is about. So the static peers of the
    /// node's owner are not lost among strangers, and none of the targets that the owner named is
    /// lost among the others.
    struct Kind {
        LogLevel level;
        std::string component, event, direction, link_class, target;
        auto operator<=>(const Kind&) const = default;
    };
    struct Sum {
        Kind kind;
        std::uint64_t lines = 0;
        Duration time{};  ///< within which they came
    };

    /// False: the line is counted, and not to be written.
    bool admit(Instant now, LogLevel level, std::string_view component, std::string_view event,
               std::initializer_list<LogField> fields);
    /// When take_due() has something next; `never` if nothing was counted.
    Instant next_due() const { return due_; }
    /// What was counted, an interval after the first of it.
    std::vector<Sum> take_due(Instant now) { return take(now, interval); }
    /// What was counted so far.
    std::vector<Sum> take_all(Instant now) { return take(now, Duration::zero()); }

private:
    std::vector<Sum> take(Instant now, Duration least);

    struct State {
        TokenBucket allowance{lines_per_second, lines_burst};
        std::uint64_t counted = 0;
        Instant since{};
    };
    std::map<Kind, State> kinds_;
    Instant due_ = never;
};

}  // namespace parley::runtime
