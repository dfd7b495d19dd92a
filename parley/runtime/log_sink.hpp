// LogSink: log records as lines, "2026-11-22T14:00:00.123Z info  switch peer up id=4f3a addr=...".
// Values that hold spaces, quotes or control characters are quoted and escaped, since peers choose
// some of them. Threading: any thread; a line is written whole.
#pragma once

#include <parley/base/result.hpp>
#include <parley/events/log.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/runtime/start_error.hpp>

#include <atomic>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace parley::runtime {

class LogSink final : public Log {
public:
    /// Coloured if stderr is a terminal (and NO_COLOR is not set).
    static std::unique_ptr<LogSink> to_stderr(LogLevel level);
    /// Appends; made with mode 0600 if absent.
    static Result<std::unique_ptr<LogSink>, StartError> to_file(const std::string& path,
                                                                LogLevel level);

    bool enabled(LogLevel level) const override {
        return level >= level_.load(std::memory_order_relaxed) && level != LogLevel::off;
    }
    void set_level(LogLevel level) { level_ = level; }
    void write(LogLevel level, std::string_view component, std::string_view event,
               std::initializer_list<LogField> fields) override;

private:
    LogSink(UniqueFd owned, int fd, bool coloured, LogLevel level)
        : owned_(std::move(owned)), fd_(fd), coloured_(coloured), level_(level) {}

    UniqueFd owned_;
    int fd_;
    bool coloured_;
    std::atomic<LogLevel> level_;
    std::mutex mutex_;
};

/// One line without its end, as LogSink writes it. `unix_ms`: milliseconds since 1970.
std::string format_log_line(std::int64_t unix_ms, LogLevel level, std::string_view component,
                            std::string_view event, std::initializer_list<LogField> fields,
                            bool coloured);

}  // namespace parley::runtime
