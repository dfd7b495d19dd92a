#include <parley/transport/switch/address_refusals.hpp>

#include <parley/base/endian.hpp>

#include <algorithm>

namespace parley::transport {

AddressRefusals::AddressRefusals(const AddressRefusalConfig& config, std::uint64_t salt)
    : config_(config), salt_(salt), records_(config.addresses_max, salt) {}

bool AddressRefusals::note(Instant now, const IpAddress& address, const NodeId& id, double score) {
    if (score < config_.score) return false;
    if (is_exempt_from_group_limits(address) && !config_.exempt_addresses_too) return false;
    // IDs are points of a curve: eight bytes of x tell them apart well enough to count them.
    const auto short_id = load_be<std::uint64_t>(Bytes{id.key}.subspan(1)) ^ salt_;
    const bool by_address =
        note(now, key_of(exact_group(address)), short_id, config_.identities_address);
    const bool by_group =
        note(now, key_of(inbound_group(address)), short_id, config_.identities_group);
    return by_address || by_group;
}

bool AddressRefusals::note(Instant now, const Key& key, std::uint64_t id,
                           std::size_t identities_max) {
    Record& record = records_.find_or_insert(key);
    if (record.last + config_.memory <= now) record.ids.clear();
    record.last = now;
    if (std::ranges::find(record.ids, id) == record.ids.end()) record.ids.push_back(id);
    if (record.ids.size() < identities_max) return false;
    record.ids.clear();
    record.refused_until = now + config_.refusal;
    return true;
}

bool AddressRefusals::refuses(Instant now, const IpAddress& address) const {
    return refuses(now, key_of(exact_group(address))) ||
           refuses(now, key_of(inbound_group(address)));
}

bool AddressRefusals::refuses(Instant now, const Key& key) const {
    const Record* record = records_.peek(key);
    return record != nullptr && now < record->refused_until;
}

}  // namespace parley::transport
