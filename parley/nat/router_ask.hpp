// RouterAsk: one MappingRequest that is carried out by datagrams, from the first one to the result,
// without the socket: output() on time and whenever a datagram came, until there is a result().
// Each datagram is sent again after waits that double. What is the same for NAT-PMP and PCP.
// Threading: one thread at a time.
#pragma once

#include <parley/base/time.hpp>
#include <parley/nat/mapping.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace parley::nat {

/// Of the router, UDP: NAT-PMP and PCP share it.
inline constexpr std::uint16_t router_port = 5351;

class RouterAsk {
public:
    /// Waits are 250 ms, 500 ms, ... 4 s.
    static constexpr Duration first_wait = 250ms;
    static constexpr unsigned sends_max = 5;  ///< of each question

    /// The system reports that the router does not take datagrams there: no_answer at once.
    void on_unreachable(const std::string& why);
    /// When to call output() again; `never` once there is a result.
    Instant next_wakeup() const { return result_ ? never : send_at_; }
    /// Nothing until the end.
    const std::optional<MappingResult>& result() const { return result_; }

protected:
    explicit RouterAsk(const MappingRequest& request) : request_(request) {}
    ~RouterAsk() = default;
    RouterAsk(const RouterAsk&) = default;
    RouterAsk& operator=(const RouterAsk&) = default;

    const MappingRequest& request() const { return request_; }
    /// The lifetime to put into a datagram. For ever is not known there: the longest time instead.
    std::uint32_t wanted_seconds() const;
    /// The question is to be sent now. After the last time it ends.
    bool is_due(Now now);
    /// Another question follows, with tries of its own.
    void next_question();
    /// A datagram makes no sense, which is told at the end: any machine can forge one.
    void on_nonsense(std::string why) { nonsense_ = std::move(why); }
    void succeed_with(const Mapping& mapping) { result_ = MappingResult{mapping}; }
    void fail_with(MappingErrc code, std::string why);

private:
    MappingRequest request_;
    Instant send_at_ = Instant::min();
    unsigned sends_ = 0;
    std::optional<std::string> nonsense_;
    std::optional<MappingResult> result_;
};

}  // namespace parley::nat
