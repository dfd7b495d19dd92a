#include <parley/events/log.hpp>

namespace parley {

std::string_view name(LogLevel level) {
    switch (level) {
        case LogLevel::trace:
            return "trace";
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warn:
            return "warn";
        case LogLevel::error:
            return "error";
        case LogLevel::off:
            return "off";
    }
    return "?";
}

std::optional<LogLevel> parse_log_level(std::string_view text) {
    for (const auto level : {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warn,
                             LogLevel::error, LogLevel::off}) {
        if (name(level) == text) return level;
    }
    return std::nullopt;
}

Log& no_log() {
    class NoLog final : public Log {
    public:
        bool enabled(LogLevel) const override { return false; }
        void write(LogLevel, std::string_view, std::string_view,
                   std::initializer_list<LogField>) override {}
    };
    static NoLog log;
    return log;
}

}  // namespace parley
