#include <parley/discovery/discv5/contact.hpp>

namespace parley::discovery::discv5 {

std::optional<Contact> Contact::of(const Enr& record) {
    const auto endpoint = record.udp_endpoint();
    if (!endpoint) return std::nullopt;
    return Contact{dht_id(record.id()), *endpoint, record.sequence(),
                   SharedBytes::copy(record.raw())};
}

}  // namespace parley::discovery::discv5
