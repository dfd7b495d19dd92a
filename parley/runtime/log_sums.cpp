#include <parley/runtime/log_sums.hpp>

#include <algorithm>
#include <utility>

namespace parley::runtime {

namespace {

std::string value_of(std::initializer_list<LogField> fields, std::string_view key) {
    const auto* field = std::ranges::find(fields, key, &LogField::key);
    return field == fields.end() ? std::string{} : field->value;
}

}  // namespace

bool LogSums::admit(Instant now, LogLevel level, std::string_view component, std::string_view event,
                    std::initializer_list<LogField> fields) {
    // Errors are rare and matter; whoever asks for more than info wants all of it.
    if (level != LogLevel::info && level != LogLevel::warn) return true;
    Kind kind{.level = level,
              .component = std::string{component},
              .event = std::string{event},
              .direction = value_of(fields, "direction"),
              .link_class = value_of(fields, "class"),
              .target = value_of(fields, "target")};
    auto found = kinds_.find(kind);
    if (found == kinds_.end()) {
        if (kinds_.size() >= kinds_max) return true;
        found = kinds_.emplace(std::move(kind), State{}).first;
    }
    auto& state = found->second;
    if (state.allowance.take(now)) return true;
    if (state.counted++ == 0) {
        state.since = now;
        due_ = std::min(due_, now + interval);
    }
    return false;
}

std::vector<LogSums::Sum> LogSums::take(Instant now, Duration least) {
    std::vector<Sum> out;
    due_ = never;
    for (auto& [kind, state] : kinds_) {
        if (state.counted == 0) continue;
        if (now < state.since + least) {
            due_ = std::min(due_, state.since + interval);
            continue;
        }
        out.push_back({kind, std::exchange(state.counted, 0), now - state.since});
    }
    return out;
}

}  // namespace parley::runtime
