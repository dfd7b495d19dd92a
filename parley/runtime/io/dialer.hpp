// Dialer: turns targets into connected sockets. A dial resolves the target's name, tries its
// addresses one after the other, and asks a SOCKS5 proxy for the connection if one is configured.
// It ends in one outcome, a socket or the reason why there is none; what the socket is used for is
// the caller's business.
//
//     Dialer dialer{poller, config};
//     dialer.dial(now, {link, target, identity});
//     poller.wait(dialer.next_wakeup());
//     dialer.on_timer(now);
//     for (auto& outcome : dialer.take_outcomes()) use(outcome);  // Connected or Failed
//
// Bounds: a dial is over within connect_timeout, or proxy_timeout where there is a proxy; one by
// name gets connect_timeout once more for the name. An address gets an equal share of the time
// that is left, so that one that does not answer cannot use up the others'. The number of dials is
// bounded by the caller's slots, that of the addresses of one by Resolver::addresses_max.
//
// Threading: all calls on the poller's thread. The poller does not run any more once the dialer is
// gone.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/runtime/io/poller.hpp>
#include <parley/runtime/io/resolver.hpp>
#include <parley/runtime/io/timer_heap.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/transport/link/link.hpp>
#include <parley/transport/proxy/socks5.hpp>
#include <parley/transport/types.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace parley::runtime {

/// Deadlines and the ways out of a Dialer.
struct DialerConfig {
    Duration connect_timeout = 5s;
    Resolver* resolver = nullptr;  ///< for targets with a name, unless a proxy resolves them
    std::optional<transport::Proxy> proxy = {};  ///< for all dials
    Duration proxy_timeout = 15s;  ///< instead of connect_timeout; includes the exchange with it
};

class Dialer {
public:
    /// A dial to make.
    struct Request {
        transport::LinkId link;  ///< names the dial; never used again
        Target target;
        /// Carried along for the link that the caller makes of the socket.
        std::shared_ptr<const transport::LinkIdentity> identity = {};
    };
    /// The outcome of a dial that succeeded.
    struct Connected {
        Request request;
        UniqueFd socket;  ///< does not block
        /// The one of the target's endpoints that answered. Where a proxy resolved the name it is
        /// the target's own.
        Endpoint endpoint;
    };
    /// The outcome of a dial that failed, or ran out of time.
    struct Failed {
        transport::LinkId link;
        std::string why;        ///< for people; what happened at each address that was tried
        bool by_proxy = false;  ///< the proxy is of no use as configured, whatever the target
    };
    using Outcome = std::variant<Connected, Failed>;

    /// The poller and the resolver outlive the dialer.
    Dialer(Poller& poller, DialerConfig config);
    ~Dialer();
    Dialer(const Dialer&) = delete;
    Dialer& operator=(const Dialer&) = delete;

    /// Begins a dial. Its outcome comes later, in any case.
    void dial(Now now, Request request);
    /// Ends the dial with the failure "given up". False if there is no such dial (any more).
    bool give_up(transport::LinkId link);
    /// Ends all dials and forgets outcomes that were not taken.
    void clear();

    /// When on_timer() has something to do; `never` without dials.
    Instant next_wakeup() const { return timers_.next(); }
    /// Ends dials that are overdue, or goes on with their next address.
    void on_timer(Now now);

    bool has_outcomes() const { return !outcomes_.empty(); }
    /// In the order in which the dials ended.
    std::vector<Outcome> take_outcomes();

    std::size_t dials() const { return dials_.size(); }  ///< under way

private:
    struct Dial;

    void resolve(Dial& dial);
    void resolved(Dial& dial, const Addresses& addresses);
    void try_next(Now now, Dial& dial);
    int connect(Dial& dial);
    void on_ready(Dial& dial);
    void attempted(Dial& dial, int error);
    void timed_out(Now now, Dial& dial);
    void attempt_failed(Now now, Dial& dial, std::string_view why);
    void proxy_failed(Now now, Dial& dial, std::string_view why, bool its_own);
    void talk_to_proxy(Dial& dial);
    Dial* find(transport::LinkId link);
    // The dial is gone afterwards.
    void succeed(Dial& dial);
    void fail(Dial& dial, std::string why, bool by_proxy = false);

    Poller& poller_;
    DialerConfig config_;
    TimerHeap timers_;
    std::unordered_map<transport::LinkId, std::unique_ptr<Dial>> dials_;
    std::vector<Outcome> outcomes_;
    std::optional<bool> works_v4_;  // the family that answered when the other one did not
};

}  // namespace parley::runtime
