// Actor: one host's part in an attack: its timers, and connections ("calls") that it makes past its
// own node. Internal to sim.
#pragma once

#include <parley/sim/attacks/attacks.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace parley::sim {

/// The base of attackers: a host that does nothing wrong yet.
class Actor : public Tamper {
public:
    /// `index`: which of the attackers of its kind, from 0.
    Actor(HostId host, std::size_t index, Rng rng) : host_(host), index_(index), rng_(rng) {}
    Actor(const Actor&) = delete;
    Actor& operator=(const Actor&) = delete;

    void begin(Network& network, HostId victim);
    HostId host() const { return host_; }
    std::size_t index() const { return index_; }

    void on_effects(Now now, std::vector<transport::SwitchEffect>& effects) final;
    void on_events(Now now, transport::LinkId link,
                   std::vector<transport::LinkEvent>& events) final;
    void on_bytes(Now now, transport::LinkId link, std::uint64_t sent, Buffer& bytes) final;
    void on_received(Now now, transport::LinkId link, Buffer& bytes) final;

protected:
    /// The attack has begun: plan the timers.
    virtual void started() {}
    // Of the node's own links, as in Tamper.
    virtual void on_node_effects(Now, std::vector<transport::SwitchEffect>&) {}
    virtual void on_node_events(Now, transport::LinkId, std::vector<transport::LinkEvent>&) {}
    virtual void on_node_bytes(Now, transport::LinkId, std::uint64_t /*sent*/, Buffer&) {}
    // Of calls. Their links are never told to proceed: left alone they stop after M1.
    virtual void on_call_bytes(Now, transport::LinkId, std::uint64_t /*sent*/, Buffer&) {}
    virtual void on_call_received(Now, transport::LinkId, Buffer&) {}
    virtual void on_call_ended(transport::LinkId) {}

    /// Runs `step` about every `interval` while the host is up. Only in started().
    void every(Duration interval, std::function<void()> step);
    /// Connects without the node's knowledge: no slot, no rule, no wait. Only in timers. At most
    /// calls_max at a time; beyond that nothing happens.
    void call(const Target& target);
    static constexpr std::size_t calls_max = 64;
    /// Has the node dial the victim, if there is no link yet. Only in timers.
    void dial_victim();

    bool begun() const { return network_ != nullptr; }
    /// Precondition of these: begun().
    Network& network() const { return *network_; }
    World& world() const { return network_->world(); }
    node::Node& node() const { return network_->node(host_); }
    HostId victim() const { return victim_; }
    Instant begun_at() const { return begun_at_; }
    Rng& rng() { return rng_; }
    Buffer random_bytes(std::size_t size);

private:
    struct Timer {
        Duration interval;
        std::function<void()> step;
    };
    void plan(std::size_t timer);

    HostId host_;
    std::size_t index_;
    Rng rng_;
    Network* network_ = nullptr;
    HostId victim_ = 0;
    Instant begun_at_{};
    std::uint64_t beginnings_ = 0;
    std::vector<Timer> timers_;
    std::vector<Target> wanted_;                  // calls to go out with the next effects
    std::map<transport::LinkId, Instant> calls_;  // and when they are over at the latest
    std::uint64_t last_call_ = 0;
};

/// An attack in which each host has an actor of its own, of type A, and all share a Shared.
/// A is made from (HostId, index, Rng, Shared&).
template <class A, class Shared>
class AttackOf : public Attack {
public:
    explicit AttackOf(std::uint64_t seed) : seed_(seed), shared_(seed) {}

    Tamper* tamper(HostId host) override { return &actor(host); }
    void begin(Network& network, HostId host, HostId victim) override {
        actor(host).begin(network, victim);
    }

protected:
    A& actor(HostId host) {
        auto& place = actors_[host];
        if (!place) {
            Rng rng{seed_ ^ ((host + 1) * 0x9e3779b97f4a7c15ULL)};
            place = std::make_unique<A>(host, actors_.size() - 1, rng, shared_);
        }
        return *place;
    }

private:
    std::uint64_t seed_;
    Shared shared_;
    std::map<HostId, std::unique_ptr<A>> actors_;
};

/// For attacks whose hosts share nothing.
struct NothingShared {
    explicit NothingShared(std::uint64_t) {}
};

std::unique_ptr<Attack> make_garbage(std::uint64_t seed);
std::unique_ptr<Attack> make_oversized(std::uint64_t seed);
std::unique_ptr<Attack> make_forged_records(std::uint64_t seed);
std::unique_ptr<Attack> make_address_flood(std::uint64_t seed);
std::unique_ptr<Attack> make_sybil(std::uint64_t seed);
std::unique_ptr<Attack> make_withhold(std::uint64_t seed);
std::unique_ptr<Attack> make_spam(std::uint64_t seed);
std::unique_ptr<Attack> make_stalled_handshake(std::uint64_t seed);
std::unique_ptr<Attack> make_credit_abuse(std::uint64_t seed);
std::unique_ptr<Attack> make_waste(std::uint64_t seed);
std::unique_ptr<Attack> make_lie(std::uint64_t seed);
std::unique_ptr<Attack> make_byzantine(std::uint64_t seed);

}  // namespace parley::sim
