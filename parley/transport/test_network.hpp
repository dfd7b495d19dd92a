// For tests of modules alone: a network without links, whose jobs and events the test handles.
#pragma once

#include <parley/identity/node_id.hpp>
#include <parley/transport/module.hpp>

namespace parley::transport::test {

struct TestNetwork final : Network {
    BroadcastResult broadcast(std::string_view, Code, const SharedBytes&,
                              const PeerPredicate&) override {
        return {};
    }
    JobQueue& jobs() override { return queue; }
    Hub& hub() override { return events; }
    Log& log() override { return no_log(); }
    Now now() const override { return time; }
    const NodeId& id() const override { return self; }

    JobQueue queue{8};
    Hub events;
    Now time;
    NodeId self{};
};

}  // namespace parley::transport::test
