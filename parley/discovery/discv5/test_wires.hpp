// For tests: a node of Node Discovery v5.1 that is a Wire alone; the test does by hand what a
// Service does with it.
#pragma once

#include <parley/discovery/discv5/test_services.hpp>
#include <parley/discovery/discv5/wire.hpp>

#include <map>
#include <utility>
#include <variant>
#include <vector>

namespace parley::discovery::discv5::testing {

struct WireEnd {
    explicit WireEnd(std::uint32_t number, const WireConfig& config = {})
        : WireEnd(number, config, endpoint_of(number)) {}
    WireEnd(std::uint32_t number, const WireConfig& config, const Endpoint& at)
        : entropy(number),
          key(key_of(number)),
          endpoint(at),
          rng(number),
          wire(
              config, key, record_of(key, endpoint), entropy,
              [this](const Id& id) {
                  const auto found = known.find(id);
                  return found == known.end() ? nullptr : &found->second;
              },
              rng) {}

    Contact contact() const { return *Contact::of(wire.record()); }
    Remote remote() const { return Remote::of(wire.id(), endpoint); }
    /// The datagrams that it sent since the last call.
    std::vector<Buffer> sent() {
        std::vector<Buffer> out;
        for (std::size_t i = 0; i < wire.outbox().size(); ++i) {
            out.push_back(to_buffer(wire.outbox()[i]));
        }
        wire.outbox().clear();
        return out;
    }
    /// Takes datagrams of another end; what became of the last one.
    Wire::Incoming receive(Now now, const WireEnd& from, const std::vector<Buffer>& datagrams) {
        Wire::Incoming last;
        for (const auto& bytes : datagrams) last = wire.receive(now, from.endpoint, bytes);
        return last;
    }

    SeededEntropy entropy;
    NodeKey key;
    Endpoint endpoint;
    Rng rng;
    std::map<Id, Contact> known;  // nodes whose records challenges name
    Wire wire;
};

/// A handshake of `from` with a plain message; what the wire of `to` makes of it.
inline Wire::Incoming greet(Now now, WireEnd& from, WireEnd& to, Bytes plain) {
    from.wire.send_request(now, to.contact(), plain);
    to.receive(now, from, from.sent());
    const auto challenge = from.receive(now, to, to.sent());
    if (const auto* asked = std::get_if<Wire::Challenged>(&challenge)) {
        from.wire.send_handshake(to.contact(), *asked, plain);
    }
    return to.receive(now, from, from.sent());
}

}  // namespace parley::discovery::discv5::testing
