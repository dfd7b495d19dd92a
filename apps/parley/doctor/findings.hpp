// parley_findings: what `parley doctor` would find, for whoever asks a running node over RPC.
#pragma once

#include <parley/rpc/method.hpp>
#include <parley/runtime/node_host.hpp>

namespace parley::app {

/// Bounds: one examination at a time, in a Job, at most each 30 seconds; whoever asks in between
/// gets the last one's findings. It sends nothing to other nodes. `host` outlives the method.
rpc::Method findings_method(runtime::NodeHost& host);

}  // namespace parley::app
