// withhold, spam, waste and credit_abuse: what an accepted peer can do to the others' modules.
#include <parley/chain/txpool/messages.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/sim/attacks/attack_rewriter.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace parley::sim {

using namespace transport;

namespace {

constexpr std::string_view tx_topic_name = "tx";

// --- Withhold --------------------------------------------------------------------------------

class WithholdActor final : public Rewriter {
public:
    WithholdActor(HostId host, std::size_t index, Rng rng, NothingShared&)
        : Rewriter(host, index, rng) {}

private:
    /// It delivers for so long, and fast, until others have made it a branch of their trees.
    static constexpr Duration trusted_for = 15s;

    void started() override {
        every(3s, [this] { dial_victim(); });
    }
    /// What should go whole is announced instead, also when it was asked for.
    bool on_send(Now, LinkId, std::string_view topic, Send& send) override {
        if (topic != tx_topic_name || send.code != chain::tx_topic::payload) return true;
        if (world().now().instant < begun_at() + trusted_for) return true;
        const auto hash = crypto::keccak256(send.message);
        send.code = chain::tx_topic::announce;
        send.message = chain::tx_topic::encode_hashes({hash});
        return true;
    }
};

// --- Spam ------------------------------------------------------------------------------------

enum class SpamStyle : std::uint8_t { cheap, badly_signed, malformed };
constexpr std::uint64_t spam_styles = 3;

/// Signed transactions at almost no price, from a few accounts.
class CheapTransactions {
public:
    explicit CheapTransactions(std::uint64_t seed) : seed_(seed) {}
    std::uint64_t seed() const { return seed_; }

    /// The next one; over and over from the first.
    SharedBytes next(std::uint64_t chain_id) {
        if (made_.size() < made_max) {
            const auto n = made_.size();
            auto tx = chain::testing::transfer(n / accounts, 1 + n % 100);
            tx.chain_id = chain_id;
            made_.push_back(
                chain::testing::sign(tx, chain::testing::secret_of(seed_ + n % accounts)).raw);
        }
        return made_[next_++ % made_max];
    }

private:
    static constexpr std::size_t made_max = 4000;
    static constexpr std::size_t accounts = 50;

    std::uint64_t seed_;
    std::vector<SharedBytes> made_;
    std::size_t next_ = 0;
};

class SpamActor final : public Rewriter {
public:
    SpamActor(HostId host, std::size_t index, Rng rng, CheapTransactions& cheap)
        : Rewriter(host, index, rng),
          cheap_(cheap),
          style_(static_cast<SpamStyle>((index + cheap.seed()) % spam_styles)) {}

private:
    static constexpr std::size_t burst = 10;

    void started() override {
        every(3s, [this] { dial_victim(); });
        every(200ms, [this] {
            for (std::size_t i = 0; i < burst; ++i) {
                send_to_all(tx_topic_name, chain::tx_topic::payload, next());
            }
        });
    }
    SharedBytes next() {
        if (style_ == SpamStyle::malformed) {
            return SharedBytes::own(random_bytes(1 + rng().below(500)));
        }
        auto raw = cheap_.next(node().chain().config().id);
        if (style_ == SpamStyle::cheap) return raw;
        auto bytes = to_buffer(raw);
        // At the end are a header and 32 bytes of r, a header and 32 bytes of s. Another r fits
        // another key half the time, and else none.
        bytes[bytes.size() - 34 - rng().below(30)] ^= std::byte{1};
        return SharedBytes::own(std::move(bytes));
    }

    CheapTransactions& cheap_;
    SpamStyle style_;
};

// --- Waste -----------------------------------------------------------------------------------

enum class WasteStyle : std::uint8_t { small, large, announcements, answers, twice };
constexpr std::uint64_t waste_styles = 5;

class WasteActor final : public Rewriter {
public:
    WasteActor(HostId host, std::size_t index, Rng rng, NothingShared&)
        : Rewriter(host, index, rng), style_(static_cast<WasteStyle>(index % waste_styles)) {}

private:
    static constexpr std::size_t large_bytes = 120'000;
    static constexpr std::size_t hashes_max = 1024;

    void started() override {
        every(3s, [this] { dial_victim(); });
        every(20ms, [this] { flood(); });
    }
    void flood() {
        switch (style_) {
            case WasteStyle::small:
                return send(400, chain::tx_topic::payload, transaction(0));
            case WasteStyle::large:
                return send(10, chain::tx_topic::payload, transaction(large_bytes));
            case WasteStyle::announcements: {
                std::vector<Hash256> known;
                for (const auto* entry : node().pool().page(hashes_max)) {
                    known.push_back(entry->hash);
                }
                if (known.empty()) return;
                return send(100, chain::tx_topic::announce, chain::tx_topic::encode_hashes(known));
            }
            case WasteStyle::answers:
                return send(5, chain::tx_topic::missing,
                            chain::tx_topic::encode_hashes(invented()));
            case WasteStyle::twice: {
                const Hash256 one{std::byte{1}};
                return send(1, chain::tx_topic::graft, chain::tx_topic::encode_hashes({one, one}));
            }
        }
    }
    /// The same one each time.
    const SharedBytes& transaction(std::size_t data_bytes) {
        if (transaction_.empty()) {
            auto tx = chain::testing::transfer(0);
            tx.data = SharedBytes::own(Buffer(data_bytes));
            tx.gas_limit += 4 * data_bytes;
            tx.chain_id = node().chain().config().id;
            transaction_ =
                chain::testing::sign(tx, chain::testing::secret_of(5'000'000 + host())).raw;
        }
        return transaction_;
    }
    std::vector<Hash256> invented() {
        std::vector<Hash256> out(hashes_max);
        for (auto& hash : out) std::ranges::copy(random_bytes(hash.size()), hash.begin());
        return out;
    }
    void send(std::size_t times, Code code, const SharedBytes& message) {
        const NodeId to = network().id(victim());
        world().call(host(), [&](p2p::NodeCore& core, Now) {
            for (std::size_t i = 0; i < times; ++i) {
                core.links().broadcast(tx_topic_name, code, message,
                                       [&](const PeerView& peer) { return peer.id != to; });
            }
        });
    }

    WasteStyle style_;
    SharedBytes transaction_;
};

// --- Credit ----------------------------------------------------------------------------------

class CreditActor final : public Rewriter {
public:
    CreditActor(HostId host, std::size_t index, Rng rng, NothingShared&)
        : Rewriter(host, index, rng), reads_(index % 2 == 0) {}

private:
    /// It needs this long to have its links; later it could not even read a handshake.
    static constexpr Duration reads_for = 10s;
    static constexpr std::uint64_t bytes_per_second = 1;

    void started() override {
        every(3s, [this] { dial_victim(); });
        if (reads_) return;
        world().later(reads_for, [this] { world().set_read_rate(host(), bytes_per_second); });
    }
    bool on_command(Now, LinkCommand& command) override {
        return !std::holds_alternative<Consumed>(command);
    }
    /// It wants everything whole from everybody, so that their lanes to it fill.
    bool on_send(Now, LinkId, std::string_view topic, Send& send) override {
        return topic != tx_topic_name || send.code != chain::tx_topic::prune;
    }

    bool reads_;
};

class CreditAttack final : public AttackOf<CreditActor, NothingShared> {
public:
    using AttackOf::AttackOf;
    /// Who reads nothing must not miss it.
    void configure(HostId, node::NodeConfig& config) override {
        config.p2p.heartbeat_timeout = std::chrono::hours{24};
    }
};

}  // namespace

std::unique_ptr<Attack> make_withhold(std::uint64_t seed) {
    return std::make_unique<AttackOf<WithholdActor, NothingShared>>(seed);
}

std::unique_ptr<Attack> make_spam(std::uint64_t seed) {
    return std::make_unique<AttackOf<SpamActor, CheapTransactions>>(seed);
}

std::unique_ptr<Attack> make_waste(std::uint64_t seed) {
    return std::make_unique<AttackOf<WasteActor, NothingShared>>(seed);
}

std::unique_ptr<Attack> make_credit_abuse(std::uint64_t seed) {
    return std::make_unique<CreditAttack>(seed);
}

}  // namespace parley::sim
