#include <parley/discovery/discv5/packet.hpp>

#include <parley/codec/endian.hpp>
#include <parley/crypto/kdf.hpp>
#include <parley/identity/enr.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <type_traits>

namespace parley::discovery::discv5 {

namespace {

// static-header = protocol-id | version u16 | flag u8 | nonce | authdata-size u16
constexpr std::string_view protocol_id = "discv5";
constexpr std::uint16_t version = 1;
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

Flag flag_of(const PacketKind& kind) {
    return static_cast<Flag>(kind.index());
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
    const auto unmask = [&](std::size_t header_bytes) {
        mask(self, masking_iv, datagram.first(header_bytes).subspan(sizeof(MaskingIv)),
             MutableBytes{header_room}.first(header_bytes).subspan(sizeof(MaskingIv)));
    };
    std::ranges::copy(masking_iv, header_room.begin());
    const std::size_t at_first = std::min(datagram.size(), ordinary_header_bytes);
    unmask(at_first);  // all of the header, if not of a handshake

    Packet packet;
    Fields fields{Bytes{header_room}.subspan(sizeof(MaskingIv))};
    if (text_of(fields.bytes(protocol_id.size())) != protocol_id) {
        return fail(PacketErrc::bad_protocol);
    }
    const auto told_version = fields.number<std::uint16_t>();
    if (told_version != version) return fail(PacketErrc::bad_version, version, told_version);
    const auto told_flag = fields.number<std::uint8_t>();
    constexpr auto flag_max = static_cast<std::uint8_t>(Flag::handshake);
    if (told_flag > flag_max) return fail(PacketErrc::bad_flag, flag_max, told_flag);
    const auto flag = static_cast<Flag>(told_flag);
    fields.read(packet.nonce);
    const std::size_t authdata_bytes = fields.number<std::uint16_t>();
    const std::size_t least = authdata_bytes_min(flag);
    if (flag == Flag::handshake ? authdata_bytes < least : authdata_bytes != least) {
        return fail(PacketErrc::bad_authdata_size, least, authdata_bytes);
    }
    if (const auto there = datagram.size() - head_bytes; there < authdata_bytes) {
        return fail(PacketErrc::truncated_authdata, authdata_bytes, there);
    }
    const auto header_bytes = head_bytes + authdata_bytes;
    if (header_bytes > at_first) unmask(header_bytes);
    packet.header = Bytes{header_room}.first(header_bytes);
    packet.message = datagram.subspan(header_bytes);
    auto kind = read_kind(flag, packet.header.subspan(head_bytes), packet.message);
    if (!kind) return std::unexpected{kind.error()};
    packet.kind = *kind;
    return packet;
}

Buffer encode_header(const PacketHeader& header) {
    Buffer out;
    out.reserve(handshake_header_bytes + Enr::size_bytes_max);
    append(out, header.masking_iv);
    append(out, bytes_of(protocol_id));
    append_be(out, version);
    append_be(out, static_cast<std::uint8_t>(flag_of(header.kind)));
    append(out, header.nonce);
    append_be(out, std::uint16_t{0});
    std::visit([&out](const auto& packet) { append_authdata(out, packet); }, header.kind);
    store_be(MutableBytes{out}.subspan(head_bytes - 2),
             static_cast<std::uint16_t>(out.size() - head_bytes));
    return out;
}

ChallengeData encode_challenge(const MaskingIv& masking_iv, const Nonce& nonce,
                               const WhoAreYou& who_are_you) {
    return array_of<challenge_bytes>(encode_header({masking_iv, nonce, who_are_you}));
}

Buffer mask_packet(const Id& destination, Bytes header, Bytes message) {
    Buffer out;
    out.reserve(header.size() + message.size());
    append(out, header);
    append(out, message);
    const auto masked = MutableBytes{out}.first(header.size()).subspan(sizeof(MaskingIv));
    mask(destination, array_of<sizeof(MaskingIv)>(header), masked, masked);
    return out;
}

}  // namespace parley::discovery::discv5
