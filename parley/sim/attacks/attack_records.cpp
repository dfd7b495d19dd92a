// forged_records, address_flood and sybil: lies about who else there is.
#include <parley/discovery/pex/pex.hpp>
#include <parley/discovery/pex/pex_messages.hpp>
#include <parley/sim/attacks/attack_rewriter.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace parley::sim {

using namespace transport;
using discovery::pex_records_max;

namespace {

constexpr std::uint16_t port = 30770;

/// Replaces an answer to GetPeers. Other messages of the topic stay.
void answer_with(Send& send, const std::vector<Bytes>& records) {
    if (send.code != discovery::pex_peers) return;
    const auto honest = discovery::decode_peers(send.message);
    if (!honest) return;
    send.message = SharedBytes::own(discovery::encode_peers(honest->request, records));
}

std::vector<Bytes> raw_of(const std::vector<Enr>& records) {
    std::vector<Bytes> out;
    for (const auto& record : records) out.push_back(record.raw());
    return out;
}

/// A record that verifies, of somebody who is not there.
Enr make_record(EntropySource& entropy, const Endpoint& endpoint,
                const std::optional<ParleyEntry>& entry) {
    EnrBuilder builder{1};
    builder.ip(endpoint.address).tcp(endpoint.port);
    if (entry) builder.parley(*entry);
    return builder.sign(NodeKey::generate(entropy)).value();
}

IpAddress v4(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
    return IpAddress::v4({static_cast<std::byte>(a), static_cast<std::byte>(b),
                          static_cast<std::byte>(c), static_cast<std::byte>(d)});
}

// --- Forged records --------------------------------------------------------------------------

/// What the forgers know and make, made when it is first needed.
class Forgeries {
public:
    explicit Forgeries(std::uint64_t seed) : entropy_(seed ^ 0x666f7267ULL) {}

    /// The first record of a node that any of them met is kept: later it is old.
    void met(const Enr& record) {
        if (first_met_.size() < met_max) first_met_.emplace(record.id(), record);
    }
    std::vector<Bytes> old_ones() const {
        std::vector<Bytes> out;
        for (const auto& [id, record] : first_met_) {
            if (out.size() < pex_records_max) out.push_back(record.raw());
        }
        return out;
    }
    std::vector<Enr> old_records(std::size_t count) const {
        std::vector<Enr> out;
        for (const auto& [id, record] : first_met_) {
            if (out.size() < count) out.push_back(record);
        }
        return out;
    }
    /// Records of nodes that were met, with another address in them; their signatures do not fit.
    std::vector<Buffer> broken_ones(const IpAddress& address) const {
        std::vector<Buffer> out;
        for (const auto& [id, record] : first_met_) {
            if (out.size() >= broken_max) break;
            Buffer raw = to_buffer(record.raw());
            const auto known = record.ip4();
            const auto at = known ? std::ranges::search(raw, known->bytes())
                                  : std::ranges::subrange(raw.end(), raw.end());
            if (at.empty()) {
                raw.back() ^= std::byte{1};
            } else {
                std::ranges::copy(address.bytes(), at.begin());
            }
            out.push_back(std::move(raw));
        }
        return out;
    }
    /// Well-formed records that are of no use: another network, none, addresses of nobody.
    const std::vector<Enr>& incompatibles(const ParleyEntry& ours) {
        if (!misfits_.empty()) return misfits_;
        auto other = ours;
        ++other.network_id;
        auto fork = ours;
        fork.fork_hash[0] ^= std::byte{1};
        const Endpoint somewhere{v4(70, 1, 0, 1), port};
        misfits_.push_back(make_record(entropy_, somewhere, other));
        misfits_.push_back(make_record(entropy_, somewhere, fork));
        misfits_.push_back(make_record(entropy_, somewhere, std::nullopt));
        for (const auto& address : {v4(10, 0, 0, 1), v4(127, 0, 0, 1), v4(192, 168, 1, 1),
                                    v4(169, 254, 0, 1), v4(224, 0, 0, 1), v4(0, 0, 0, 0)}) {
            misfits_.push_back(make_record(entropy_, {address, port}, ours));
        }
        misfits_.push_back(make_record(entropy_, {somewhere.address, 0}, ours));
        return misfits_;
    }

private:
    static constexpr std::size_t met_max = 256;
    static constexpr std::size_t broken_max = 4;

    SeededEntropy entropy_;
    std::map<NodeId, Enr> first_met_;
    std::vector<Enr> misfits_;
};

class ForgeActor final : public Rewriter {
public:
    ForgeActor(HostId host, std::size_t index, Rng rng, Forgeries& forgeries)
        : Rewriter(host, index, rng), forgeries_(forgeries) {}

private:
    void started() override {
        every(3s, [this] { dial_victim(); });
        every(5s, [this] { look_around(); });
    }
    void on_authenticated(Now, const Authenticated& authenticated) override {
        forgeries_.met(authenticated.hello.record);
    }
    void look_around() {
        const auto& book = node().book();
        for (std::size_t i = 0; i < book.size(); ++i) {
            const auto record = Enr::decode_verified(book.nth(i).record.raw());
            if (record) forgeries_.met(*record);
        }
    }

    bool on_send(Now, LinkId, std::string_view topic, Send& send) override {
        if (topic != discovery::Pex::topic_name || send.code != discovery::pex_peers) return true;
        switch (answers_++ % 4) {
            case 0:
                answer_with(send, forgeries_.old_ones());
                break;
            case 1:
                answer_with(send, raw_of(forgeries_.incompatibles(*node().record().parley())));
                break;
            default: {
                const auto broken = forgeries_.broken_ones(network().endpoint_of(host()).address);
                answer_with(send, {broken.begin(), broken.end()});
                break;
            }
        }
        return true;
    }
    void on_goodbye(Goodbye& goodbye) override {
        goodbye.others = answers_ % 2 == 0 ? forgeries_.old_records(Goodbye::records_max)
                                           : forgeries_.incompatibles(*node().record().parley());
    }

    Forgeries& forgeries_;
    std::uint64_t answers_ = 0;
};

// --- Address flood ---------------------------------------------------------------------------

/// Records of nobody, at addresses where nobody listens.
class Crowd {
public:
    explicit Crowd(std::uint64_t seed) : rng_(seed), entropy_(rng_.next()) {}

    /// The next so many, over and over.
    std::vector<Enr> next(std::size_t count, const ParleyEntry& entry) {
        std::vector<Enr> out;
        while (out.size() < count) {
            if (records_.size() < records_max) {
                // Public, and not where Network puts its hosts. One draw for all four, since
                // compilers differ in which argument comes first.
                const auto draw = rng_.next();
                const auto address = v4(60 + draw % 30, (draw >> 8) % 256, (draw >> 16) % 256,
                                        1 + (draw >> 24) % 254);
                records_.push_back(make_record(entropy_, {address, port}, entry));
            }
            out.push_back(records_[next_++ % records_max]);
        }
        return out;
    }

private:
    static constexpr std::size_t records_max = 2000;

    Rng rng_;
    SeededEntropy entropy_;
    std::vector<Enr> records_;
    std::size_t next_ = 0;
};

class FloodActor final : public Rewriter {
public:
    FloodActor(HostId host, std::size_t index, Rng rng, Crowd& crowd)
        : Rewriter(host, index, rng), crowd_(crowd) {}

private:
    void started() override {
        every(3s, [this] { dial_victim(); });
    }
    bool on_send(Now, LinkId, std::string_view topic, Send& send) override {
        if (topic == discovery::Pex::topic_name && send.code == discovery::pex_peers) {
            const auto records = crowd_.next(pex_records_max, *node().record().parley());
            answer_with(send, raw_of(records));
        }
        return true;
    }
    void on_goodbye(Goodbye& goodbye) override {
        goodbye.others = crowd_.next(Goodbye::records_max, *node().record().parley());
    }

    Crowd& crowd_;
};

class FloodAttack final : public AttackOf<FloodActor, Crowd> {
public:
    using AttackOf::AttackOf;
    /// Few callers find room, so that most get a Goodbye.
    void configure(HostId, node::NodeConfig& config) override { config.p2p.inbound_max = 2; }
};

// --- Sybils ----------------------------------------------------------------------------------

struct Family {
    explicit Family(std::uint64_t) {}
    std::set<HostId> members;
};

class SybilActor final : public Rewriter {
public:
    SybilActor(HostId host, std::size_t index, Rng rng, Family& family)
        : Rewriter(host, index, rng), family_(family) {
        family_.members.insert(host);
    }

private:
    void started() override {
        every(400ms, [this] { dial_victim(); });
    }
    std::vector<Enr> relatives(std::size_t count) const {
        std::vector<Enr> out;
        for (const HostId member : family_.members) {
            if (out.size() >= count) break;
            if (member != host() && world().up(member)) {
                out.push_back(network().node(member).record());
            }
        }
        return out;
    }
    bool on_send(Now, LinkId, std::string_view topic, Send& send) override {
        if (topic == discovery::Pex::topic_name) {
            const auto records = relatives(pex_records_max);
            answer_with(send, raw_of(records));
        }
        return true;
    }
    void on_goodbye(Goodbye& goodbye) override { goodbye.others = relatives(Goodbye::records_max); }

    Family& family_;
};

class SybilAttack final : public AttackOf<SybilActor, Family> {
public:
    using AttackOf::AttackOf;
    /// In a few /16, each in a /24 of its own, so that only limits by /16 hold them.
    std::optional<Endpoint> endpoint(HostId host) override {
        constexpr std::size_t groups = 3;
        const auto index = actor(host).index();
        return Endpoint{v4(20, 50 + index % groups, index / groups % 256, 1), port};
    }
};

}  // namespace

std::unique_ptr<Attack> make_forged_records(std::uint64_t seed) {
    return std::make_unique<AttackOf<ForgeActor, Forgeries>>(seed);
}

std::unique_ptr<Attack> make_address_flood(std::uint64_t seed) {
    return std::make_unique<FloodAttack>(seed);
}

std::unique_ptr<Attack> make_sybil(std::uint64_t seed) {
    return std::make_unique<SybilAttack>(seed);
}

}  // namespace parley::sim
