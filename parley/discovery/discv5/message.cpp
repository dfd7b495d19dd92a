#include <parley/discovery/discv5/message.hpp>

#include <parley/base/endian.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/discovery/discv5/packet.hpp>
#include <parley/identity/enr.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <cassert>
#include <utility>

namespace parley::discovery::discv5 {

namespace {

/// discv5-wire.md numbers them from 1, in the order of Message.
constexpr std::size_t type_max = std::variant_size_v<Message>;

std::unexpected<MessageError> rlp_failure(const rlp::RlpError& error) {
    return fail(MessageErrc::rlp, 0, static_cast<std::uint64_t>(error.code));
}

Result<RequestId, MessageError> read_request_id(rlp::Reader& list) {
    const auto bytes = list.string();
    if (!bytes) return rlp_failure(bytes.error());
    if (bytes->size() > RequestId::size_bytes_max) {
        return fail(MessageErrc::bad_request_id, RequestId::size_bytes_max, bytes->size());
    }
    return RequestId{*bytes};
}

Result<IpAddress, MessageError> read_address(rlp::Reader& list) {
    const auto bytes = list.string();
    if (!bytes) return rlp_failure(bytes.error());
    if (bytes->size() == 4) return IpAddress::v4(array_of<4>(*bytes));
    if (bytes->size() == 16) return IpAddress::v6(array_of<16>(*bytes));
    return fail(MessageErrc::bad_ip_size, 4, bytes->size());
}

// Each reads what follows the request ID.

Result<Message, MessageError> read_ping(const RequestId& id, rlp::Reader& list) {
    const auto sequence = list.u64();
    if (!sequence) return rlp_failure(sequence.error());
    return Ping{id, *sequence};
}

Result<Message, MessageError> read_pong(const RequestId& id, rlp::Reader& list) {
    const auto sequence = list.u64();
    if (!sequence) return rlp_failure(sequence.error());
    const auto address = read_address(list);
    if (!address) return std::unexpected{address.error()};
    const auto port = list.u16();
    if (!port) return rlp_failure(port.error());
    return Pong{id, *sequence, {*address, *port}};
}

Result<Message, MessageError> read_find_node(const RequestId& id, rlp::Reader& list) {
    auto distances = list.list();
    if (!distances) return rlp_failure(distances.error());
    FindNode out{id, {}};
    std::bitset<distance_max + 1> seen;
    while (!distances->at_end()) {
        const auto distance = distances->u64();
        if (!distance) return rlp_failure(distance.error());
        if (*distance > distance_max) {
            return fail(MessageErrc::bad_distance, distance_max, *distance);
        }
        if (seen[*distance]) continue;
        seen.set(*distance);
        out.distances.push_back(static_cast<std::uint16_t>(*distance));
    }
    return out;
}

Result<Bytes, MessageError> read_record(rlp::Reader& records, std::size_t index) {
    if (!records.next_is_list()) return fail(MessageErrc::record_no_list, 0, index);
    const auto item = records.raw_item();
    if (!item) return rlp_failure(item.error());
    if (item->size() > Enr::size_bytes_max) {
        return fail(MessageErrc::record_too_large, Enr::size_bytes_max, item->size());
    }
    return *item;
}

Result<Message, MessageError> read_nodes(const RequestId& id, rlp::Reader& list) {
    const auto total = list.u64();
    if (!total) return rlp_failure(total.error());
    auto records = list.list();
    if (!records) return rlp_failure(records.error());
    Nodes out{id, *total, {}};
    while (!records->at_end()) {
        if (out.records.size() == nodes_records_max) {
            return fail(MessageErrc::too_many_records, nodes_records_max, nodes_records_max + 1);
        }
        const auto record = read_record(*records, out.records.size());
        if (!record) return std::unexpected{record.error()};
        out.records.push_back(*record);
    }
    return out;
}

Result<Message, MessageError> read_talk_req(const RequestId& id, rlp::Reader& list) {
    const auto protocol = list.string();
    if (!protocol) return rlp_failure(protocol.error());
    const auto request = list.string();
    if (!request) return rlp_failure(request.error());
    return TalkReq{id, *protocol, *request};
}

Result<Message, MessageError> read_talk_resp(const RequestId& id, rlp::Reader& list) {
    const auto response = list.string();
    if (!response) return rlp_failure(response.error());
    return TalkResp{id, *response};
}

using ReadMessage = Result<Message, MessageError> (*)(const RequestId&, rlp::Reader&);
constexpr ReadMessage readers[]{read_ping,  read_pong,     read_find_node,
                                read_nodes, read_talk_req, read_talk_resp};
static_assert(std::size(readers) == type_max);

// Each writes what follows the request ID.

void write(rlp::Writer& out, const Ping& message) {
    out.number(message.record_sequence);
}
void write(rlp::Writer& out, const Pong& message) {
    out.number(message.record_sequence)
        .string(message.recipient.address.bytes())
        .number(message.recipient.port);
}
void write(rlp::Writer& out, const FindNode& message) {
    out.begin_list();
    for (const auto distance : message.distances) out.number(distance);
    out.end_list();
}
void write(rlp::Writer& out, const Nodes& message) {
    out.number(message.total).begin_list();
    for (const Bytes record : message.records) out.raw(record);
    out.end_list();
}
void write(rlp::Writer& out, const TalkReq& message) {
    out.string(message.protocol).string(message.request);
}
void write(rlp::Writer& out, const TalkResp& message) {
    out.string(message.response);
}

}  // namespace

RequestId::RequestId(Bytes bytes) : size_(static_cast<std::uint8_t>(bytes.size())) {
    assert(bytes.size() <= size_bytes_max);
    std::ranges::copy(bytes, bytes_.begin());
}

RequestId RequestId::of(std::uint64_t number) {
    ByteArray<size_bytes_max> bytes;
    store_be(MutableBytes{bytes}, number);
    return RequestId{bytes};
}

std::string message(const MessageError& error) {
    switch (error.code) {
        case MessageErrc::empty:
            return "discv5: an empty message";
        case MessageErrc::unknown_type:
            return fmt::format("discv5: a message of type {}, known are 1 to {}", error.actual,
                               error.expected);
        case MessageErrc::rlp:
            return "discv5: " +
                   rlp::message(rlp::RlpError{static_cast<rlp::Errc>(error.actual), 0, 0});
        case MessageErrc::bad_request_id:
            return fmt::format("discv5: a request ID of {} bytes, at most {}", error.actual,
                               error.expected);
        case MessageErrc::bad_ip_size:
            return fmt::format("discv5: an IP address of {} bytes, expected {} or 16", error.actual,
                               error.expected);
        case MessageErrc::bad_distance:
            return fmt::format("discv5: distance {}, at most {}", error.actual, error.expected);
        case MessageErrc::too_many_records:
            return fmt::format("discv5: {} records or more, at most {}", error.actual,
                               error.expected);
        case MessageErrc::record_too_large:
            return fmt::format("discv5: a record of {} bytes, at most {}", error.actual,
                               error.expected);
        case MessageErrc::record_no_list:
            return fmt::format("discv5: record {} is a string", error.actual);
    }
    return "discv5: unknown error";
}

Result<Message, MessageError> decode_message(Bytes plain) {
    if (plain.empty()) return fail(MessageErrc::empty);
    const auto type = std::to_integer<std::size_t>(plain[0]);
    if (type == 0 || type > type_max) return fail(MessageErrc::unknown_type, type_max, type);
    auto list = rlp::Reader::open_list(plain.subspan(1));
    if (!list) return rlp_failure(list.error());
    const auto id = read_request_id(*list);
    if (!id) return std::unexpected{id.error()};
    auto message = readers[type - 1](*id, *list);
    if (!message) return message;
    if (const auto end = list->finish(); !end) return rlp_failure(end.error());
    return message;
}

void encode(const Message& message, Buffer& out) {
    out.push_back(static_cast<std::byte>(message.index() + 1));
    rlp::Writer writer{std::move(out)};
    writer.begin_list();
    std::visit(
        [&writer](const auto& one) {
            writer.string(one.request_id.bytes());
            write(writer, one);
        },
        message);
    writer.end_list();
    out = writer.take();
}

Buffer encode(const Message& message) {
    Buffer out;
    encode(message, out);
    return out;
}

std::vector<Nodes> split_nodes(const RequestId& request_id, std::span<const Bytes> records) {
    // type | list header 3 | request ID 9 | total 9 | list header 3
    constexpr std::size_t overhead = 1 + 3 + 9 + 9 + 3;
    constexpr std::size_t records_bytes_max =
        packet_bytes_max - ordinary_header_bytes - crypto::gcm_tag_bytes - overhead;
    std::vector<Nodes> out;
    out.reserve(1 + records.size() / (records_bytes_max / Enr::size_bytes_max));
    out.emplace_back();
    std::size_t used = 0;
    for (const Bytes record : records) {
        if (used + record.size() > records_bytes_max ||
            out.back().records.size() == nodes_records_max) {
            out.emplace_back();
            used = 0;
        }
        out.back().records.push_back(record);
        used += record.size();
    }
    for (auto& nodes : out) {
        nodes.request_id = request_id;
        nodes.total = out.size();
    }
    return out;
}

}  // namespace parley::discovery::discv5
