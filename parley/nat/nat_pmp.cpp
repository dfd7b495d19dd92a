#include <parley/nat/nat_pmp.hpp>

#include <parley/base/endian.hpp>
#include <parley/base/overloaded.hpp>

#include <fmt/format.h>

namespace parley::nat {

namespace {

constexpr std::uint8_t version = 0;
constexpr std::uint8_t ask_address = 0;
constexpr std::uint8_t ask_udp = 1;
constexpr std::uint8_t ask_tcp = 2;
constexpr std::uint8_t reply_bit = 128;
constexpr std::size_t refusal_bytes = 8;
constexpr std::size_t address_bytes = 12;
constexpr std::size_t mapped_bytes = 16;

std::string_view refusal_text(std::uint64_t code) {
    switch (code) {
        case 1:
            return "it does not speak this version";
        case 2:
            return "it is not allowed there";
        case 3:
            return "it has no connection itself";
        case 4:
            return "it has no room for more mappings";
        case 5:
            return "it does not know how";
        default:
            return "an unknown reason";
    }
}

}  // namespace

std::string message(const NatPmpError& error) {
    switch (error.code) {
        case NatPmpErrc::too_short:
            return fmt::format("{} bytes, expected {} at least", error.actual, error.expected);
        case NatPmpErrc::bad_version:
            return fmt::format("version {}, expected {}", error.actual, error.expected);
        case NatPmpErrc::no_reply:
            return fmt::format("operation {} is no reply to what was asked", error.actual);
        case NatPmpErrc::bad_size:
            return fmt::format("{} bytes, expected {}", error.actual, error.expected);
        case NatPmpErrc::refused:
            return fmt::format("{} (code {})", refusal_text(error.actual), error.actual);
    }
    return "unknown error";
}

Buffer encode_nat_pmp_address() {
    return {std::byte{version}, std::byte{ask_address}};
}

Buffer encode_nat_pmp_map(std::uint16_t port, std::uint16_t outside_port,
                          std::uint32_t lifetime_seconds, MappingProtocol protocol) {
    const auto ask = protocol == MappingProtocol::tcp ? ask_tcp : ask_udp;
    Buffer out{std::byte{version}, std::byte{ask}, std::byte{0}, std::byte{0}};
    append_be(out, port);
    append_be(out, outside_port);
    append_be(out, lifetime_seconds);
    return out;
}

Result<NatPmpReply, NatPmpError> decode_nat_pmp_reply(Bytes datagram) {
    if (datagram.size() < refusal_bytes) {
        return fail(NatPmpErrc::too_short, refusal_bytes, datagram.size());
    }
    const auto told_version = std::to_integer<std::uint8_t>(datagram[0]);
    const auto operation = std::to_integer<std::uint8_t>(datagram[1]);
    const auto code = load_be<std::uint16_t>(datagram.subspan(2));
    // A router of another version says so in its own: only then the code counts.
    if (told_version != version) return fail(NatPmpErrc::bad_version, version, told_version);
    if (operation != reply_bit + ask_address && operation != reply_bit + ask_udp &&
        operation != reply_bit + ask_tcp) {
        return fail(NatPmpErrc::no_reply, 0, operation);
    }
    if (code != 0) return fail(NatPmpErrc::refused, 0, code);
    const auto bytes = operation == reply_bit + ask_address ? address_bytes : mapped_bytes;
    if (datagram.size() != bytes) return fail(NatPmpErrc::bad_size, bytes, datagram.size());
    const auto epoch = load_be<std::uint32_t>(datagram.subspan(4));
    if (operation == reply_bit + ask_address) {
        return NatPmpAddress{epoch, IpAddress::v4(array_of<4>(datagram.subspan(8, 4)))};
    }
    return NatPmpMapped{
        epoch, load_be<std::uint16_t>(datagram.subspan(8)),
        load_be<std::uint16_t>(datagram.subspan(10)), load_be<std::uint32_t>(datagram.subspan(12)),
        operation == reply_bit + ask_tcp ? MappingProtocol::tcp : MappingProtocol::udp};
}

// --- NatPmpAsk ---

std::optional<Buffer> NatPmpAsk::output(Now now) {
    if (!is_due(now)) return std::nullopt;
    const auto& wanted = request();
    if (wanted.action == MappingAction::remove) {
        return encode_nat_pmp_map(wanted.port, 0, 0, wanted.protocol);
    }
    if (!outside_) return encode_nat_pmp_address();
    return encode_nat_pmp_map(wanted.port, wanted.outside_port, wanted_seconds(), wanted.protocol);
}

void NatPmpAsk::on_datagram(Bytes datagram) {
    if (result()) return;
    const auto reply = decode_nat_pmp_reply(datagram);
    if (!reply) {
        if (reply.error().code == NatPmpErrc::refused) {
            fail_with(MappingErrc::refused, "the router refuses: " + message(reply.error()));
        } else {
            on_nonsense(message(reply.error()));
        }
        return;
    }
    std::visit(overloaded{
                   [this](const NatPmpAddress& address) { on_address(address); },
                   [this](const NatPmpMapped& mapped) { on_mapped(mapped); },
               },
               *reply);
}

void NatPmpAsk::on_address(const NatPmpAddress& reply) {
    if (request().action == MappingAction::check) {
        return succeed_with({MappingMethod::nat_pmp, {reply.outside, 0}, 0s, reply.epoch});
    }
    if (request().action == MappingAction::remove || outside_) return;  // one that came twice
    outside_ = reply.outside;
    next_question();
}

void NatPmpAsk::on_mapped(const NatPmpMapped& reply) {
    // About another mapping?
    if (reply.port != request().port || reply.protocol != request().protocol) return;
    if (request().action == MappingAction::remove) {
        if (reply.lifetime_seconds == 0) succeed_with({});
        return;
    }
    if (!outside_) return;
    if (reply.outside_port == 0 || reply.lifetime_seconds == 0) {
        return fail_with(MappingErrc::bad_answer, "the router gives no port");
    }
    succeed_with({MappingMethod::nat_pmp,
                  {*outside_, reply.outside_port},
                  std::chrono::seconds{reply.lifetime_seconds},
                  reply.epoch});
}

}  // namespace parley::nat
