#include <parley/discovery/discv5/intake.hpp>

namespace parley::discovery::discv5 {

std::optional<Enr> Intake::verify(const Id& id, Bytes raw) const {
    const auto* entry = table_.find(id);
    const bool known = (entry != nullptr && equal(entry->contact.record, raw)) ||
                       (verified_ && verified_(id, raw));
    auto record = known ? Enr::decode_verified(raw) : Enr::decode(raw);
    if (!record) return std::nullopt;
    return std::move(*record);
}

bool Intake::add(Now now, const Enr& record, Origin origin) {
    const auto contact = Contact::of(record, families_);
    if (!contact) return true;
    const auto* entry = table_.find(contact->id);
    const bool known = entry != nullptr && equal(entry->contact.record, contact->record);
    if (!secret_ || !secret_(record.id())) table_.add(now, *contact, origin);
    return !known;
}

void Intake::learned(Now now, const Enr& record, Origin origin, const Endpoint& from) {
    if (add(now, record, origin) && on_record_) on_record_(now, record, from);
}

void Intake::met(Now now, const Remote& remote, const Enr& record) {
    const auto endpoint = record.udp_endpoint(families_);
    if (endpoint && !may_be_advertised(endpoint->address, remote.endpoint.address)) return;
    learned(now, record, record.has_udp_endpoint(remote.endpoint) ? Origin::met : Origin::heard,
            remote.endpoint);
}

}  // namespace parley::discovery::discv5
