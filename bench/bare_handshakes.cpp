#include "bare.hpp"
#include "sockets.hpp"
#include <parley/base/rng.hpp>
#include <parley/crypto/aead.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/crypto/x25519.hpp>
#include <parley/identity/node_key.hpp>

#include <poll.h>

#include <list>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace parley::bench {

namespace {

// The sizes of the link's M1, M2, M3 and its Ready frame.
constexpr std::size_t m1 = 88, m2 = 1747, m3 = 1681, ready = 31;

/// One side's public-key work and sealing, without a protocol around it.
class Side {
public:
    Side() : key_(NodeKey::generate(entropy_)), signature_(sign()) {}

    void generate() {
        ByteArray<32> secret;
        entropy_.fill(secret);
        ephemeral_.emplace(secret);
    }
    /// Both sides agree with a fixed point: the cost is the same.
    void agree_and_sign() {
        const crypto::X25519Public base{std::byte{9}};
        const auto shared = ephemeral_->agree(base);
        ByteArray<160> keys;
        crypto::hkdf_expand(crypto::hkdf_extract({}, *shared), {}, keys);
        signature_ = sign();
        crypt();
    }
    /// The proof of the handshake, and the node record in the Hello.
    void verify_twice() {
        crypt();
        for (int i = 0; i < 2; ++i) {
            if (!verify(key_.id(), Purpose::handshake_initiator, {bytes_of("proof")}, signature_)) {
                throw std::runtime_error{"verify failed"};
            }
        }
    }

private:
    crypto::Signature sign() {
        return key_.sign(Purpose::handshake_initiator, {bytes_of("proof")});
    }
    void crypt() {
        const ByteArray<32> secret{};
        crypto::AesGcm aes{crypto::AesGcm::Mode::seal, secret};
        ByteArray<16> tag;
        aes.seal(ByteArray<12>{}, {}, body_, body_, tag);
    }

    SeededEntropy entropy_{1};
    NodeKey key_;
    crypto::Signature signature_;
    std::optional<crypto::X25519Key> ephemeral_;
    Buffer body_ = Buffer(1665);
};

struct Call {
    explicit Call(Socket s) : socket(std::move(s)) {}
    Socket socket;
    int step = 0;
};

void wait(std::list<Call>& calls, std::vector<pollfd>& polled, int listener) {
    polled.clear();
    if (listener >= 0) polled.push_back({listener, POLLIN, 0});
    for (const auto& call : calls) polled.push_back({call.socket.fd(), POLLIN, 0});
    poll(polled.data(), polled.size(), -1);
}

}  // namespace

double bare_handshakes(std::uint64_t count) {
    Listener listener;
    PeerProcess peer{{"bare-handshakes", std::to_string(listener.port()), std::to_string(count)}};
    Side side;
    Buffer buffer(m2);
    std::list<Call> calls;
    std::vector<pollfd> polled;
    double start = 0;
    for (std::uint64_t done = 0; done < count;) {
        wait(calls, polled, listener.fd());
        std::size_t i = 1;
        for (auto call = calls.begin(); call != calls.end(); ++i) {
            const auto here = call++;
            if (polled[i].revents == 0) continue;
            if (here->step++ == 0) {
                here->socket.read_all(MutableBytes{buffer}.first(m1));
                side.generate();
                side.agree_and_sign();
                here->socket.write_all(Bytes{buffer}.first(m2));
            } else {
                here->socket.read_all(MutableBytes{buffer}.first(m3));
                side.verify_twice();
                here->socket.write_all(Bytes{buffer}.first(ready));
                calls.erase(here);
                ++done;
            }
        }
        if (polled[0].revents != 0) {
            calls.emplace_back(listener.accept());
            if (start == 0) start = seconds_now();
        }
    }
    return static_cast<double>(count) / (seconds_now() - start);
}

int bare_handshake_dialer(const std::vector<std::string>& arguments) {
    const auto port = static_cast<std::uint16_t>(std::stoul(arguments.at(0)));
    const auto count = std::stoull(arguments.at(1));
    Side side;
    Buffer buffer(m2);
    std::list<Call> calls;
    std::vector<pollfd> polled;
    std::uint64_t dialed = 0;
    for (std::uint64_t done = 0; done < count;) {
        while (calls.size() < parallel_handshakes && dialed < count) {
            calls.emplace_back(connect_to(port));
            side.generate();
            calls.back().socket.write_all(Bytes{buffer}.first(m1));
            ++dialed;
        }
        wait(calls, polled, -1);
        std::size_t i = 0;
        for (auto call = calls.begin(); call != calls.end(); ++i) {
            const auto here = call++;
            if (polled[i].revents == 0) continue;
            if (here->step++ == 0) {
                here->socket.read_all(MutableBytes{buffer}.first(m2));
                side.agree_and_sign();
                side.verify_twice();
                here->socket.write_all(Bytes{buffer}.first(m3));
            } else {
                here->socket.read_all(MutableBytes{buffer}.first(ready));
                calls.erase(here);
                ++done;
            }
        }
    }
    return 0;
}

}  // namespace parley::bench
