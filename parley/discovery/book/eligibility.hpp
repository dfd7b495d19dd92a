// Eligibility: which nodes may be in the address book: those of our network, on a compatible fork,
// of a role that fits ours, with a TCP endpoint that this node can reach, and never this node
// itself. Threading: the node's thread.
#pragma once

#include <parley/discovery/book/book_config.hpp>
#include <parley/discovery/book/entry.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/enr.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace parley::discovery {

/// What became of an address that was offered to the book.
enum class AddResult : std::uint8_t {
    added,
    updated,          ///< a newer record, or a first one for an entry without
    known,            ///< nothing new but that it was heard of again
    older,            ///< we have a newer record, or another one of the same sequence: ours stays
    own,              ///< ourselves
    wrong_network,    ///< no `parley` entry, another network, or an incompatible fork
    wrong_role,       ///< a light node or, for a light one, a full one that serves none
    no_endpoint,      ///< no TCP endpoint: cannot be dialed
    bad_address,      ///< unspecified, multicast, reserved
    private_address,  ///< private where that is not wanted, or advertised from outside of it
    place_taken,      ///< by an entry that is as good
    book_full,        ///< of pinned ones
};
/// "wrong network".
std::string_view name(AddResult result);
/// The book has something that it had not: a new entry, or a newer record.
inline bool changed(AddResult result) {
    return result == AddResult::added || result == AddResult::updated;
}

/// What may enter one book; see the head of this file.
class Eligibility {
public:
    /// `self`: the ID of this node. `allow_private`: also private and loopback addresses.
    Eligibility(NodeId self, bool allow_private, NetworkFilter network)
        : self_(self), allow_private_(allow_private), network_(std::move(network)) {}

    const NodeId& self() const { return self_; }  ///< as at construction
    /// For what is asked from now on.
    void set_network(NetworkFilter network) { network_ = std::move(network); }

    /// Why a record that `source` advertised is not kept; nothing if it may be.
    std::optional<AddResult> refusal(const Enr& record, const Source& source) const;
    /// The same for an address alone.
    std::optional<AddResult> refusal(const IpAddress& address, const Source& source) const;

private:
    NodeId self_;
    bool allow_private_;
    NetworkFilter network_;
};

}  // namespace parley::discovery
