#include <parley/node/rpc/slow_reads.hpp>

#include <parley/chain/state/state_overlay.hpp>
#include <parley/node/rpc/state_way.hpp>

#include <utility>
#include <vector>

namespace parley::node {

namespace {

std::optional<rpc::Error> reading_failed(std::string why) {
    return rpc::Error{rpc::code::internal_error, std::move(why)};
}

}  // namespace

struct SlowReads::Reading {
    StateRead read;
    Hash256 head{};
    std::vector<chain::StateChanges> way;
    std::optional<rpc::Error> error = {};
    bool head_moved = false;

    void run(const chain::ChainHeader& now_head, const chain::State& state) {
        head_moved = now_head.hash != head;
        if (head_moved) return;
        if (way.empty()) return read.run({state, state, read.block, state});
        auto commit = chain::commit_state(state, state.root(), chain::join_changes(way));
        if (!commit) {
            error = reading_failed("the state cannot be read: " + message(commit.error()));
        } else if (commit->root != read.block.header.state_root) {
            error = reading_failed("the way to that state is broken");
        } else {
            const chain::StateOverlay overlay{state, std::move(*commit)};
            read.run({overlay, overlay, read.block, state});
        }
    }
};

rpc::Error node_is_busy() {
    return {rpc::code::refused, "the node is busy: try again"};
}

SlowReads::SlowReads(const EthLedger& chain)
    : chain_(chain), self_(std::make_shared<SlowReads*>(this)) {}

SlowReads::~SlowReads() {
    *self_ = nullptr;
}

void SlowReads::push(Now now, Read read) {
    waiting_.push_back(std::move(read));
    if (waiting_.size() > waiting_max) {
        auto refused = std::move(waiting_.back());
        waiting_.pop_back();
        return std::visit([&](auto& what) { what.done(now, node_is_busy()); }, refused);
    }
    pump(now);
}

void SlowReads::pump(Now now) {
    while (running_ < running_max && !waiting_.empty()) {
        auto read = std::move(waiting_.front());
        waiting_.pop_front();
        if (start(now, read)) continue;
        waiting_.push_front(std::move(read));
        // With none of ours under way, nothing would bring us back here.
        if (running_ == 0) fail_all(now);
        return;
    }
}

/// False: there is no room for a Job, and the read is as it was.
bool SlowReads::start(Now now, Read& read) {
    if (auto* log = std::get_if<LogRead>(&read)) return start(*log);
    return start(now, std::get<StateRead>(read));
}

bool SlowReads::start(LogRead& read) {
    if (chain_.jobs.full()) return false;
    const auto held = std::make_shared<LogRead>(std::move(read));
    const bool submitted = chain_.jobs.submit({[held] { held->run(); },
                                               [held, self = self_](Now at) {
                                                   if (!*self) return;
                                                   held->done(at, std::nullopt);
                                                   (*self)->end(at);
                                               }});
    if (submitted) ++running_;
    return submitted;
}

bool SlowReads::start(Now now, StateRead& read) {
    const auto way = StateWay::to(chain_.ledger, read.block);
    if (!way) {
        read.done(now, way.error());
        return true;
    }
    auto changes = way->changes();
    if (!changes) {
        read.done(now, rpc::Error{rpc::code::refused, "historical state " +
                                                          to_hex(read.block.header.state_root) +
                                                          " is not available"});
        return true;
    }
    const auto held = std::make_shared<Reading>(
        Reading{std::move(read), chain_.ledger.head().hash, std::move(*changes)});
    const auto done = [held, self = self_](Now at) {
        if (!*self) return;
        if (held->head_moved) {
            (*self)->waiting_.push_front(std::move(held->read));
        } else {
            held->read.done(at, held->error);
        }
        (*self)->end(at);
    };
    const bool taken = chain_.ledger.read_state(
        now, {[held](const chain::ChainHeader& head, const chain::ChainParts& parts) {
                  held->run(head, parts.state);
              },
              done});
    if (taken) {
        ++running_;
    } else {
        read = std::move(held->read);
    }
    return taken;
}

void SlowReads::end(Now now) {
    --running_;
    pump(now);
}

void SlowReads::fail_all(Now now) {
    for (auto& read : std::exchange(waiting_, {})) {
        std::visit([&](auto& what) { what.done(now, node_is_busy()); }, read);
    }
}

}  // namespace parley::node
