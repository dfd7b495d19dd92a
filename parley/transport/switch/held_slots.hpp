// HeldSlots: tokens of links that ended and whose modules have not all been told: an adapter that
// tells a module on a thread of its own holds the slot until then (Context::hold_slot). Nobody
// holds one longer than `hold_max`: a module that is stuck is named in the log and told later.
// Internal to transport. Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/events/log.hpp>
#include <parley/transport/switch/slots.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace parley::transport {

class HeldSlots {
public:
    static constexpr Duration hold_max = 2s;
    /// A topic and what its adapter lets go of.
    using Holds = std::vector<std::pair<std::string, std::weak_ptr<void>>>;

    /// Takes over the token of a link that ended. Bounded by the tokens that there are.
    void add(Now now, SlotToken token, Holds holds) {
        held_.push_back({std::move(token), std::move(holds), now.instant + hold_max});
    }
    /// Gives back what nobody holds any more, or has held too long.
    void collect(Now now, Slots& slots, Log& log);
    /// The end of the switch.
    void give_back_all(Slots& slots);
    Instant next_wakeup() const { return held_.empty() ? never : held_.front().until; }

private:
    struct Held {
        SlotToken token;
        Holds holds;
        Instant until;
    };
    std::vector<Held> held_;  // in the order of `until`
};

}  // namespace parley::transport
