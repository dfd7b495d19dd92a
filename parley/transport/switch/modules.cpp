#include <parley/transport/switch/modules.hpp>

#include <parley/transport/switch/topic_check.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace parley::transport {

Modules::Modules(std::vector<PeerHandler*> modules, OnModuleException then, Log& log)
    : modules_(std::move(modules)), disabled_(modules_.size()), then_(then), log_(log) {
    for (const PeerHandler* module : modules_) specs_.push_back(module->topic());
    if (auto checked = check_topics(specs_); !checked) {
        throw std::invalid_argument{checked.error()};
    }
}

std::vector<TopicSpec> Modules::sorted_specs() const {
    auto sorted = specs_;
    std::ranges::sort(sorted, {}, &TopicSpec::name);
    return sorted;
}

std::optional<std::size_t> Modules::find(std::string_view topic) const {
    const auto found = std::ranges::find(specs_, topic, &TopicSpec::name);
    if (found == specs_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - specs_.begin());
}

Instant Modules::next_wakeup() const {
    Instant next = never;
    for (std::size_t i = 0; i < modules_.size(); ++i) {
        if (disabled_[i]) continue;
        try {
            next = std::min(next, modules_[i]->next_wakeup());
        } catch (...) {
            return Instant::min();  // it is asked again in on_timer, which may disable it
        }
    }
    return next;
}

void Modules::disable(std::size_t module, std::string_view call, std::string_view what) {
    const bool ends = then_ == OnModuleException::end;
    log_.write(LogLevel::error, "switch", "a module threw an exception",
               {{"topic", specs_[module].name},
                {"call", call},
                {"what", what},
                {"then", ends ? "the node ends" : "the node goes on without the module"}});
    disabled_[module] = true;
    if (!failed_) failed_ = specs_[module].name;
}

void Modules::report_thread(std::string_view call, std::string_view topic) const {
    {
        const std::lock_guard lock{reported_mutex_};
        if (!reported_.insert(std::string{topic}.append(" ").append(call)).second) return;
    }
    log_.write(LogLevel::error, "switch", "a module calls from another thread than the node's",
               {{"topic", topic}, {"call", call}});
}

}  // namespace parley::transport
