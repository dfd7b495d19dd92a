// WireSession: a dialer that makes its frames by hand. The handshake is the real one, so that its
// frames count as those of an authenticated node; their content may be anything.
// Threading: one thread.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/rng.hpp>
#include <parley/transport/handshake/handshake.hpp>
#include <parley/transport/handshake/hello_check.hpp>
#include <parley/transport/link/chunk.hpp>
#include <parley/transport/link/frame.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace parley::sim {

class WireSession {
public:
    /// `key` outlives it. `hello` is sent as its own.
    WireSession(const NodeKey& key, transport::Hello hello, const NodeId& target,
                EntropySource& entropy);

    /// The first message of the handshake, to be sent first; once.
    ByteArray<transport::m1_bytes> m1() { return initiator_.write_m1(); }
    /// Takes received bytes. Returns the answer: M3 once M2 is complete, else nothing.
    Buffer on_bytes(Bytes bytes);
    /// The peer has accepted the link (or said Goodbye): frames may be sent.
    bool open() const { return open_; }
    /// The topics that both have, in the order of their lanes, from lane 1. Known when open().
    const std::vector<transport::CommonTopic>& topics() const { return topics_; }
    /// Precondition: open(). `msg` is 1 to 65,536 bytes: chunks, or anything.
    Buffer frame(Bytes msg);

private:
    transport::Initiator initiator_;
    transport::Hello hello_;
    Buffer m2_;
    std::optional<transport::FrameSealer> sealer_;
    std::vector<transport::CommonTopic> topics_;
    bool failed_ = false;
    bool open_ = false;
};

/// The bytes of a chunk with these header fields, whether or not they are true.
Buffer raw_chunk(transport::LaneId lane, unsigned flags, transport::Code code, std::uint32_t total,
                 Bytes bytes);

}  // namespace parley::sim
