#include <parley/runtime/log_sink.hpp>

#include <parley/base/time.hpp>
#include <parley/runtime/clock.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace parley::runtime {
namespace {

constexpr std::array<std::string_view, 6> level_colours{"\x1b[90m", "\x1b[36m", "\x1b[32m",
                                                        "\x1b[33m", "\x1b[31m", ""};
constexpr std::string_view dim = "\x1b[2m";
constexpr std::string_view plain = "\x1b[0m";

bool needs_quotes(std::string_view value) {
    if (value.empty()) return true;
    for (const char c : value) {
        if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c == '\x7f') return true;
    }
    return false;
}

void append_value(std::string& out, std::string_view value) {
    if (!needs_quotes(value)) {
        out += value;
        return;
    }
    out += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_time(std::string& out, std::int64_t unix_ms) {
    using namespace std::chrono;
    const sys_time<milliseconds> time{milliseconds{unix_ms}};
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};
    fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                   static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                   static_cast<unsigned>(date.day()), clock.hours().count(),
                   clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

UniqueFd open_log_file(const std::string& path) {
    return UniqueFd{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
}

}  // namespace

std::string format_log_line(std::int64_t unix_ms, LogLevel level, std::string_view component,
                            std::string_view event, std::initializer_list<LogField> fields,
                            bool coloured) {
    const auto index = static_cast<std::size_t>(level);
    std::string line;
    if (coloured) line += dim;
    append_time(line, unix_ms);
    if (coloured) line += level_colours[index];
    fmt::format_to(std::back_inserter(line), " {:<5}", name(level));
    if (coloured) line += plain;
    fmt::format_to(std::back_inserter(line), " {} {}", component, event);
    for (const auto& field : fields) {
        line += ' ';
        if (coloured) line += dim;
        line += field.key;
        line += '=';
        if (coloured) line += plain;
        append_value(line, field.value);
    }
    return line;
}

std::unique_ptr<LogSink> LogSink::to_stderr(LogLevel level) {
    const bool coloured = ::isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    return std::unique_ptr<LogSink>(
        new LogSink{{}, {}, UniqueFd{}, STDERR_FILENO, coloured, level});
}

Result<std::unique_ptr<LogSink>, StartError> LogSink::to_file(const std::string& path,
                                                              LogLevel level,
                                                              const LogFileLimits& limits) {
    auto file = open_log_file(path);
    if (!file) return std::unexpected{start_error("open log file", path, errno)};
    const int fd = file.get();
    return std::unique_ptr<LogSink>(new LogSink{path, limits, std::move(file), fd, false, level});
}

LogSink::LogSink(std::string path, const LogFileLimits& limits, UniqueFd owned, int fd,
                 bool coloured, LogLevel level)
    : path_(std::move(path)),
      limits_(limits),
      owned_(std::move(owned)),
      fd_(fd),
      coloured_(coloured),
      level_(level),
      thread_([this] { run(); }) {}

LogSink::~LogSink() {
    {
        const std::scoped_lock lock{mutex_};
        ending_ = true;
    }
    hurry_ = true;
    wake_.notify_one();
    thread_.join();
}

void LogSink::write(LogLevel level, std::string_view component, std::string_view event,
                    std::initializer_list<LogField> fields) {
    if (!enabled(level)) return;
    {
        const std::scoped_lock lock{mutex_};
        if (!sums_.admit(monotonic_now(), level, component, event, fields)) return;
        keep(format_log_line(unix_milliseconds(system_time()), level, component, event, fields,
                             coloured_));
    }
    wake_.notify_one();
}

/// Under mutex_.
void LogSink::keep(std::string line) {
    line += '\n';
    if (waiting_.size() + line.size() > waiting_bytes_max) {
        ++dropped_;
        return;
    }
    if (dropped_ > 0) {
        waiting_ += format_log_line(unix_milliseconds(system_time()), LogLevel::warn, "log",
                                    "lines were dropped", {{"count", std::exchange(dropped_, 0)}},
                                    coloured_);
        waiting_ += '\n';
    }
    waiting_ += line;
}

/// Under mutex_.
void LogSink::tell(const std::vector<LogSums::Sum>& sums) {
    const auto time = unix_milliseconds(system_time());
    for (const auto& [kind, lines, within] : sums) {
        keep(format_log_line(time, kind.level, kind.component, kind.event,
                             {{"direction", kind.direction},
                              {"class", kind.link_class},
                              {"more", lines},
                              {"seconds", within / 1s},
                              {"target", kind.target}},
                             coloured_));
    }
}

void LogSink::run() {
    std::string lines;
    LogFileLimits limits;
    for (;;) {
        {
            std::unique_lock lock{mutex_};
            while (!ending_ && waiting_.empty()) {
                const auto now = monotonic_now();
                if (now < sums_.next_due()) {
                    wake_.wait_for(lock, std::min<Duration>(sums_.next_due() - now, 1min));
                } else {
                    tell(sums_.take_due(now));
                }
            }
            if (ending_) tell(sums_.take_all(monotonic_now()));
            if (waiting_.empty()) return;
            lines.swap(waiting_);
            waiting_.clear();
            limits = limits_;
        }
        rotate(limits);
        follow_path();
        for (std::string_view rest = lines; !rest.empty();) {
            if (!write_some(rest)) return;
        }
    }
}

/// The file may have been renamed: the lines go to a new one under its name.
void LogSink::follow_path() {
    if (path_.empty()) return;
    struct stat named{};
    struct stat open{};
    if (::fstat(fd_, &open) != 0) return;
    if (::stat(path_.c_str(), &named) == 0 && named.st_ino == open.st_ino &&
        named.st_dev == open.st_dev) {
        return;
    }
    auto file = open_log_file(path_);
    if (!file) return;  // the old one is better than none
    owned_ = std::move(file);
    fd_ = owned_.get();
}

/// Between two lines.
void LogSink::rotate(const LogFileLimits& limits) {
    struct stat open{};
    if (limits.bytes_max == 0 || ::fstat(fd_, &open) != 0 ||
        std::cmp_less(open.st_size, limits.bytes_max)) {
        return;
    }
    const auto numbered = [&](std::uint32_t n) {
        return n == 0 ? path_ : fmt::format("{}.{}", path_, n);
    };
    if (limits.old_max == 0) ::unlink(path_.c_str());
    for (auto n = limits.old_max; n > 0; --n) {
        (void)::rename(numbered(n - 1).c_str(), numbered(n).c_str());
    }
}

/// False if the end cannot wait any longer. What cannot be written at all is lost.
bool LogSink::write_some(std::string_view& rest) const {
    // A pipe or terminal that takes some takes so much without waiting (pipe(7)).
    const auto size = std::min<std::size_t>(rest.size(), PIPE_BUF);
    constexpr int look_again_ms = 100;
    pollfd can_write{.fd = fd_, .events = POLLOUT, .revents = 0};
    while (::poll(&can_write, 1, look_again_ms) == 0) {
        if (hurry_) return false;
    }
    const auto written = ::write(fd_, rest.data(), size);
    if (written < 0 && errno == EINTR) return true;
    rest.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : rest.size());
    return true;
}

}  // namespace parley::runtime
