// SwitchConfig: the limits of a Switch, and what it does in the cases that its user may decide.
#pragma once

#include <parley/base/time.hpp>
#include <parley/transport/handshake/fork_id.hpp>
#include <parley/transport/handshake/handshake.hpp>
#include <parley/transport/link/link.hpp>
#include <parley/transport/switch/address_refusals.hpp>
#include <parley/transport/switch/caller_rates.hpp>
#include <parley/transport/switch/offences.hpp>
#include <parley/transport/switch/slots.hpp>
#include <parley/transport/switch/waste.hpp>

#include <cstdint>

namespace parley::transport {

/// What becomes of a module that threw an exception. Either way it is logged at error, with the
/// topic and what(); the module gets no more calls until the node is built anew, its handlers are
/// told on_closed(module_failed), it can send nothing, and what comes for it is dropped and its
/// credit given back. The Hello stays as it was: peers go on to offer the topic.
enum class OnModuleException : std::uint8_t {
    disable,  ///< the node goes on without the module
    end,      ///< the node shuts down: Switch::wants_to_end()
};

struct SwitchConfig {
    SlotLimits slots;
    CallerLimits callers;
    OffenceConfig offences;
    AddressRefusalConfig refusals;
    WasteConfig waste;
    LinkConfig link;
    VersionRange versions;  ///< of the protocol; another one only in tests
    ForkRules forks;
    std::uint64_t receive_bytes_max = 512ULL << 20;  ///< cap over all links' windows
    /// The least time between two inbound links that make room for newcomers: each that leaves
    /// leaves a gap in the paths of gossip.
    Duration eviction_interval = std::chrono::minutes{5};
    /// The same for newcomers of one network group: a caller that comes and goes again and again
    /// would empty the node.
    Duration eviction_group_interval = std::chrono::hours{4};
    Duration probe_patience = 2s;  ///< before a returning peer is told "duplicate"
    Duration watchdog = 100ms;     ///< a module's call that takes longer is named in the log
    /// Explicit targets whose failures are remembered, so that each is a warning once for a reason.
    std::size_t failed_targets_max = 1024;
    /// Records of peers whose signatures are not verified again when they come again; 0: all are.
    std::size_t known_records_max = 4096;
    OnModuleException on_module_exception = OnModuleException::disable;
};

/// The terms of one dial.
struct DialOptions {
    SlotClass slot_class = SlotClass::ordinary;
    /// The owner named the target, so that the log says why it is not linked; static and trusted
    /// peers are explicit without it.
    bool explicit_target = false;
};

/// Why Switch::dial() did not even try.
enum class DialError : std::uint8_t {
    self,         ///< our own ID
    already,      ///< a link to that ID is dialing, handshaking, up or closing
    no_slot,      ///< no handshake or no outbound token, or the node is shutting down
    group_taken,  ///< an outbound link into that network group exists
    banned,
};

}  // namespace parley::transport
