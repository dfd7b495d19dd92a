#include <parley/sim/experiment/run_log.hpp>

#include <fmt/format.h>

namespace parley::sim {

class RunLog::HostLog final : public Log {
public:
    HostLog(RunLog& run, HostId host) : run_(run), host_(host) {}

    bool enabled(LogLevel level) const override {
        return run_.world_ != nullptr && level >= run_.level_;
    }
    void write(LogLevel level, std::string_view component, std::string_view event,
               std::initializer_list<LogField> fields) override {
        if (!enabled(level)) return;
        auto line = fmt::format("{:10.6f} host {:<4} {:<5} {}: {}", run_.world_->seconds(), host_,
                                name(level), component, event);
        for (const auto& field : fields) line += fmt::format(" {}={}", field.key, field.value);
        run_.lines_.push_back(std::move(line));
        if (run_.lines_.size() > run_.lines_max_) run_.lines_.pop_front();
    }

private:
    RunLog& run_;
    HostId host_;
};

Log& RunLog::of(HostId host) {
    if (logs_.size() <= host) logs_.resize(host + 1);
    if (!logs_[host]) logs_[host] = std::make_unique<HostLog>(*this, host);
    return *logs_[host];
}

}  // namespace parley::sim
