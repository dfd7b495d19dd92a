// LoopbackSocket: one UDP socket that speaks from many addresses of 127.0.0.0/8 to one peer, as
// many nodes on as many machines would.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/runtime/io/unique_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace parley::interop {

class LoopbackSocket {
public:
    static constexpr std::uint32_t addresses_max = 1 << 16;

    /// Throws std::runtime_error.
    explicit LoopbackSocket(const Endpoint& peer);
    ~LoopbackSocket();

    /// Where address `index` is, below addresses_max.
    Endpoint endpoint(std::uint32_t index) const;
    /// Queues a datagram from that address to the peer. Precondition: at most 1500 bytes.
    void send(std::uint32_t index, Bytes datagram);
    /// Sends what is queued, waits for datagrams and passes on those that came. False: none came
    /// in time.
    using OnDatagram = std::function<void(std::uint32_t index, Bytes datagram)>;
    bool exchange(Duration patience, const OnDatagram& on_datagram);

private:
    struct Batch;
    void flush();

    runtime::UniqueFd fd_;
    std::uint16_t port_ = 0;
    std::unique_ptr<Batch> in_, out_;
};

}  // namespace parley::interop
