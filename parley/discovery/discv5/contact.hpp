// Contact: a node as the table and lookups of Node Discovery v5.1 know it: its place in the key
// space, the endpoint at which it can be asked, and its record, verified before and kept raw.
// Threading: values only; copies share the record's bytes.
#pragma once

#include <parley/base/shared_bytes.hpp>
#include <parley/discovery/discv5/distance.hpp>
#include <parley/identity/endpoint.hpp>
#include <parley/identity/enr.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace parley::discovery::discv5 {

struct Contact {
    Id id{};
    Endpoint endpoint;  ///< UDP
    std::uint64_t sequence = 0;
    SharedBytes record;  ///< raw, as signed; Enr::decode_verified() reads it again

    /// Of a verified record, at its UDP endpoint; nothing if it names none of these families.
    static std::optional<Contact> of(const Enr& record, IpFamilies families = {});
};
/// Of those that name an endpoint.
std::vector<Contact> contacts_of(std::span<const Enr> records, IpFamilies families = {});

}  // namespace parley::discovery::discv5
