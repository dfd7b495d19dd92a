// Session: a connection that can be told what it did not ask for, as a method sees it: a
// subscription holds it and sends notifications for as long as the connection lasts.
//
//     if (!call.session) return std::unexpected{rpc::notifications_unsupported()};
//     call.session->hold_until_replied();
//     subscribers.push_back(call.session);  // each is notified until it has_ended()
//
// Bounded by whoever carries the notifications. Threading: see each function.
#pragma once

#include <parley/rpc/origin.hpp>

#include <memory>
#include <string>
#include <utility>

namespace parley::rpc {

class Session {
public:
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    virtual ~Session() = default;

    /// Sends a JSON text, in order with replies, or drops it if the connection has ended. Never
    /// waits. Who does not read keeps what there is room for; from the first text without room on,
    /// all are counted and dropped, and the connection is told how many, and ended. Any thread.
    virtual void notify(std::string text) = 0;
    /// What is sent from now on arrives after the reply to the request under way. During a call.
    virtual void hold_until_replied() = 0;
    /// Nothing that is sent arrives any more. Any thread.
    virtual bool has_ended() const = 0;
};

/// Who asks.
struct Caller {
    Origin origin{};
    std::shared_ptr<Session> session = {};  ///< null: cannot be notified, as over plain HTTP
};

}  // namespace parley::rpc
