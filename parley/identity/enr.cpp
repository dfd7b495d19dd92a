#include <parley/identity/enr.hpp>

#include <parley/codec/base64url.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace parley {

namespace {

constexpr std::string_view text_prefix = "enr:";
constexpr std::string_view scheme = "v4";
std::unexpected<EnrError> rlp_failure(const rlp::RlpError& error) {
    return fail(EnrErrc::rlp, 0, static_cast<std::uint64_t>(error.code));
}

template <std::size_t N>
bool read_fixed(rlp::Reader value, ByteArray<N>& out) {
    const auto bytes = value.fixed<N>();
    if (bytes) out = *bytes;
    return bytes.has_value();
}

template <std::size_t N>
bool read_address(rlp::Reader value, std::optional<IpAddress>& out) {
    ByteArray<N> bytes;
    if (!read_fixed(value, bytes)) return false;
    if constexpr (N == 4) {
        out = IpAddress::v4(bytes);
    } else {
        out = IpAddress::v6(bytes);
    }
    return true;
}

bool read_port(rlp::Reader value, std::uint16_t& out) {
    const auto port = value.u16();
    if (port) out = *port;
    return port.has_value();
}

bool read_parley(rlp::Reader value, std::optional<ParleyEntry>& out) {
    auto list = value.list();
    if (!list) return false;
    const auto network_id = list->u64();
    if (!network_id) return false;
    const auto fork_hash = list->fixed<4>();
    if (!fork_hash) return false;
    const auto fork_next = list->u64();
    if (!fork_next) return false;
    const auto roles = list->u64();
    if (!roles) return false;
    const auto services = list->u64();
    if (!services) return false;
    out = ParleyEntry{*network_id, *fork_hash, *fork_next, *roles, *services};
    return true;
}

bool read_text(rlp::Reader& list, std::string& out) {
    const auto bytes = list.string_up_to(ClientEntry::text_bytes_max);
    if (!bytes) return false;
    out = text_of(*bytes);
    return std::ranges::all_of(out, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

std::string message(const EnrError& error) {
    switch (error.code) {
        case EnrErrc::too_large:
            return fmt::format("record has {} bytes, at most {} are allowed", error.actual,
                               error.expected);
        case EnrErrc::rlp:
            return "record: " +
                   rlp::message(rlp::RlpError{static_cast<rlp::Errc>(error.actual), 0, 0});
        case EnrErrc::unsorted_keys:
            return "record keys are not sorted and unique";
        case EnrErrc::missing_value:
            return "record ends with a key that has no value";
        case EnrErrc::unknown_scheme:
            return "record has no identity scheme \"v4\"";
        case EnrErrc::bad_key:
            return "record has no valid public key";
        case EnrErrc::bad_signature:
            return "record signature does not verify";
        case EnrErrc::bad_text:
            return "record text is not \"enr:\" and unpadded URL-safe base64";
        case EnrErrc::bad_entry:
            return "record entry has the wrong size or form";
    }
    return "record error";
}

/// Fills in a record while its entries go by; nothing here costs more than reading.
struct Enr::Parser {
    Enr& record;
    bool has_scheme = false;
    bool has_key = false;

    Result<void, EnrError> entry(std::string_view key, Bytes item) {
        const rlp::Reader value{item};
        bool good = true;
        if (key == "id") {
            const auto name = rlp::Reader{value}.string();
            has_scheme = name && text_of(*name) == scheme;
            if (!has_scheme) return fail(EnrErrc::unknown_scheme);
        } else if (key == "secp256k1") {
            has_key = read_fixed(value, record.id_.key);
            if (!has_key) return fail(EnrErrc::bad_key);
        } else if (key == "ip") {
            good = read_address<4>(value, record.ip4_);
        } else if (key == "ip6") {
            good = read_address<16>(value, record.ip6_);
        } else if (key == "tcp") {
            good = read_port(value, record.tcp_);
        } else if (key == "udp") {
            good = read_port(value, record.udp_);
        } else if (key == "tcp6") {
            good = read_port(value, record.tcp6_);
        } else if (key == "udp6") {
            good = read_port(value, record.udp6_);
        } else if (key == "parley") {
            good = read_parley(value, record.parley_);
        }
        if (!good) return fail(EnrErrc::bad_entry);
        return {};
    }

    /// Precondition: `list` was validated, so that only its order and pairing can be wrong.
    Result<void, EnrError> entries(rlp::Reader list) {
        Bytes previous;
        for (bool first = true; !list.at_end(); first = false) {
            const auto key = list.string();
            if (!key) return rlp_failure(key.error());
            if (!first && !(text_of(previous) < text_of(*key))) {
                return fail(EnrErrc::unsorted_keys);
            }
            previous = *key;
            if (list.at_end()) return fail(EnrErrc::missing_value);
            const auto value = list.raw_item();
            if (!value) return rlp_failure(value.error());
            const auto known = entry(text_of(*key), *value);
            if (!known) return known;
        }
        if (!has_scheme) return fail(EnrErrc::unknown_scheme);
        if (!has_key) return fail(EnrErrc::bad_key);
        return {};
    }
};

Result<Enr, EnrError> Enr::decode(Bytes raw) {
    return decode(raw, true);
}

Result<Enr, EnrError> Enr::decode_verified(Bytes raw) {
    return decode(raw, false);
}

Result<Enr, EnrError> Enr::decode(Bytes raw, bool verify) {
    if (raw.size() > size_bytes_max) {
        return fail(EnrErrc::too_large, size_bytes_max, raw.size());
    }
    const auto valid = rlp::validate(raw);
    if (!valid) return rlp_failure(valid.error());
    auto list = rlp::Reader::open_list(raw);
    if (!list) return rlp_failure(list.error());

    const auto signature = list->string();
    if (!signature) return rlp_failure(signature.error());
    if (signature->size() != 64) return fail(EnrErrc::bad_signature, 64, signature->size());
    // What is signed is the list without the signature, byte for byte as it came.
    const Bytes content{signature->data() + signature->size(), raw.data() + raw.size()};
    const auto sequence = list->u64();
    if (!sequence) return rlp_failure(sequence.error());

    Enr record;
    record.sequence_ = *sequence;
    const auto entries = Parser{record}.entries(*list);
    if (!entries) return std::unexpected{entries.error()};

    record.raw_ = to_buffer(raw);
    if (!verify) return record;
    rlp::Writer signed_part;
    signed_part.begin_list().raw(content).end_list();
    if (!parley::verify(record.id_, Purpose::node_record, {signed_part.bytes()},
                        array_of<64>(*signature))) {
        // Which of the two it was matters only to who reads the error.
        return fail(crypto::is_valid_public_key(record.id_.key) ? EnrErrc::bad_signature
                                                                : EnrErrc::bad_key);
    }
    return record;
}

std::optional<NodeId> Enr::claimed_id(Bytes raw) {
    if (raw.size() > size_bytes_max || !rlp::validate(raw)) return std::nullopt;
    auto list = rlp::Reader::open_list(raw);
    if (!list || !list->string() || !list->u64()) return std::nullopt;
    while (!list->at_end()) {
        const auto key = list->string();
        if (!key) return std::nullopt;
        if (!equal(*key, bytes_of("secp256k1"))) {
            if (!list->raw_item()) return std::nullopt;
            continue;
        }
        const auto value = list->string();
        if (!value || value->size() != NodeId{}.size()) return std::nullopt;
        return NodeId{array_of<33>(*value)};
    }
    return std::nullopt;
}

Result<Enr, EnrError> Enr::parse(std::string_view text) {
    if (!text.starts_with(text_prefix)) return fail(EnrErrc::bad_text);
    text.remove_prefix(text_prefix.size());
    const std::size_t size = text.size() / 4 * 3 + text.size() % 4 * 3 / 4;
    if (size > size_bytes_max) return fail(EnrErrc::too_large, size_bytes_max, size);
    const auto raw = from_base64url(text);
    if (!raw) return fail(EnrErrc::bad_text);
    return decode(*raw);
}

std::string enr_text(Bytes raw) {
    return std::string{text_prefix} + to_base64url(raw);
}

namespace {

std::optional<Endpoint> endpoint_of(const std::optional<IpAddress>& address, std::uint16_t port) {
    if (!address || port == 0) return std::nullopt;
    return Endpoint{*address, port};
}

/// The endpoints of one protocol, the one to prefer first: IPv4, unless only IPv6's address means
/// something to a wider audience. IPv6 without a port of its own shares that of IPv4 (EIP-778).
struct Endpoints {
    std::optional<Endpoint> first, second;

    Endpoints(const std::optional<IpAddress>& ip4, std::uint16_t port4,
              const std::optional<IpAddress>& ip6, std::uint16_t port6)
        : first(endpoint_of(ip4, port4)), second(endpoint_of(ip6, port6 != 0 ? port6 : port4)) {
        const bool six_is_wider =
            first && second && scope_of(second->address) < scope_of(first->address);
        if (!first || six_is_wider) std::swap(first, second);
    }
};

}  // namespace

std::optional<Endpoint> Enr::tcp_endpoint() const {
    return Endpoints{ip4_, tcp_, ip6_, tcp6_}.first;
}

std::optional<Endpoint> Enr::other_tcp_endpoint() const {
    return Endpoints{ip4_, tcp_, ip6_, tcp6_}.second;
}

std::optional<Endpoint> Enr::udp_endpoint(IpFamilies families) const {
    return Endpoints{families.v4 ? ip4_ : std::nullopt, udp_, families.v6 ? ip6_ : std::nullopt,
                     udp6_}
        .first;
}

bool Enr::has_udp_endpoint(const Endpoint& endpoint) const {
    const bool v4 = endpoint.address.is_v4();
    return udp_endpoint({.v4 = v4, .v6 = !v4}) == endpoint;
}

std::optional<ClientEntry> Enr::client() const {
    const auto item = value("client");
    if (!item) return std::nullopt;
    auto list = rlp::Reader{*item}.list();
    ClientEntry entry;
    if (!list || !read_text(*list, entry.name) || entry.name.empty()) return std::nullopt;
    if (!read_text(*list, entry.version)) return std::nullopt;
    if (!list->at_end() && !read_text(*list, entry.build)) return std::nullopt;
    return entry;
}

std::optional<Bytes> Enr::value(std::string_view key) const {
    auto list = rlp::Reader::open_list(raw_);
    if (!list || !list->raw_item() || !list->raw_item()) return std::nullopt;
    while (!list->at_end()) {
        const auto name = list->string();
        const auto item = list->raw_item();
        if (!name || !item) return std::nullopt;
        if (text_of(*name) == key) return *item;
    }
    return std::nullopt;
}

EnrBuilder& EnrBuilder::ip(const IpAddress& address) {
    return entry(address.is_v4() ? "ip" : "ip6", rlp::Writer{}.string(address.bytes()).bytes());
}

EnrBuilder& EnrBuilder::tcp(std::uint16_t port) {
    return entry("tcp", rlp::Writer{}.number(port).bytes());
}

EnrBuilder& EnrBuilder::udp(std::uint16_t port) {
    return entry("udp", rlp::Writer{}.number(port).bytes());
}

EnrBuilder& EnrBuilder::tcp6(std::uint16_t port) {
    return entry("tcp6", rlp::Writer{}.number(port).bytes());
}

EnrBuilder& EnrBuilder::udp6(std::uint16_t port) {
    return entry("udp6", rlp::Writer{}.number(port).bytes());
}

EnrBuilder& EnrBuilder::parley(const ParleyEntry& e) {
    rlp::Writer value;
    value.begin_list().number(e.network_id).string(e.fork_hash).number(e.fork_next);
    value.number(e.roles).number(e.services).end_list();
    return entry("parley", value.bytes());
}

EnrBuilder& EnrBuilder::client(const ClientEntry& e) {
    rlp::Writer value;
    value.begin_list().string(e.name).string(e.version);
    if (!e.build.empty()) value.string(e.build);
    return entry("client", value.end_list().bytes());
}

EnrBuilder& EnrBuilder::entry(std::string_view key, Bytes value) {
    entries_.insert_or_assign(std::string{key}, to_buffer(value));
    return *this;
}

Result<Enr, EnrError> EnrBuilder::sign(const NodeKey& key) const {
    auto entries = entries_;
    entries.insert_or_assign("id", rlp::Writer{}.string(scheme).take());
    entries.insert_or_assign("secp256k1", rlp::Writer{}.string(key.id().bytes()).take());
    rlp::Writer content;
    content.number(sequence_);
    for (const auto& [name, value] : entries) content.string(name).raw(value);

    rlp::Writer signed_part;
    signed_part.begin_list().raw(content.bytes()).end_list();
    const auto signature = key.sign(Purpose::node_record, {signed_part.bytes()});
    rlp::Writer record;
    record.begin_list().string(Bytes{signature}).raw(content.bytes()).end_list();
    // Checks the size and the entries that the caller encoded.
    return Enr::decode(record.bytes());
}

}  // namespace parley
