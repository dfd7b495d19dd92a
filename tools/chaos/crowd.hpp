// Crowd: strangers that call one port of a node from many addresses, to keep others out.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/identity/endpoint.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <thread>
#include <vector>

namespace parley::chaos {

/// What each of them does once it is connected.
enum class CrowdHabit : std::uint8_t {
    stalls,  ///< says nothing, and stays
    leaves,  ///< resets the connection
    speaks,  ///< sends `words`, and stays
};

struct CrowdPlan {
    std::vector<IpAddress> from;  ///< by turns
    Endpoint to;
    CrowdHabit habit = CrowdHabit::stalls;
    Buffer words = {};
    double per_second = 0;  ///< 0: as fast as this machine can
};

/// Calls on a thread of its own, from the making to the end of the object.
class Crowd {
public:
    /// Connections that it keeps open; the oldest is left for a new one.
    static constexpr std::size_t open_max = 2000;

    /// In that network namespace.
    Crowd(CrowdPlan plan, int space);
    ~Crowd();
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;

    /// Connections that were begun.
    std::uint64_t calls() const { return calls_; }
    /// Those of them that the node was seen to end.
    std::uint64_t turned_away() const { return turned_away_; }

private:
    void run(int space);

    CrowdPlan plan_;
    std::atomic<std::uint64_t> calls_ = 0;
    std::atomic<std::uint64_t> turned_away_ = 0;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

}  // namespace parley::chaos
