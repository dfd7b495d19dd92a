#include "consensus.hpp"
#include "sockets.hpp"
#include <parley/chain/consensus/qbft/messages.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/crypto/hash.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace parley::bench {
namespace {

namespace qbft = chain::qbft;

constexpr std::size_t rounds = 20;
constexpr std::size_t quorum = 3;
/// Of a prepare and a commit with its seal; a proposal without transactions is some 700.
constexpr std::size_t message_bytes = 240;
constexpr std::size_t proposal_bytes = 800;
/// As far apart as blocks, so that caches are as cold.
constexpr auto round_each = std::chrono::seconds{1};

enum Kind : std::uint8_t { proposal, prepare, commit };

/// One of the validators, each connected with each, on blocking sockets.
class BareValidator {
public:
    BareValidator(std::size_t index, std::vector<Socket> peers)
        : secret_(chain::testing::secret_of(index)), peers_(std::move(peers)) {}

    /// Microseconds until it is final, on the side that proposes.
    double propose() {
        const double start = seconds_now();
        begin();
        say(proposal, 1);
        say(prepare, 1);
        ++prepares_;
        run();
        return (seconds_now() - start) * 1e6;
    }
    void follow() {
        begin();
        run();
    }

private:
    void begin() {
        ++round_;
        prepares_ = commits_ = 0;
    }
    /// With so many signatures.
    void say(Kind kind, int signatures) {
        Buffer bytes(kind == proposal ? proposal_bytes : message_bytes);
        bytes[0] = static_cast<std::byte>(kind);
        bytes[1] = std::byte{round_};
        for (int i = 0; i < signatures; ++i) {
            const auto seal = qbft::seal_with(secret_, crypto::keccak256(bytes));
            std::ranges::copy(seal, bytes.begin() + 10 + i * 65);
        }
        for (auto& peer : peers_) peer.write_all(bytes);
    }
    void run() {
        bool committed = false;
        while (commits_ < quorum) {
            const auto kind = hear();
            if (!kind) continue;  // of the round before
            if (*kind == proposal) say(prepare, 1);
            if (*kind != commit) ++prepares_;  // its own, for the proposal
            if (*kind == commit) ++commits_;
            if (committed || prepares_ < quorum) continue;
            committed = true;
            ++commits_;
            say(commit, 2);
        }
    }
    /// The next message of anybody, its signatures recovered.
    std::optional<Kind> hear() {
        std::vector<pollfd> wanted;
        for (const auto& peer : peers_) wanted.push_back({peer.fd(), POLLIN, 0});
        if (::poll(wanted.data(), wanted.size(), 30'000) <= 0) {
            throw std::runtime_error{"nobody says anything"};
        }
        const auto ready =
            std::ranges::find_if(wanted, [](const pollfd& one) { return one.revents != 0; });
        auto& peer = peers_[static_cast<std::size_t>(ready - wanted.begin())];
        Buffer bytes(message_bytes);
        peer.read_all(bytes);
        const auto kind = static_cast<Kind>(bytes[0]);
        if (kind == proposal) {
            bytes.resize(proposal_bytes);
            peer.read_all(MutableBytes{bytes}.subspan(message_bytes));
        }
        const int signatures = kind == commit ? 2 : 1;
        for (int i = 0; i < signatures; ++i) {
            (void)qbft::signer_of(crypto::keccak256(bytes), seal_);
        }
        if (bytes[1] != std::byte{round_}) return std::nullopt;
        return kind;
    }

    ByteArray<32> secret_;
    std::vector<Socket> peers_;
    std::uint8_t round_ = 0;
    std::size_t prepares_ = 0, commits_ = 0;
    qbft::Seal seal_ = qbft::seal_with(chain::testing::secret_of(9), {});
};

}  // namespace

/// Arguments: its index, and the ports of those before it. Prints its port; validator 0 proposes
/// and prints each round's microseconds.
int bare_consensus_validator(const std::vector<std::string>& arguments) {
    const auto index = static_cast<std::size_t>(std::stoul(arguments.at(0)));
    Listener listener;
    fmt::print("{}\n", listener.port());
    std::fflush(stdout);
    std::vector<Socket> peers;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        peers.push_back(connect_to(static_cast<std::uint16_t>(std::stoul(arguments[i]))));
    }
    while (peers.size() + 1 < bench_validators) peers.push_back(listener.accept());
    BareValidator self{index, std::move(peers)};
    for (std::size_t round = 0; round < rounds; ++round) {
        if (index > 0) {
            self.follow();
            continue;
        }
        std::this_thread::sleep_for(round_each);
        fmt::print("{:.0f}\n", self.propose());
        std::fflush(stdout);
    }
    ::pause();  // others may still be in the last round
    return 0;
}

double bare_consensus() {
    std::vector<std::unique_ptr<PeerProcess>> validators;
    std::vector<std::string> ports;
    for (std::size_t i = 0; i < bench_validators; ++i) {
        std::vector<std::string> arguments{"bare-consensus", std::to_string(i)};
        std::ranges::copy(ports, std::back_inserter(arguments));
        validators.push_back(std::make_unique<PeerProcess>(arguments));
        ports.push_back(validators.back()->read_line());
    }
    std::vector<double> times;
    for (std::size_t i = 0; i < rounds; ++i) times.push_back(std::stod(validators[0]->read_line()));
    std::ranges::sort(times);
    return times[times.size() / 2];
}

}  // namespace parley::bench
