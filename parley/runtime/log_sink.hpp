// LogSink: log records as lines, "2026-11-22T14:00:00.123Z info  switch peer up id=4f3a addr=...".
// Values with spaces, quotes or control characters are quoted and escaped: peers choose some of
// them, and could otherwise forge lines or control a terminal.
// Threading: any; a line is written whole. What cannot be written is lost.
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
    /// Writes to stderr, in colour if that is a terminal and NO_COLOR is not set.
    static std::unique_ptr<LogSink> to_stderr(LogLevel level);
    /// Appends to the file, which is created with mode 0600 if absent.
    static Result<std::unique_ptr<LogSink>, StartError> to_file(const std::string& path,
                                                                LogLevel level);

    bool enabled(LogLevel level) const override {
        return level >= level_.load(std::memory_order_relaxed) && level != LogLevel::off;
    }
    /// From any thread, at any time; LogLevel::off silences the sink.
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

/// One line as LogSink writes it, without the line's end. `unix_ms`: milliseconds since 1970.
std::string format_log_line(std::int64_t unix_ms, LogLevel level, std::string_view component,
                            std::string_view event, std::initializer_list<LogField> fields,
                            bool coloured);

}  // namespace parley::runtime
