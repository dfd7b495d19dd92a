// OwnerGroups: which addresses are taken for one owner's, where a node chooses whom to believe and
// whom to dial, and for whom a full node makes room: buckets of the address book, outbound links,
// eviction. The autonomous system where a map knows it, else the /16 (IPv6: /32). All limits on
// callers count by address alone.
// Threading: immutable; copies share the map.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/identity/as_map.hpp>
#include <parley/identity/endpoint.hpp>

#include <compare>
#include <memory>
#include <string>
#include <utility>

namespace parley {

/// One owner's addresses.
struct OwnerGroup {
    AsNumber as = 0;                ///< 0: not known
    NetworkGroup network;           ///< the /16 or /32 where the AS is not known; else empty
    std::string to_string() const;  ///< "AS64500" or "203.0.0.0/16"
    friend auto operator<=>(const OwnerGroup&, const OwnerGroup&) = default;
};

/// Its AS or its network as a key for tables.
ByteArray<18> key_of(const OwnerGroup& group);

/// Tells the owner of an address; see the head of this file.
class OwnerGroups {
public:
    OwnerGroups() = default;  ///< by /16 and /32 alone
    /// Null: no map.
    explicit OwnerGroups(std::shared_ptr<const AsMap> map) : map_(std::move(map)) {}

    /// Whose an address is taken for.
    OwnerGroup of(const IpAddress& address) const;

private:
    std::shared_ptr<const AsMap> map_;
};

}  // namespace parley
