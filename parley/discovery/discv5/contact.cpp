#include <parley/discovery/discv5/contact.hpp>

#include <utility>

namespace parley::discovery::discv5 {

std::optional<Contact> Contact::of(const Enr& record, IpFamilies families) {
    const auto endpoint = record.udp_endpoint(families);
    if (!endpoint) return std::nullopt;
    return Contact{dht_id(record.id()), *endpoint, record.sequence(),
                   SharedBytes::copy(record.raw())};
}

std::vector<Contact> contacts_of(std::span<const Enr> records, IpFamilies families) {
    std::vector<Contact> out;
    for (const auto& record : records) {
        if (auto contact = Contact::of(record, families)) out.push_back(std::move(*contact));
    }
    return out;
}

}  // namespace parley::discovery::discv5
