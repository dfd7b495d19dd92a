// PoolContent: the whole pool as JSON for txpool_content, without a stop of the node. A pool may
// hold a hundred thousand transactions: a page of them is looked at in a turn of the node, and made
// into text in a Job. Between pages the pool may change, so the reply is no picture of one moment.
//
// Bounds: one build at a time, whoever asks meanwhile shares the next one; a page in entries and
// bytes; the text in bytes. Askers are bounded by the connections and batches of RPC.
// Threading: the node's thread, Jobs apart.
#pragma once

#include <parley/base/jobs.hpp>
#include <parley/chain/txpool/relay.hpp>
#include <parley/rpc/method.hpp>

#include <cstddef>
#include <deque>
#include <memory>

namespace parley::node {

class PoolContent : public std::enable_shared_from_this<PoolContent> {
public:
    static constexpr std::size_t page_entries_max = 1000;
    static constexpr std::size_t page_bytes_max = std::size_t{1} << 20;  ///< of raw transactions

    /// `relay` outlives all Jobs, and is plugged into a network when ask() is called.
    explicit PoolContent(const chain::TxRelay& relay) : relay_(relay) {}

    /// `done` gets {pending, queued}: by sender, then by nonce; or reply_too_large; or why there is
    /// no room for a Job now.
    void ask(rpc::DoneText done);

private:
    struct Build;

    void begin();
    void take_page(const std::shared_ptr<Build>& build);
    void end(const std::shared_ptr<Build>& build);
    void fail(const std::shared_ptr<Build>& build, const rpc::Error& why);
    void submit(const std::shared_ptr<Build>& build, Job job);

    const chain::TxRelay& relay_;
    bool busy_ = false;
    std::deque<rpc::DoneText> waiting_;  // for the next build
};

}  // namespace parley::node
