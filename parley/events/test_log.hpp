// A log that tests read.
#pragma once

#include <parley/events/log.hpp>

#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley {

/// Keeps what is logged, a line a record: "warn no link to a target target=... reason=...".
/// Threading: write() and take() from any thread.
class TestLog final : public Log {
public:
    explicit TestLog(LogLevel from = LogLevel::warn) : least(from) {}

    bool enabled(LogLevel level) const override { return level >= least; }
    void write(LogLevel level, std::string_view, std::string_view event,
               std::initializer_list<LogField> fields) override {
        if (!enabled(level)) return;
        std::string line{name(level)};
        line.append(" ").append(event);
        for (const LogField& field : fields) {
            line.append(" ").append(field.key).append("=").append(field.value);
        }
        const std::scoped_lock lock{mutex_};
        lines.push_back(std::move(line));
    }
    /// What was written since the last call.
    std::vector<std::string> take() {
        const std::scoped_lock lock{mutex_};
        return std::exchange(lines, {});
    }

    std::vector<std::string> lines;  ///< for tests of one thread
    LogLevel least;

private:
    std::mutex mutex_;
};

}  // namespace parley
