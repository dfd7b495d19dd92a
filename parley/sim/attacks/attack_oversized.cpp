// oversized: messages larger than what was agreed, and chunks that lie about their sum.
#include <parley/sim/attacks/attack_actor.hpp>
#include <parley/sim/attacks/wire_session.hpp>
#include <parley/transport/link/control.hpp>
#include <parley/transport/link/lanes_out.hpp>

#include <algorithm>
#include <cstdint>
#include <map>

namespace parley::sim {

using namespace transport;

namespace {

constexpr unsigned first_chunk = chunk_flag::first, last_chunk = chunk_flag::last;

/// What is broken, one each a call, in turn.
enum class Lie : std::uint8_t {
    one_too_large,   ///< total is the topic's limit and one
    four_gigabytes,  ///< total is 2^32 - 1
    short_sum,       ///< last before all bytes are there
    long_sum,        ///< more bytes than total
    over_credit,     ///< a window full of messages, then one more
    never_finished,  ///< a total within the limit whose rest never comes: no offence
    control_too_large,
    control_split,
};
constexpr std::uint64_t lies = 8;

class OversizedActor final : public Actor {
public:
    OversizedActor(HostId host, std::size_t index, Rng rng, NothingShared&)
        : Actor(host, index, rng), entropy_(this->rng().next()), turn_(index) {}

private:
    struct Call {
        WireSession session;
        Lie lie;
        bool told = false;
    };

    void started() override {
        every(1s, [this] { call(network().target(victim())); });
    }

    void on_call_bytes(Now, LinkId link, std::uint64_t sent, Buffer& bytes) override {
        if (sent > 0) return bytes.clear();
        if (sessions_.size() >= calls_max) sessions_.erase(sessions_.begin());
        const auto identity = node().links().identity();
        const auto [place, made] = sessions_.insert_or_assign(
            link,
            Call{WireSession{*identity->key, identity->hello, network().id(victim()), entropy_},
                 static_cast<Lie>(turn_++ % lies)});
        bytes = to_buffer(place->second.session.m1());
    }

    void on_call_received(Now, LinkId link, Buffer& bytes) override {
        const auto found = sessions_.find(link);
        if (found != sessions_.end()) {
            auto& [session, lie, told] = found->second;
            world().inject(host(), link, session.on_bytes(bytes));
            if (session.open() && !std::exchange(told, true)) {
                for (const auto& msg : msgs(session, lie)) {
                    world().inject(host(), link, session.frame(msg));
                }
            }
        }
        bytes.clear();
    }
    void on_call_ended(LinkId link) override { sessions_.erase(link); }

    /// The frames' contents.
    std::vector<Buffer> msgs(const WireSession& session, Lie lie) {
        if (session.topics().empty()) return {};
        const auto at = rng().below(session.topics().size());
        const auto& topic = session.topics()[at].theirs;
        const auto lane = static_cast<LaneId>(at + 1);
        const Buffer some = random_bytes(1000);
        constexpr std::uint32_t total = 5000;
        switch (lie) {
            case Lie::one_too_large:
                return {raw_chunk(lane, first_chunk, 1, topic.message_bytes_max + 1, some)};
            case Lie::four_gigabytes:
                return {raw_chunk(lane, first_chunk, 1, 0xffffffff, some)};
            case Lie::short_sum:
                return {raw_chunk(lane, first_chunk, 1, total, some),
                        raw_chunk(lane, last_chunk, 0, 0, some)};
            case Lie::long_sum:
                return {raw_chunk(lane, first_chunk, 1, 1500, some),
                        raw_chunk(lane, 0, 0, 0, some)};
            case Lie::over_credit:
                return window_and_more(lane, topic);
            case Lie::never_finished:
                return {raw_chunk(lane, first_chunk, 1, topic.message_bytes_max, some)};
            case Lie::control_too_large:
                return {raw_chunk(control_lane, first_chunk | last_chunk, 0x8000, total,
                                  random_bytes(total))};
            case Lie::control_split:
                return {raw_chunk(control_lane, first_chunk, 0x8000, total, some)};
        }
        return {};
    }

    std::vector<Buffer> window_and_more(LaneId lane, const HelloTopic& topic) {
        constexpr std::size_t size = 8000;
        const Buffer message = random_bytes(std::min<std::size_t>(size, topic.message_bytes_max));
        const auto count = initial_credit(topic) / credit_cost(message.size()) + 1;
        const auto total = static_cast<std::uint32_t>(message.size());
        return {count, raw_chunk(lane, first_chunk | last_chunk, 0x7fff, total, message)};
    }

    SeededEntropy entropy_;
    std::uint64_t turn_;
    std::map<LinkId, Call> sessions_;
};

class OversizedAttack final : public AttackOf<OversizedActor, NothingShared> {
public:
    using AttackOf::AttackOf;
    /// The node itself keeps out of it: a second link of the same ID would be a duplicate.
    void configure(HostId, node::NodeConfig& config) override {
        config.p2p.boot.clear();
        config.p2p.outbound_max = 0;
        config.p2p.inbound_max = 0;
    }
};

}  // namespace

std::unique_ptr<Attack> make_oversized(std::uint64_t seed) {
    return std::make_unique<OversizedAttack>(seed);
}

}  // namespace parley::sim
