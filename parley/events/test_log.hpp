// A log that tests read.
#pragma once

#include <parley/events/log.hpp>

#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace parley::runtime {

/// A line each: "event key=value key=value". Threading: any.
class CapturingLog final : public Log {
public:
    bool enabled(LogLevel) const override { return true; }
    void write(LogLevel, std::string_view, std::string_view event,
               std::initializer_list<LogField> fields) override {
        const std::scoped_lock lock{mutex_};
        lines_ += event;
        for (const auto& field : fields) {
            lines_ += ' ';
            lines_ += field.key;
            lines_ += '=';
            lines_ += field.value;
        }
        lines_ += '\n';
    }
    /// What was written since the last call.
    std::string take() {
        const std::scoped_lock lock{mutex_};
        return std::exchange(lines_, {});
    }

private:
    std::mutex mutex_;
    std::string lines_;
};

}  // namespace parley::runtime
