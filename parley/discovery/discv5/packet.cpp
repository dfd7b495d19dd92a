#include <parley/discovery/discv5/packet.hpp>

#include <parley/base/endian.hpp>
#include <parley/crypto/kdf.hpp>
#include <parley/identity/enr.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <string_view>

namespace parley::discovery::discv5 {

namespace {

// static-header = protocol-id | version u16 | flag u8 | nonce | authdata-size u16
constexpr std::string_view protocol_id = "discv5";
constexpr std::uint16_t version = 1;
/// In the order of PacketKind.
enum class Flag : std::uint8_t { ordinary, who_are_you, handshake };

constexpr std::size_t static_header_bytes = 23;
constexpr std::size_t head_bytes = sizeof(MaskingIv) + static_header_bytes;
constexpr std::size_t ordinary_authdata_bytes = ordinary_header_bytes - head_bytes;
constexpr std::size_t who_are_you_authdata_bytes = challenge_bytes - head_bytes;
constexpr std::size_t handshake_authdata_bytes_min = handshake_header_bytes - head_bytes;
constexpr std::size_t signature_bytes = sizeof(crypto::Signature);
constexpr std::size_t key_bytes = sizeof(crypto::CompressedKey);

static_assert(ordinary_authdata_bytes == sizeof(Id) &&
              who_are_you_authdata_bytes == sizeof(IdNonce) + sizeof(std::uint64_t) &&
              handshake_authdata_bytes_min == sizeof(Id) + 2 + signature_bytes + key_bytes);

/// Reads fields one after the other. Precondition of all: the bytes are there.
class Fields {
public:
    explicit Fields(Bytes rest) : rest_(rest) {}

    Bytes bytes(std::size_t size) {
        const Bytes taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }
    template <std::size_t N>
    void read(ByteArray<N>& out) {
        std::ranges::copy(bytes(N), out.begin());
    }
    template <std::unsigned_integral T>
    T number() {
        return load_be<T>(bytes(sizeof(T)));
    }
    Bytes rest() const { return rest_; }

private:
    Bytes rest_;
};

/// Masks and unmasks: `header` is without the masking-iv.
void mask(const Id& destination, const MaskingIv& masking_iv, Bytes header, MutableBytes out) {
    crypto::aes128_ctr(array_of<16>(destination), masking_iv, header, out);
}

struct StaticHeader {
    Flag flag{};
    Nonce nonce{};
    std::size_t authdata_bytes = 0;
};

std::size_t authdata_bytes_min(Flag flag) {
    switch (flag) {
        case Flag::ordinary:
            return ordinary_authdata_bytes;
        case Flag::who_are_you:
            return who_are_you_authdata_bytes;
        case Flag::handshake:
            break;
    }
    return handshake_authdata_bytes_min;
}

Result<StaticHeader, PacketError> read_static_header(Bytes header) {
    Fields fields{header};
    if (text_of(fields.bytes(protocol_id.size())) != protocol_id) {
        return fail(PacketErrc::bad_protocol);
    }
    const auto told_version = fields.number<std::uint16_t>();
    if (told_version != version) return fail(PacketErrc::bad_version, version, told_version);
    const auto flag = fields.number<std::uint8_t>();
    constexpr auto flag_max = static_cast<std::uint8_t>(Flag::handshake);
    if (flag > flag_max) return fail(PacketErrc::bad_flag, flag_max, flag);
    StaticHeader out{static_cast<Flag>(flag)};
    fields.read(out.nonce);
    out.authdata_bytes = fields.number<std::uint16_t>();
    const std::size_t least = authdata_bytes_min(out.flag);
    const bool may_be_more = out.flag == Flag::handshake;
    if (may_be_more ? out.authdata_bytes < least : out.authdata_bytes != least) {
        return fail(PacketErrc::bad_authdata_size, least, out.authdata_bytes);
    }
    return out;
}

Result<PacketKind, PacketError> read_handshake(Bytes authdata) {
    Fields fields{authdata};
    HandshakePacket out;
    fields.read(out.source);
    const auto signature_size = fields.number<std::uint8_t>();
    if (signature_size != signature_bytes) {
        return fail(PacketErrc::bad_signature_size, signature_bytes, signature_size);
    }
    const auto key_size = fields.number<std::uint8_t>();
    if (key_size != key_bytes) return fail(PacketErrc::bad_key_size, key_bytes, key_size);
    fields.read(out.id_signature);
    fields.read(out.ephemeral_key);
    out.record = fields.rest();
    if (out.record.size() > Enr::size_bytes_max) {
        return fail(PacketErrc::record_too_large, Enr::size_bytes_max, out.record.size());
    }
    return out;
}

/// `message`: what follows the header.
Result<PacketKind, PacketError> read_kind(Flag flag, Bytes authdata, Bytes message) {
    if (flag == Flag::who_are_you) {
        if (!message.empty()) return fail(PacketErrc::message_in_who_are_you, 0, message.size());
        Fields fields{authdata};
        WhoAreYou out;
        fields.read(out.id_nonce);
        out.record_sequence = fields.number<std::uint64_t>();
        return out;
    }
    if (message.size() < crypto::gcm_tag_bytes) {
        return fail(PacketErrc::message_too_short, crypto::gcm_tag_bytes, message.size());
    }
    if (flag == Flag::handshake) return read_handshake(authdata);
    return OrdinaryPacket{array_of<sizeof(Id)>(authdata)};
}

std::size_t authdata_bytes(const PacketKind& kind) {
    const auto* const handshake = std::get_if<HandshakePacket>(&kind);
    return authdata_bytes_min(static_cast<Flag>(kind.index())) +
           (handshake != nullptr ? handshake->record.size() : 0);
}

void append_authdata(Buffer& out, const OrdinaryPacket& packet) {
    append(out, packet.source);
}
void append_authdata(Buffer& out, const WhoAreYou& packet) {
    append(out, packet.id_nonce);
    append_be(out, packet.record_sequence);
}
void append_authdata(Buffer& out, const HandshakePacket& packet) {
    append(out, packet.source);
    append_be(out, std::uint8_t{signature_bytes});
    append_be(out, std::uint8_t{key_bytes});
    append(out, packet.id_signature);
    append(out, packet.ephemeral_key);
    append(out, packet.record);
}

}  // namespace

std::string message(const PacketError& error) {
    switch (error.code) {
        case PacketErrc::too_short:
            return fmt::format("discv5: a packet of {} bytes, at least {}", error.actual,
                               error.expected);
        case PacketErrc::too_long:
            return fmt::format("discv5: a packet of {} bytes, at most {}", error.actual,
                               error.expected);
        case PacketErrc::bad_protocol:
            return "discv5: no packet for this node";
        case PacketErrc::bad_version:
            return fmt::format("discv5: version {}, expected {}", error.actual, error.expected);
        case PacketErrc::bad_flag:
            return fmt::format("discv5: flag {}, at most {}", error.actual, error.expected);
        case PacketErrc::bad_authdata_size:
            return fmt::format("discv5: authdata of {} bytes, expected {}", error.actual,
                               error.expected);
        case PacketErrc::truncated_authdata:
            return fmt::format("discv5: authdata is truncated: {} bytes promised, {} there",
                               error.expected, error.actual);
        case PacketErrc::bad_signature_size:
            return fmt::format("discv5: a signature of {} bytes, expected {}", error.actual,
                               error.expected);
        case PacketErrc::bad_key_size:
            return fmt::format("discv5: an ephemeral key of {} bytes, expected {}", error.actual,
                               error.expected);
        case PacketErrc::record_too_large:
            return fmt::format("discv5: a record of {} bytes, at most {}", error.actual,
                               error.expected);
        case PacketErrc::message_too_short:
            return fmt::format("discv5: a message of {} bytes, at least {}", error.actual,
                               error.expected);
        case PacketErrc::message_in_who_are_you:
            return fmt::format("discv5: a WHOAREYOU with a message of {} bytes", error.actual);
    }
    return "discv5: unknown error";
}

Result<Packet, PacketError> decode_packet(const Id& self, Bytes datagram,
                                          PacketBuffer& header_room) {
    if (datagram.size() < packet_bytes_min) {
        return fail(PacketErrc::too_short, packet_bytes_min, datagram.size());
    }
    if (datagram.size() > packet_bytes_max) {
        return fail(PacketErrc::too_long, packet_bytes_max, datagram.size());
    }
    const auto masking_iv = array_of<sizeof(MaskingIv)>(datagram);
    std::ranges::copy(masking_iv, header_room.begin());
    const auto unmask = [&](std::size_t bytes) {
        mask(self, masking_iv, datagram.first(bytes).subspan(sizeof(MaskingIv)),
             MutableBytes{header_room}.first(bytes).subspan(sizeof(MaskingIv)));
    };
    // All of the header at once, if it is not a handshake's.
    const auto unmasked = std::min(datagram.size(), ordinary_header_bytes);
    unmask(unmasked);
    const auto head = read_static_header(Bytes{header_room}.subspan(sizeof(MaskingIv)));
    if (!head) return std::unexpected{head.error()};
    if (const auto there = datagram.size() - head_bytes; head->authdata_bytes > there) {
        return fail(PacketErrc::truncated_authdata, head->authdata_bytes, there);
    }
    const auto header_bytes = head_bytes + head->authdata_bytes;
    if (header_bytes > unmasked) unmask(header_bytes);
    const Bytes header = Bytes{header_room}.first(header_bytes);
    const Bytes message = datagram.subspan(header_bytes);
    const auto kind = read_kind(head->flag, header.subspan(head_bytes), message);
    if (!kind) return std::unexpected{kind.error()};
    return Packet{head->nonce, *kind, header, message};
}

void encode_header(const PacketHeader& header, Buffer& out) {
    append(out, header.masking_iv);
    append(out, bytes_of(protocol_id));
    append_be(out, version);
    append_be(out, static_cast<std::uint8_t>(header.kind.index()));
    append(out, header.nonce);
    append_be(out, static_cast<std::uint16_t>(authdata_bytes(header.kind)));
    std::visit([&out](const auto& kind) { append_authdata(out, kind); }, header.kind);
}

Buffer encode_header(const PacketHeader& header) {
    Buffer out;
    encode_header(header, out);
    return out;
}

ChallengeData encode_challenge(const MaskingIv& masking_iv, const Nonce& nonce,
                               const WhoAreYou& who_are_you) {
    return array_of<challenge_bytes>(encode_header({masking_iv, nonce, who_are_you}));
}

void mask_header(const Id& destination, MutableBytes header) {
    const auto masked = header.subspan(sizeof(MaskingIv));
    mask(destination, array_of<sizeof(MaskingIv)>(header), masked, masked);
}

void mask_packet(const Id& destination, Bytes header, Bytes message, Buffer& out) {
    const auto start = out.size();
    append(out, header);
    append(out, message);
    mask_header(destination, MutableBytes{out}.subspan(start, header.size()));
}

Buffer mask_packet(const Id& destination, Bytes header, Bytes message) {
    Buffer out;
    mask_packet(destination, header, message, out);
    return out;
}

}  // namespace parley::discovery::discv5
