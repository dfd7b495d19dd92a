// A whole service of discv5 among peers who know keys and protocol, and keep to neither unless it
// suits them. The input is a list of steps: time passes; datagrams come that are made up, changed,
// repeated or sent from elsewhere; peers greet, ask, answer rightly and wrongly; the service makes
// requests of its own. After each step the limits of ServiceConfig hold; an endpoint that is not
// proven gets no more bytes than it sent; and in the end every request had one outcome.
#include <parley/base/endian.hpp>
#include <parley/crypto/stub.hpp>
#include <parley/discovery/discv5/service.hpp>
#include <parley/discovery/discv5/test_speaker.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <map>
#include <set>
#include <span>

using namespace parley;
using namespace parley::discovery::discv5;
using namespace parley::discovery::discv5::testing;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

class Input {
public:
    explicit Input(Bytes rest) : rest_(rest) {}
    bool empty() const { return rest_.empty(); }
    std::uint8_t u8() {
        if (rest_.empty()) return 0;
        const auto byte = std::to_integer<std::uint8_t>(rest_[0]);
        rest_ = rest_.subspan(1);
        return byte;
    }
    std::size_t below(std::size_t n) { return u8() % n; }
    /// A size u8 and so many bytes, as far as there are.
    Bytes bytes() {
        const auto taken = rest_.first(std::min<std::size_t>(u8(), rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }

private:
    Bytes rest_;
};

constexpr double packets_per_second = 5;
constexpr double packets_burst = 30;

ServiceConfig small_limits() {
    ServiceConfig config;
    config.sessions_max = 4;
    config.challenges_max = 4;
    config.requests_max = 8;
    config.lookups_max = 3;
    config.packets_per_second = packets_per_second;
    config.packets_burst = packets_burst;
    config.addresses_max = 8;
    config.address_handshakes_per_second = 10;
    config.address_handshakes_burst = 20;
    config.handshakes_per_second = 20;
    config.handshakes_burst = 40;
    config.walk_interval_min = 20s;
    return config;
}

/// Two at one address, one at another and one on the internet.
const std::array endpoints{
    Endpoint{endpoint_of(1).address, 9001},
    Endpoint{endpoint_of(1).address, 9002},
    Endpoint{endpoint_of(2).address, 9001},
    Endpoint{IpAddress::v4({std::byte{20}, std::byte{1}, std::byte{2}, std::byte{3}}), 9001},
};

/// Who speaks, and what the service said to it.
struct Peer {
    explicit Peer(std::size_t number)
        : speaker(number + 1, endpoints[number]),
          newer(record_of(speaker.key, speaker.endpoint, 2)) {}

    void reset(std::size_t number) {
        speaker.entropy = SeededEntropy{number};
        speaker.rng = Rng{number};
        speaker.keys = {};
        challenge.clear();
        nonce = {};
        asked = {};
        heard.clear();
    }
    void take(Bytes datagram) {
        PacketBuffer room;
        const auto packet = decode_packet(speaker.id, datagram, room);
        if (!packet) return;
        if (std::holds_alternative<WhoAreYou>(packet->kind)) {
            challenge = to_buffer(datagram);
            return;
        }
        nonce = packet->nonce;
        if (const auto* const kind = std::get_if<HandshakePacket>(&packet->kind)) {
            const auto agreed = agree_as_recipient(speaker.key, kind->ephemeral_key, kind->source,
                                                   speaker.id, asked);
            if (agreed) speaker.keys = Keys::of_recipient(*agreed);
        }
        PacketBuffer plain_room;
        if (const auto plain = open_message(speaker.keys.open, *packet, plain_room)) {
            heard = to_buffer(*plain);
        }
    }

    Speaker speaker;
    Enr newer;
    Buffer challenge;       // the last one that came
    Nonce nonce{};          // of the last message that came
    ChallengeData asked{};  // the last one that it made
    Buffer heard;           // the last message that it could read, plain
};

/// Made once: keys cost more than a run.
struct People {
    std::array<Peer, endpoints.size()> peers{Peer{0}, Peer{1}, Peer{2}, Peer{3}};
    NodeKey key = key_of(99);
    Enr record = record_of(key, endpoint_of(99));
    Enr newer = record_of(key, endpoint_of(99), 2);
    std::vector<Enr> others;
    People() {
        for (std::uint32_t i = 0; i < 8; ++i) {
            others.push_back(record_of(key_of(200 + i), endpoint_of(200 + i)));
        }
    }
};
People& people() {
    static People made;
    return made;
}

class World {
public:
    World() : service_(small_limits(), people().key, people().record, entropy_, Rng{1}) {
        for (std::size_t i = 0; i < people().peers.size(); ++i) people().peers[i].reset(i);
        service_.serve_talk("echo", [](Now, const Id&, const Endpoint&, Bytes request) {
            return to_buffer(request);
        });
    }

    void step(Input& in) {
        switch (in.below(12)) {
            case 0:
                return pass(std::chrono::milliseconds{10} * in.u8());
            case 1:
                return pass(std::chrono::seconds{1} * in.below(32));
            case 2: {
                const auto& from = any_endpoint(in);
                return receive(from, in.bytes());
            }
            case 3: {
                const auto& from = any_endpoint(in);
                return receive(from, with_header(in));
            }
            case 4:
                return repeat(in);
            case 5: {
                auto& peer = any_peer(in);
                return receive(peer.speaker.endpoint, peer.speaker.random_packet(key()));
            }
            case 6:
                return greet(any_peer(in), in);
            case 7:
            case 8: {
                auto& peer = any_peer(in);
                return receive(peer.speaker.endpoint,
                               peer.speaker.sealed(key(), message(peer, in)));
            }
            case 9:
                return challenge(any_peer(in), in);
            case 10:
                return ask(in);
            default:
                if (in.u8() % 2 == 0) return service_.set_record(people().newer);
                return service_.add_boot(now_, any_peer(in).speaker.record);
        }
    }

    /// Nobody answers any more: all that is under way ends.
    void finish() {
        for (int i = 0; i < 60 && open_ > 0; ++i) pass(1s);
        require(open_ == 0);
    }

private:
    const NodeId& key() const { return people().key.id(); }
    Peer& any_peer(Input& in) { return people().peers[in.below(endpoints.size())]; }
    const Endpoint& any_endpoint(Input& in) { return endpoints[in.below(endpoints.size())]; }

    // --- Steps ---

    void pass(Duration time) {
        const Instant end = now_.instant + time;
        while (service_.next_wakeup() <= end) {
            now_.instant = std::max(now_.instant, service_.next_wakeup());
            service_.on_timer(now_);
            require(service_.next_wakeup() > now_.instant);
            deliver();
        }
        now_.instant = end;
        check();
    }

    void receive(const Endpoint& from, Bytes datagram) {
        const auto handshakes = service_.counters().handshakes;
        service_.on_datagram(now_, from, datagram);
        const bool proven = service_.counters().handshakes > handshakes || proven_.contains(from);
        if (proven) proven_.insert(from);
        std::size_t bytes = 0;
        const auto& outbox = service_.outbox();
        for (std::size_t i = 0; i < outbox.size(); ++i) {
            require(proven || outbox.peer(i) == from);
            bytes += outbox[i].size();
        }
        require(proven || bytes <= datagram.size());
        keep(from, datagram);
        deliver();
        check();
    }

    /// A datagram that came or went before, perhaps changed, perhaps from elsewhere.
    void repeat(Input& in) {
        if (kept_.empty()) return;
        auto [from, datagram] = kept_[in.below(kept_.size())];
        const auto how = in.u8();
        if (how % 2 == 1) from = any_endpoint(in);
        if (how / 2 % 2 == 1 && !datagram.empty()) {
            std::size_t at = in.u8();
            at = (256 * at + in.u8()) % datagram.size();
            datagram[at] ^= static_cast<std::byte>(in.u8());
        }
        if (how / 4 % 4 == 1) datagram.resize(datagram.size() * in.u8() / 255);
        receive(from, datagram);
    }

    /// The input as what follows the nonce, masked for the service.
    Buffer with_header(Input& in) {
        Buffer out(16);
        append(out, bytes_of("discv5"));
        append_be(out, std::uint16_t{1});
        append_be(out, static_cast<std::uint8_t>(in.u8() % 4));
        append(out, any_peer(in).nonce);
        const Bytes rest = in.bytes();
        append(out, rest);
        const std::size_t authdata = rest.size() < 2 ? 0 : load_be<std::uint16_t>(rest);
        mask_header(service_.id(), MutableBytes{out}.first(std::min(out.size(), 39 + authdata)));
        return out;
    }

    void greet(Peer& peer, Input& in) {
        const auto how = in.u8();
        if (peer.challenge.empty()) return;
        const Enr own = peer.speaker.record;
        if (how % 8 == 1) peer.speaker.record = people().others[0];
        if (how % 8 == 2) peer.speaker.record = peer.newer;
        const auto packet =
            peer.speaker.handshake(key(), peer.challenge, message(peer, in), how % 8 != 3);
        peer.speaker.record = own;
        receive(how % 8 == 4 ? any_endpoint(in) : peer.speaker.endpoint, packet);
    }

    /// Claims that it could not open the last message.
    void challenge(Peer& peer, Input& in) {
        WhoAreYou who_are_you;
        who_are_you.id_nonce[0] = static_cast<std::byte>(in.u8());
        who_are_you.record_sequence = in.u8() % 3;
        peer.asked = encode_challenge({}, peer.nonce, who_are_you);
        receive(peer.speaker.endpoint, mask_packet(service_.id(), peer.asked));
    }

    void ask(Input& in) {
        const auto& speaker = any_peer(in).speaker;
        const auto contact = *Contact::of(speaker.record);
        const auto kind = in.below(4);
        if (kind == 3) {
            const bool resolve = in.u8() % 2 == 0;
            ++open_;
            if (!service_.lookup(now_, resolve ? Goal::resolve : Goal::closest, speaker.id,
                                 [this](Now, const Service::LookupResult& result) {
                                     --open_;
                                     require(result.closest.size() <= Lookup::results_max);
                                     require(result.requests <= Lookup::requests_max);
                                 })) {
                --open_;
            }
        } else {
            ++open_;
            const auto ended = [this](Now, const auto&) { --open_; };
            if (kind == 0) service_.ping(now_, contact, ended);
            if (kind == 1) service_.find_nodes(now_, contact, {in.u8(), 256, 0}, ended);
            if (kind == 2) service_.talk(now_, contact, bytes_of("echo"), in.bytes(), ended);
        }
        deliver();
        check();
    }

    // --- Messages ---

    RequestId heard_id(const Peer& peer) const {
        const auto heard = decode_message(peer.heard);
        return heard ? std::visit([](const auto& one) { return one.request_id; }, *heard)
                     : RequestId{};
    }
    /// Plain: of the input, or one of each kind, as the answer to what it heard last.
    Buffer message(const Peer& peer, Input& in) {
        const auto kind = in.below(7);
        const auto id = heard_id(peer);
        const std::uint64_t number = in.u8();
        switch (kind) {
            case 0:
                return encode(Ping{id, number});
            case 1:
                return encode(Pong{id, number, any_endpoint(in)});
            case 2:
                return encode(FindNode{id, {static_cast<std::uint16_t>(number), 255, 256}});
            case 3:
                return encode(nodes(id, number, peer, in));
            case 4:
                return encode(TalkReq{id, bytes_of("echo"), in.bytes()});
            case 5:
                return encode(TalkResp{id, in.bytes()});
            default:
                return to_buffer(in.bytes());
        }
    }
    Nodes nodes(const RequestId& id, std::uint64_t total, const Peer& peer, Input& in) {
        Nodes out{id, total, {}};
        forged_.clear();
        for (auto count = in.below(9); count > 0; --count) {
            const std::size_t which = in.below(16);
            if (which < 8) out.records.push_back(people().others[which].raw());
            if (which >= 8 && which < 12) {
                out.records.push_back(people().peers[which - 8].speaker.record.raw());
            }
            if (which == 12) out.records.push_back(peer.newer.raw());
            if (which == 13) {
                auto& forged = forged_.emplace_back(to_buffer(people().others[0].raw()));
                forged[in.u8() % forged.size()] ^= std::byte{1};
                out.records.push_back(forged);
            }
        }
        return out;
    }

    // --- What came of it ---

    void deliver() {
        auto& outbox = service_.outbox();
        for (std::size_t i = 0; i < outbox.size(); ++i) {
            require(outbox[i].size() <= packet_bytes_max);
            ++sent_[outbox.peer(i).address];
            keep(outbox.peer(i), outbox[i]);
            for (auto& peer : people().peers) {
                if (peer.speaker.endpoint == outbox.peer(i)) peer.take(outbox[i]);
            }
        }
        outbox.clear();
    }
    void keep(const Endpoint& peer, Bytes datagram) {
        if (kept_.size() == 16) kept_.pop_front();
        kept_.emplace_back(peer, to_buffer(datagram));
    }
    void check() {
        const auto limits = small_limits();
        require(service_.sessions() <= limits.sessions_max);
        require(service_.requests() <= limits.requests_max);
        require(service_.lookups() <= limits.lookups_max);
        require(service_.table().size() <= people().others.size() + endpoints.size());
        require(service_.outbox().empty());
        // What an address got, own requests and handshakes for them aside.
        const auto& counters = service_.counters();
        const std::chrono::duration<double> passed = now_.instant - Instant{};
        const double allowed = 2 * (packets_burst + packets_per_second * passed.count()) + 1;
        for (const auto& [address, packets] : sent_) {
            require(static_cast<double>(packets) <=
                    allowed + static_cast<double>(counters.requests + counters.handshakes));
        }
    }

    SeededEntropy entropy_{1};
    Service service_;
    Now now_{};
    std::deque<std::pair<Endpoint, Buffer>> kept_;
    std::set<Endpoint> proven_;
    std::map<IpAddress, std::uint64_t> sent_;
    std::size_t open_ = 0;
    std::deque<Buffer> forged_;  // records of the last NODES
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static crypto::StubCrypto stub;
    const crypto::ScopedProvider scope{&stub};
    Input in{std::as_bytes(std::span{data, size})};
    World world;
    while (!in.empty()) world.step(in);
    world.finish();
    return 0;
}
