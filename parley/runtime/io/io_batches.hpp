// What crosses between the node's thread and the I/O threads. Everything crosses in batches: a
// vector under one mutex, and one wake-up per batch, only if the other side sleeps.
//
// Bounds. To the node: an I/O thread stops reading when the bytes that it handed over and the
// node has not dealt with reach IoConfig::inbound_bytes_max; what a peer may have sent is bounded
// by the windows of its lanes anyway. To the links: what is queued is bounded by the Switch's
// send budgets, which count a message until the link reports it Drained.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/datagram.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/transport/link/link.hpp>
#include <parley/transport/switch/switch.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace parley::runtime {

/// What the links of one I/O thread did in one turn of it.
struct LinkEventBatch {
    /// Events up to `end` (and from the run before on) are of `link`.
    struct Run {
        transport::LinkId link;
        std::size_t end;
    };
    struct Failed {
        transport::LinkId link;
        std::string why;
        bool by_proxy = false;  ///< the proxy is of no use, whoever was dialed
    };
    std::vector<transport::LinkEvent> events;
    std::vector<Run> runs;
    struct Connected {
        transport::LinkId link;
        Endpoint endpoint;
    };
    std::vector<Connected> connected;  ///< dials, to another place than their target's endpoint
    std::vector<Failed> failed;        ///< connections that could not be made
    std::size_t bytes = 0;             ///< about what the events hold, to be reported as done
    std::size_t source = 0;            ///< index of the I/O thread

    bool empty() const { return runs.empty() && connected.empty() && failed.empty(); }
};

/// A caller at the door. The node decides.
struct Accepted {
    UniqueFd socket;
    Endpoint remote;
    std::size_t listener;
};

/// A caller that was let in.
struct Admitted {
    transport::LinkId link;
    UniqueFd socket;
    Endpoint remote;
    std::shared_ptr<const transport::LinkIdentity> identity;
};

/// Effects of the Switch for links of one I/O thread.
struct EffectBatch {
    std::vector<transport::SwitchEffect> effects;
    std::shared_ptr<const transport::LinkIdentity> identity;  ///< for the links to be dialed
};

/// Datagrams that one UDP socket got.
struct Received {
    DatagramBatch datagrams;
    std::size_t socket;
};

/// Everything that waits for the node's thread.
struct NodeInputs {
    std::vector<LinkEventBatch> batches;
    std::vector<Accepted> accepted;
    std::vector<Received> received;
    std::vector<Job> finished;
    std::vector<std::move_only_function<void(Now)>> posted;
    Instant since = never;  ///< when the first of them came

    bool empty() const {
        return batches.empty() && accepted.empty() && received.empty() && finished.empty() &&
               posted.empty();
    }
};

}  // namespace parley::runtime
