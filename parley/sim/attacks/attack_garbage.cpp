// garbage and stalled_handshake: bytes that are no protocol, and no bytes at all.
#include <parley/base/endian.hpp>
#include <parley/sim/attacks/attack_actor.hpp>
#include <parley/transport/handshake/handshake.hpp>
#include <parley/transport/link/frame.hpp>

#include <algorithm>
#include <cstdint>
#include <map>

namespace parley::sim {

using namespace transport;

namespace {

// --- Garbage ---------------------------------------------------------------------------------

/// How a live link is spoiled.
enum class Spoil : std::uint8_t {
    flip,         ///< one bit
    append,       ///< random bytes behind a frame
    repeat,       ///< the same bytes twice
    oversize,     ///< the header of a frame of 2 GiB
    zero_length,  ///< the header of a frame of nothing
    cut,          ///< half of a frame, then silence
};
constexpr std::uint64_t spoils = 6;

class GarbageActor final : public Actor {
public:
    GarbageActor(HostId host, std::size_t index, Rng rng, NothingShared&)
        : Actor(host, index, rng) {}

private:
    struct Plan {
        std::uint64_t at_byte;  // not before so many were sent
        Spoil spoil;
        bool silent = false;
    };
    static constexpr std::size_t plans_max = 256;
    static constexpr std::size_t random_bytes_max = 4096;

    void started() override {
        every(2s, [this] { call(network().target(victim())); });
        every(3s, [this] { dial_victim(); });
    }

    // Calls: no handshake at all, one of the right size, one with a good M1 and a bad M3.

    void on_call_bytes(Now, LinkId link, std::uint64_t sent, Buffer& bytes) override {
        if (sent > 0) return;
        const auto style = rng().below(3);
        if (style == 0) bytes = random_bytes(1 + rng().below(random_bytes_max));
        if (style == 1) {
            const auto magic = bytes_of("PRLY");
            bytes = random_bytes(m1_bytes);
            std::ranges::copy(magic, bytes.begin());
        }
        if (style == 2) awaiting_m2_.emplace(link, 0);
    }
    void on_call_received(Now, LinkId link, Buffer& bytes) override {
        const auto found = awaiting_m2_.find(link);
        if (found != awaiting_m2_.end()) {
            found->second += bytes.size();
            if (found->second >= m2_bytes) {
                world().inject(host(), link, random_bytes(m3_bytes));
                awaiting_m2_.erase(found);
            }
        }
        bytes.clear();
    }
    void on_call_ended(LinkId link) override { awaiting_m2_.erase(link); }

    // Links of the node.

    void on_node_bytes(Now, LinkId link, std::uint64_t sent, Buffer& bytes) override {
        const auto found = plans_.find(link);
        if (sent == 0 || found == plans_.end()) {
            if (found == plans_.end() && plans_.size() >= plans_max) plans_.erase(plans_.begin());
            // Behind the handshake, whoever dialed.
            plans_.insert_or_assign(
                link, Plan{m2_bytes + m1_bytes + rng().below(2000), Spoil(rng().below(spoils))});
            return;
        }
        auto& plan = found->second;
        if (plan.silent) return bytes.clear();
        if (sent >= plan.at_byte) spoil(plan, bytes);
    }
    void on_node_events(Now, LinkId link, std::vector<LinkEvent>& events) override {
        const auto closed = [](const LinkEvent& e) { return std::holds_alternative<Closed>(e); };
        if (std::ranges::any_of(events, closed)) plans_.erase(link);
    }

    void spoil(Plan& plan, Buffer& bytes) {
        switch (plan.spoil) {
            case Spoil::flip:
                bytes[rng().below(bytes.size())] ^= std::byte{1};
                break;
            case Spoil::append:
                append(bytes, random_bytes(1 + rng().below(random_bytes_max)));
                break;
            case Spoil::repeat:
                append(bytes, Buffer{bytes});
                break;
            case Spoil::oversize:
            case Spoil::zero_length: {
                Buffer header(frame_header_bytes);
                store_be(MutableBytes{header},
                         plan.spoil == Spoil::oversize ? 0x7fffffffU : std::uint32_t{0});
                bytes.insert(bytes.begin(), header.begin(), header.end());
                break;
            }
            case Spoil::cut:
                bytes.resize(bytes.size() - bytes.size() / 2);
                break;
        }
        plan.silent = true;  // what would follow cannot be opened anyway
    }

    std::map<LinkId, Plan> plans_;
    std::map<LinkId, std::size_t> awaiting_m2_;  // and what came of it; bounded as calls are
};

// --- Stalled handshakes ----------------------------------------------------------------------

class StallActor final : public Actor {
public:
    StallActor(HostId host, std::size_t index, Rng rng, NothingShared&) : Actor(host, index, rng) {}

private:
    void started() override {
        // As many as its address may have at once, and more.
        every(100ms, [this] { call(network().target(victim())); });
        every(200ms, [this] { trickle(); });
    }

    void on_call_bytes(Now, LinkId link, std::uint64_t sent, Buffer& bytes) override {
        if (sent > 0) return bytes.clear();
        const auto style = rng().below(3);
        if (style == 0) bytes.clear();
        // Style 1: M1 and no more, since nobody tells a call's link to proceed.
        if (style == 2 && trickling_.size() < calls_max) {
            trickling_.insert_or_assign(link, std::exchange(bytes, {}));
        }
    }
    void on_call_ended(LinkId link) override { trickling_.erase(link); }

    /// One byte of each.
    void trickle() {
        for (auto& [link, bytes] : trickling_) {
            world().inject(host(), link, Bytes{bytes}.first(1));
            bytes.erase(bytes.begin());
        }
        std::erase_if(trickling_, [](const auto& entry) { return entry.second.empty(); });
    }

    std::map<LinkId, Buffer> trickling_;  // what is left of M1
};

}  // namespace

std::unique_ptr<Attack> make_garbage(std::uint64_t seed) {
    return std::make_unique<AttackOf<GarbageActor, NothingShared>>(seed);
}

std::unique_ptr<Attack> make_stalled_handshake(std::uint64_t seed) {
    return std::make_unique<AttackOf<StallActor, NothingShared>>(seed);
}

}  // namespace parley::sim
