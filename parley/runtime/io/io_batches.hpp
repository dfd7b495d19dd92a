// The values that cross between the node's thread and the I/O threads. Everything crosses in
// batches: a vector under one mutex, and one wake-up for a batch, only if the other side sleeps.
//
// Bounds. To the node: an I/O thread stops reading when the bytes that it handed over and the
// node has not dealt with reach IoConfig::inbound_bytes_max; besides, each peer is bounded by the
// windows of its lanes. To the links: the Switch's send budgets count a message until the link
// reports it Drained.
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

/// The events of the links of one I/O thread in one turn.
struct LinkEventBatch {
    /// A range of `events` that are of one link: from the end of the run before to `end`.
    struct Run {
        transport::LinkId link;
        std::size_t end;
    };
    /// As Dialer::Failed.
    struct Failed {
        transport::LinkId link;
        std::string why;
        bool by_proxy = false;
    };
    std::vector<transport::LinkEvent> events;
    std::vector<Run> runs;
    /// The endpoint to which a dial led.
    struct Connected {
        transport::LinkId link;
        Endpoint endpoint;
    };
    std::vector<Connected> connected;  ///< dials that led elsewhere than to their target's endpoint
    std::vector<Failed> failed;        ///< dials
    std::size_t bytes = 0;             ///< approximate memory of the events, for batch_done()
    std::size_t source = 0;            ///< index of the I/O thread

    bool empty() const { return runs.empty() && connected.empty() && failed.empty(); }
};

/// A connection that a listener accepted and the node has not decided on.
struct Accepted {
    UniqueFd socket;
    Endpoint remote;
    std::size_t listener;  ///< index of the listener
};

/// A connection that the node admitted: a link is to be made of it.
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

/// Datagrams that came in on one UDP socket.
struct Received {
    DatagramBatch datagrams;
    std::size_t socket;  ///< index of its DatagramReader
};

/// All that waits for the node's thread.
struct NodeInputs {
    std::vector<LinkEventBatch> batches;
    std::vector<Accepted> accepted;
    std::vector<Received> received;
    std::vector<Job> finished;
    std::vector<std::move_only_function<void(Now)>> posted;
    Instant since = never;  ///< when the first of them came; never: there are none

    bool empty() const {
        return batches.empty() && accepted.empty() && received.empty() && finished.empty() &&
               posted.empty();
    }
};

}  // namespace parley::runtime
