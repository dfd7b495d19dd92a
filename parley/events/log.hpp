// Structured log records. Cores write to a Log that they are given, and do not know where it leads.
// Threading: as the Log at hand says; a core writes on its own thread.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace parley {

/// How much a record matters; ascending. `off` is of no record.
enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };
/// "warn".
std::string_view name(LogLevel level);
/// The level of that name; nothing for another text.
std::optional<LogLevel> parse_log_level(std::string_view text);

/// One `key=value` of a record.
struct LogField {
    std::string_view key;  ///< a literal: lower case, no blanks
    std::string value;     ///< as it is; the Log quotes it if need be
    /// Of a text.
    LogField(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
    LogField(std::string_view k, std::string_view v) : key(k), value(v) {}  ///< copies the text
    LogField(std::string_view k, const char* v) : key(k), value(v) {}       ///< copies the text
    /// Of a number, in decimal.
    template <std::integral T>
    LogField(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
};

/// Where records go. Implementations: the runtime's (stderr, file), the simulator's, tests'.
class Log {
public:
    virtual ~Log() = default;
    /// Whether records of that level are kept. Check it before making costly fields.
    virtual bool enabled(LogLevel level) const = 0;
    /// Takes a record; must not block. `component` is the layer or module ("slots"), `event` a
    /// fixed phrase ("peer up").
    virtual void write(LogLevel level, std::string_view component, std::string_view event,
                       std::initializer_list<LogField> fields) = 0;
};

/// A Log that keeps nothing. Any thread may write to it.
Log& no_log();

}  // namespace parley
