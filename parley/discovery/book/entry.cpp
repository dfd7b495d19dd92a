#include <parley/discovery/book/entry.hpp>

#include <algorithm>

namespace parley::discovery {

std::string_view name(SourceKind kind) {
    switch (kind) {
        case SourceKind::user:
            return "user";
        case SourceKind::boot:
            return "boot";
        case SourceKind::static_peer:
            return "static";
        case SourceKind::pex:
            return "pex";
        case SourceKind::inbound:
            return "inbound";
        case SourceKind::dht:
            return "dht";
        case SourceKind::goodbye:
            return "goodbye";
    }
    return "?";
}

std::string_view name(EntryState state) {
    switch (state) {
        case EntryState::unknown:
            return "unknown";
        case EntryState::waiting:
            return "waiting";
        case EntryState::dialing:
            return "dialing";
        case EntryState::connected:
            return "connected";
    }
    return "?";
}

StoredRecord::StoredRecord(Bytes raw, std::uint64_t sequence, const Endpoint& endpoint)
    : bytes_(std::make_unique_for_overwrite<std::byte[]>(raw.size())),
      sequence_(sequence),
      size_(static_cast<std::uint16_t>(raw.size())),
      endpoint_(endpoint) {
    std::ranges::copy(raw, bytes_.get());
}

const Endpoint& Entry::endpoint() const {
    const Endpoint& named = record.endpoint();
    if (configured.port == 0) return named;
    if (named.port == 0) return configured;
    return by_record ? named : configured;
}

}  // namespace parley::discovery
