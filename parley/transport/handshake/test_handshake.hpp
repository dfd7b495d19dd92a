// What the tests of Hello and of the handshake share.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/rng.hpp>
#include <parley/identity/enr.hpp>
#include <parley/identity/node_key.hpp>
#include <parley/transport/handshake/handshake_core.hpp>
#include <parley/transport/handshake/hello_check.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace parley::transport::testing {

/// Hands out bytes that were written down before.
class ScriptedEntropy final : public EntropySource {
public:
    explicit ScriptedEntropy(Buffer script) : rest_(std::move(script)) {}
    void fill(MutableBytes out) override {
        if (out.size() > rest_.size()) throw std::out_of_range("the script is over");
        for (auto& b : out) {
            b = rest_.front();
            rest_.erase(rest_.begin());
        }
    }

private:
    Buffer rest_;
};

inline NodeKey key_of(std::uint64_t seed) {
    SeededEntropy entropy{seed};
    return NodeKey::generate(entropy);
}

inline Enr record_of(const NodeKey& key) {
    return EnrBuilder{1}.tcp(30303).sign(key).value();
}

inline Hello hello_of(const NodeKey& key) {
    Hello hello{record_of(key)};
    hello.client = "parley/0.1.0/test";
    hello.network_id = 7;
    hello.fork = fork_id(ForkRules{});
    hello.roles = role::full;
    hello.topics = {{"chat", 1, 65536, 4096}, {"tx", 2, 1 << 20, 1 << 18}};
    return hello;
}

/// The two ends of one handshake, with what each has said so far.
struct Pair {
    NodeKey key_i = key_of(1), key_r = key_of(2);
    Hello hello_i = hello_of(key_i), hello_r = hello_of(key_r);
    VersionRange versions_i, versions_r;
    SeededEntropy entropy{3};

    Initiator initiator() {
        return {key_i, key_r.id(), encode_hello(hello_i), versions_i, entropy};
    }
    Responder responder() { return {key_r, encode_hello(hello_r), versions_r, entropy}; }
};

/// 32 times the same byte.
inline ByteArray<32> bytes32(int value) {
    ByteArray<32> out;
    out.fill(static_cast<std::byte>(value));
    return out;
}

/// The Hello of docs/formats/hello.md, said by `key`.
inline Hello published_hello(const NodeKey& key) {
    Hello hello{EnrBuilder{1}
                    .ip(IpAddress::v4({std::byte{127}, {}, {}, std::byte{1}}))
                    .tcp(30303)
                    .sign(key)
                    .value()};
    hello.client = "parley/0.1.0/linux";
    hello.network_id = 7;
    hello.genesis = bytes32(0xaa);
    hello.fork = {{std::byte{0xfc}, std::byte{0x64}, std::byte{0xec}, std::byte{0x04}}, 1150000};
    hello.roles = role::full | role::validator;
    hello.services = service::light_nodes | service::blocks;
    hello.topics = {{"chat", 1, 65536, 4096}, {"tx", 2, 1048576, 262144}};
    return hello;
}

}  // namespace parley::transport::testing
