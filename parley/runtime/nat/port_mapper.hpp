// PortMapper: drives nat's PortMapping in real time, on a thread of its own, because routers answer
// slowly or never. At the end it removes the mapping, but does not wait long for the router: a call
// that cannot be interrupted is left behind on its thread.
// Threading: construct and destroy on one thread; begin_stop from any.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/nat/port_mapping.hpp>

#include <functional>
#include <memory>
#include <thread>

namespace parley::runtime {

class PortMapper {
public:
    /// Asks a router; may block. Called on the mapper's thread alone, and may still run when the
    /// mapper is gone: it owns all that it needs.
    using Ask = std::move_only_function<nat::MappingResult(const nat::MappingRequest&)>;
    /// Called on the mapper's thread with each change of status; must be quick. Not called after
    /// begin_stop().
    using Changed = std::move_only_function<void(const nat::MappingStatus&)>;

    PortMapper(nat::PortMappingConfig config, Rng rng, Ask ask, Changed changed,
               Duration stop_timeout = 600ms);
    /// Waits for the mapping to be removed, at most until `stop_timeout` after begin_stop().
    ~PortMapper();
    PortMapper(const PortMapper&) = delete;
    PortMapper& operator=(const PortMapper&) = delete;

    /// Begins to remove the mapping. Again: no effect.
    void begin_stop();

private:
    struct State;
    static void work(const std::shared_ptr<State>& state);

    std::shared_ptr<State> state_;
    Duration stop_timeout_;
    std::thread thread_;
};

}  // namespace parley::runtime
