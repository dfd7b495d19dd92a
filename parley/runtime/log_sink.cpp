#include <parley/runtime/log_sink.hpp>

#include <parley/base/time.hpp>
#include <parley/runtime/clock.hpp>

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <iterator>

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
    return std::unique_ptr<LogSink>(new LogSink{UniqueFd{}, STDERR_FILENO, coloured, level});
}

Result<std::unique_ptr<LogSink>, StartError> LogSink::to_file(const std::string& path,
                                                              LogLevel level) {
    UniqueFd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
    if (!file) return std::unexpected{start_error("open log file", path, errno)};
    const int fd = file.get();
    return std::unique_ptr<LogSink>(new LogSink{std::move(file), fd, false, level});
}

void LogSink::write(LogLevel level, std::string_view component, std::string_view event,
                    std::initializer_list<LogField> fields) {
    if (!enabled(level)) return;
    std::string line = format_log_line(unix_milliseconds(system_time()), level, component, event,
                                       fields, coloured_);
    line += '\n';
    const std::scoped_lock lock{mutex_};
    std::string_view rest = line;
    while (!rest.empty()) {
        const auto written = ::write(fd_, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;  // nowhere left to complain
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace parley::runtime
