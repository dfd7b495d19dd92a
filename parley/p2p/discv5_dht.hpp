// Discv5Dht: the node's part in the DHT (discovery v5.1): the service, seeded from links and the
// address book, which in turn hears of every record of this network that the service finds.
// Threading: the node's thread.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/base/time.hpp>
#include <parley/discovery/book/address_book.hpp>
#include <parley/discovery/dht.hpp>
#include <parley/discovery/discv5/service.hpp>
#include <parley/events/hub.hpp>
#include <parley/p2p/dht_rows.hpp>

namespace parley::p2p {

class Discv5Dht final : public discovery::Dht {
public:
    /// Everything referenced outlives it.
    Discv5Dht(const discovery::discv5::ServiceConfig& config, const NodeKey& key, const Enr& record,
              EntropySource& entropy, Rng rng, discovery::AddressBook& book, Hub& hub);

    /// Datagrams that are not of this protocol are dropped.
    void on_datagrams(Now now, const DatagramBatch& batch);
    /// Moves all that is to be sent into an empty batch.
    void take_datagrams(DatagramBatch& out);
    /// Seeds the service when it is time, and lets it time out requests.
    void on_timer(Now now);
    Instant next_wakeup() const;
    /// A link says that this is its peer's record.
    void on_link(Now now, const Enr& record);

    // discovery::Dht
    using discovery::Dht::resolve;
    bool announce(Now now, OnNodes done) override;
    bool store(Now now, const Enr& record) override;
    bool lookup(Now now, const Hash256& target, OnNodes done) override;
    bool resolve(Now now, const Hash256& place, OnNode done) override;
    bool random_walk(Now now, OnNodes done) override;
    void serve_talk(std::string protocol, Talk talk) override;
    void talk(Now now, const Enr& node, Bytes protocol, Bytes request, OnTalk done) override;

    /// What of the table is kept over a restart.
    DhtRows& rows() { return rows_; }
    /// The protocol itself, for requests to one node.
    discovery::discv5::Service& service() { return service_; }
    const discovery::discv5::Service& service() const { return service_; }

private:
    void seed(Now now);
    void learn(Now now, const Enr& record, const Endpoint& from);

    discovery::AddressBook& book_;
    Hub& hub_;
    Rng rng_;
    discovery::discv5::Service service_;
    DhtRows rows_{service_};
    Instant seed_at_ = Instant::min();
};

}  // namespace parley::p2p
