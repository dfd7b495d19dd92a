// Modules that break the rules of the interface: they throw, or call from another thread.
#include <parley/transport/switch/switch_core.hpp>

#include <utility>

namespace parley::transport {

void SwitchCore::disable_module(std::size_t module, std::string_view call, std::string_view what) {
    const bool ends = config_.on_module_exception == OnModuleException::end;
    log_.write(LogLevel::error, "switch", "a module threw an exception",
               {{"topic", specs_[module].name},
                {"call", call},
                {"what", what},
                {"then", ends ? "the node ends" : "the node goes on without the module"}});
    if (disabled_[module]) return;  // thrown by the on_closed() that it is told below
    disabled_[module] = true;
    if (!failed_module_) failed_module_ = specs_[module].name;
    for (Connection* c : up_) {
        if (TopicLane* lane = c->lane_of_module[module]) lane->disabled = true;
        close_lane(*c, module, CloseReason::module_failed);
    }
    if (!up_.empty()) statuses_due_ = now_.instant;  // without its own
}

void SwitchCore::close_lane(Connection& c, std::size_t module, CloseReason reason) {
    TopicLane* lane = c.lane_of_module[module];
    if (!lane || !lane->handler) return;
    // Told once, even if it throws.
    const auto handler = std::exchange(lane->handler, nullptr);
    call_module(module, "on_closed", [&] { handler->on_closed(reason); });
}

void SwitchCore::report_thread(std::string_view call, std::string_view topic) const {
    {
        const std::lock_guard lock{reported_mutex_};
        if (!reported_.insert(std::string{topic}.append(" ").append(call)).second) return;
    }
    log_.write(LogLevel::error, "switch", "a module calls from another thread than the node's",
               {{"topic", topic}, {"call", call}});
}

}  // namespace parley::transport
