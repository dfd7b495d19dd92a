#include <parley/identity/owner_group.hpp>

#include <parley/base/endian.hpp>

namespace parley {

std::string OwnerGroup::to_string() const {
    return as != 0 ? "AS" + std::to_string(as) : network.to_string();
}

ByteArray<18> key_of(const OwnerGroup& group) {
    if (group.as == 0) return key_of(group.network);
    ByteArray<18> key{};  // of no family
    store_be(MutableBytes{key}.subspan(2, 4), group.as);
    return key;
}

OwnerGroup OwnerGroups::of(const IpAddress& address) const {
    const AsNumber as = map_ ? map_->find(address) : 0;
    if (as != 0) return {.as = as, .network = {}};
    return {.as = 0, .network = outbound_group(address)};
}

}  // namespace parley
