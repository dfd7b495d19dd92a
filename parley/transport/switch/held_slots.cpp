#include <parley/transport/switch/held_slots.hpp>

#include <algorithm>

namespace parley::transport {

void HeldSlots::collect(Now now, Slots& slots, Log& log) {
    if (held_.empty()) return;
    std::erase_if(held_, [&](Held& held) {
        std::erase_if(held.holds, [](const auto& hold) { return hold.second.expired(); });
        if (!held.holds.empty() && now.instant < held.until) return false;
        for (const auto& [topic, hold] : held.holds) {
            log.write(LogLevel::warn, "switch", "a module is stuck: its peer's slot is given back",
                      {{"topic", topic}});
        }
        slots.give_back(held.token);
        return true;
    });
}

void HeldSlots::give_back_all(Slots& slots) {
    for (auto& held : held_) slots.give_back(held.token);
    held_.clear();
}

}  // namespace parley::transport
