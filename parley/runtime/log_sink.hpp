// LogSink: log records as lines, "2026-11-22T14:00:00.123Z info  switch peer up id=4f3a addr=...".
// Values with spaces, quotes or control characters are quoted and escaped: peers choose some of
// them, and could otherwise forge lines or control a terminal.
// A thread of its own writes the lines, so that a file system that hangs, or a pipe that nobody
// reads, holds up nobody: lines wait, in bounds, and those beyond are dropped and counted in a line
// of their own. What comes too often is counted (LogSums). A file may have a limit: then it is
// renamed, and some old ones are kept. The destructor gives the rest a short time. Threading: any.
#pragma once

#include <parley/base/result.hpp>
#include <parley/events/log.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/runtime/log_sums.hpp>
#include <parley/runtime/start_error.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace parley::runtime {

/// When a log file is renamed to FILE.1, FILE.1 to FILE.2 and so on; the last one is removed.
struct LogFileLimits {
    std::uint64_t bytes_max = 0;  ///< of a file, about; 0: no limit
    std::uint32_t old_max = 5;    ///< files beside the one that is written to
};

class LogSink final : public Log {
public:
    /// Writes to stderr, in colour if that is a terminal and NO_COLOR is not set.
    static std::unique_ptr<LogSink> to_stderr(LogLevel level);
    /// Appends to the file, which is created with mode 0600 if absent, and again when it was
    /// renamed or removed, as by logrotate.
    static Result<std::unique_ptr<LogSink>, StartError> to_file(const std::string& path,
                                                                LogLevel level,
                                                                const LogFileLimits& limits = {});

    bool enabled(LogLevel level) const override {
        return level >= level_.load(std::memory_order_relaxed) && level != LogLevel::off;
    }
    static constexpr std::size_t waiting_bytes_max = 1U << 20;  ///< of lines not yet written
    ~LogSink() override;
    LogSink(const LogSink&) = delete;
    LogSink& operator=(const LogSink&) = delete;

    /// From any thread, at any time; LogLevel::off silences the sink.
    void set_level(LogLevel level) { level_ = level; }
    /// Of the file, from the next lines on. From any thread.
    void set_limits(const LogFileLimits& limits) {
        const std::scoped_lock lock{mutex_};
        limits_ = limits;
    }
    void write(LogLevel level, std::string_view component, std::string_view event,
               std::initializer_list<LogField> fields) override;

private:
    LogSink(std::string path, const LogFileLimits& limits, UniqueFd owned, int fd, bool coloured,
            LogLevel level);
    void run();
    bool write_some(std::string_view& rest) const;
    void follow_path();
    void rotate(const LogFileLimits& limits);
    void keep(std::string line);
    void tell(const std::vector<LogSums::Sum>& sums);

    std::string path_;      // of a file; empty: stderr
    LogFileLimits limits_;  // under mutex_
    UniqueFd owned_;
    int fd_;
    bool coloured_;
    std::atomic<LogLevel> level_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::string waiting_;  // whole lines; under mutex_, as the next three
    LogSums sums_;
    std::uint64_t dropped_ = 0;  // lines, since the last that was kept
    bool ending_ = false;
    std::atomic<bool> hurry_ = false;  // the end may not take long
    std::thread thread_;
};

/// One line as LogSink writes it, without the line's end. `unix_ms`: milliseconds since 1970.
std::string format_log_line(std::int64_t unix_ms, LogLevel level, std::string_view component,
                            std::string_view event, std::initializer_list<LogField> fields,
                            bool coloured);

}  // namespace parley::runtime
