// Intake: the way of other nodes' records into the table, whether an answer, a handshake or the
// configuration brought them. It verifies signatures, keeps secret nodes out, and tells its owner
// of records that are new.
// Bounded: keeps nothing but three functions; the table is bounded itself.
// Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/discovery/discv5/sessions.hpp>
#include <parley/discovery/discv5/table.hpp>
#include <parley/identity/enr.hpp>

#include <functional>
#include <optional>
#include <utility>

namespace parley::discovery::discv5 {

class Intake {
public:
    /// `table` outlives it. Nodes are of use where they can be sent to: in these families.
    explicit Intake(Table& table, IpFamilies families = {}) : table_(table), families_(families) {}

    IpFamilies families() const { return families_; }

    /// Nodes that others are never told of: they stay out of the table.
    void set_secret(std::function<bool(const NodeId&)> secret) { secret_ = std::move(secret); }
    /// Raw records that are known to verify, besides those of the table: saves doing it again.
    void set_verified(std::function<bool(const Id&, Bytes raw)> verified) {
        verified_ = std::move(verified);
    }
    /// Called for each record that learned() or met() found to be new, with its sender's endpoint.
    using OnRecord = std::function<void(Now, const Enr&, const Endpoint& from)>;
    /// Replaces the function that is called; an empty one ends the calls.
    void on_record(OnRecord call) { on_record_ = std::move(call); }

    /// A record that claims to be of that node. Nothing if it does not decode, or its signature is
    /// not of that node.
    std::optional<Enr> verify(const Id& id, Bytes raw) const;
    /// To the table. False if this very record stood there. Precondition, here and below: the
    /// record is verified.
    bool add(Now now, const Enr& record, Origin origin);
    /// Another node sent it.
    void learned(Now now, const Enr& record, Origin origin, const Endpoint& from);
    /// The node itself sent it in a handshake. Met is only a node that speaks from where its record
    /// says; of any other the record is merely heard of.
    void met(Now now, const Remote& remote, const Enr& record);

private:
    Table& table_;
    IpFamilies families_;
    std::function<bool(const NodeId&)> secret_;
    std::function<bool(const Id&, Bytes raw)> verified_;
    OnRecord on_record_;
};

}  // namespace parley::discovery::discv5
