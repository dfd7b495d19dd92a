// For tests: a stranger to the services of a Net, and what it finds in their answers.
#pragma once

#include <parley/discovery/discv5/test_speaker.hpp>

#include <doctest/doctest.h>

#include <vector>

namespace parley::discovery::discv5::testing {

/// No walks and no checks: only what a test asks for is on the way.
inline ServiceConfig quiet() {
    ServiceConfig config;
    config.walk_interval_min = std::chrono::hours{10};
    config.walk_interval_max = std::chrono::hours{10};
    config.table.check_heard_after = std::chrono::hours{10};
    config.table.check_retry = std::chrono::hours{10};
    config.table.check_interval_min = std::chrono::hours{10};
    config.table.check_interval_max = std::chrono::hours{10};
    return config;
}

struct Stranger : Speaker {
    Stranger(Net& network, std::uint64_t number)
        : Speaker(number, endpoint_of(static_cast<std::uint32_t>(number))), net(network) {}

    Buffer random_packet(const Net::Node& to, Nonce* nonce = nullptr) {
        return Speaker::random_packet(to.key.id(), nonce);
    }
    Buffer sealed(const Net::Node& to, Bytes plain) { return Speaker::sealed(to.key.id(), plain); }
    Buffer handshake(const Net::Node& to, Bytes challenge_packet, Bytes plain, bool tell = true) {
        return Speaker::handshake(to.key.id(), challenge_packet, plain, tell);
    }
    /// Sends and delivers; what came back to `from`, in order.
    std::vector<Buffer> send(const Net::Node& to, Bytes packet, const Endpoint& from) {
        net.strays.clear();
        net.send(from, to.endpoint, packet);
        net.settle();
        std::vector<Buffer> out;
        for (auto& [where, bytes] : net.strays) {
            if (where == from) out.push_back(bytes);
        }
        return out;
    }
    std::vector<Buffer> send(const Net::Node& to, Bytes packet) {
        return send(to, packet, endpoint);
    }
    /// A handshake for a challenge that was not seen.
    Buffer blind_handshake(const Net::Node& to) {
        return handshake(to, mask_packet(id, encode_challenge({}, {}, {})), encode(Ping{{}, 1}));
    }
    /// Makes a session with a first message; the plain answers to it.
    std::vector<Buffer> greet(const Net::Node& to, Bytes plain) {
        const auto challenge = send(to, random_packet(to));
        REQUIRE(challenge.size() == 1);
        return opened(send(to, handshake(to, challenge[0], plain)));
    }
    std::vector<Buffer> ask(const Net::Node& to, Bytes plain) {
        return opened(send(to, sealed(to, plain)));
    }
    std::vector<Buffer> opened(const std::vector<Buffer>& packets) const {
        std::vector<Buffer> out;
        for (const auto& bytes : packets) {
            if (auto plain = Speaker::opened(bytes)) out.push_back(std::move(*plain));
        }
        return out;
    }

    Net& net;
};

/// A PING of one is answered by the other before time passes.
inline bool pings(Net& net, Net::Node& from, const Contact& to) {
    bool answered = false;
    from.service.ping(net.now(), to, [&](Now, auto outcome) { answered = bool(outcome); });
    net.settle();
    return answered;
}

template <class Kind>
Kind only(const std::vector<Buffer>& plains) {
    REQUIRE(plains.size() == 1);
    const auto message = decode_message(plains[0]);
    REQUIRE(message);
    REQUIRE(std::holds_alternative<Kind>(*message));
    return std::get<Kind>(*message);
}

}  // namespace parley::discovery::discv5::testing
