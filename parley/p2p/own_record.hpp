// OwnRecord: the node's own record (ENR): what it says, when it is signed anew, and where others
// reach this node according to the settings, its peers and the router. A record continues the one
// of the last run: same contents, same sequence number. A new one has the Unix time in milliseconds
// as its number, or the next after the one before: so a node that lost its store, or was killed
// before the record was saved, is still above what others have of it.
//
// Each new record goes to every peer, so what is learned of the own address makes a new one at
// most once a minute. Methods that return bool say whether record() is a new one.
// Threading: the node's thread.
#pragma once

#include <parley/base/store.hpp>
#include <parley/base/time.hpp>
#include <parley/events/log.hpp>
#include <parley/identity/enr.hpp>
#include <parley/identity/node_key.hpp>
#include <parley/nat/own_endpoints.hpp>
#include <parley/nat/port_mapping.hpp>
#include <parley/transport/handshake/hello.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace parley::p2p {

/// What a record says besides the endpoints.
struct RecordContents {
    std::string client;  ///< "name/version/...": the first two go into the record
    std::uint64_t network_id = 0;
    transport::ForkId fork;
    std::uint64_t roles = 0;
    std::uint64_t services = 0;
    bool udp = false;  ///< the DHT answers on the ports of the links
    friend bool operator==(const RecordContents&, const RecordContents&) = default;
};

class OwnRecord {
public:
    /// `key` and `log` outlive it.
    OwnRecord(const NodeKey& key, RecordContents contents, nat::OwnEndpoints endpoints, Log& log,
              Now now);

    /// Continues the record of the last run. Fails as the store does.
    Result<void, StoreError> load(Store& store, Now now);

    const Enr& record() const { return record_; }
    /// Where others reach this node, as far as it is known; the IPv4 one first.
    std::optional<Endpoint> endpoint() const;

    /// Signs a new record at once if it would say something else.
    bool set_contents(Now now, RecordContents contents);
    /// The endpoint is known for certain.
    bool set_endpoint(Now now, const Endpoint& endpoint);
    /// A listener is bound (nat::OwnEndpoints::add_listener).
    bool add_listener(Now now, const Endpoint& bound, const std::optional<IpAddress>& guess);
    /// A record of this node came from others. One with a higher sequence, of a run that the store
    /// does not know, is gone above, but not more often than once a minute.
    bool on_met(Now now, const Enr& record);
    /// A peer at `voter` says that it sees this node at `seen`.
    bool on_vote(Now now, const IpAddress& voter, const IpAddress& seen);
    /// What became of asking the router for a port (nat::OwnEndpoints::set_mapped). News are
    /// logged.
    bool set_port_mapping(Now now, const nat::MappingStatus& status);
    /// The same of the pinhole for IPv6. It changes no endpoint: it is for the own address.
    void set_pinhole(const nat::MappingStatus& status);
    /// Signs the record that had to wait for its minute.
    bool on_timer(Now now);
    Instant next_wakeup() const { return follow_at_; }

    const nat::MappingStatus& port_mapping() const { return port_mapping_; }
    const nat::MappingStatus& pinhole() const { return pinhole_; }
    /// Whether others are told of the mapping that there is.
    bool mapping_is_of_use() const {
        return port_mapping_.mapping && endpoints_.is_of_use(port_mapping_.mapping->outside);
    }

    bool has_changes() const { return changed_; }
    /// Appends the record unless it was taken since it changed.
    void take_changes(StoreBatch& batch);
    /// The batch that was taken last could not be written.
    void write_again() { changed_ = true; }

private:
    Enr sign(std::uint64_t sequence) const;
    Enr successor(Now now, const Enr& old) const;
    bool renew(Now now);
    bool follow_soon(Now now);
    bool follow(Now now);
    void log_port_mapping(const nat::MappingStatus& before) const;

    const NodeKey& key_;
    RecordContents contents_;
    nat::OwnEndpoints endpoints_;
    Log& log_;
    nat::MappingStatus port_mapping_;  // of IPv4
    nat::MappingStatus pinhole_;
    Enr record_;
    bool changed_ = false;       // since it was last written
    Instant follow_at_ = never;  // what the record should say has changed
    Instant follow_not_before_ = Instant::min();
    Instant met_not_before_ = Instant::min();
};

}  // namespace parley::p2p
