#include <parley/transport/handshake/goodbye.hpp>

#include <parley/codec/rlp.hpp>

#include <algorithm>
#include <string_view>

namespace parley::transport {

namespace {

/// Reasons from 64 on are local.
constexpr std::uint16_t sent_reason_max = 63;

bool is_printable(char c) {
    return c >= ' ' && c <= '~';
}

CloseReason reason_to_send(CloseReason reason) {
    if (static_cast<std::uint16_t>(reason) <= sent_reason_max) return reason;
    return reason == CloseReason::protocol_error ? CloseReason::misbehaviour
                                                 : CloseReason::requested;
}

std::string value_to_send(std::string_view value) {
    std::string text{value.substr(0, Goodbye::value_bytes_max)};
    std::ranges::replace_if(text, [](char c) { return !is_printable(c); }, '?');
    return text;
}

std::unexpected<HelloError> rlp_failure(const rlp::RlpError& error) {
    return fail(HelloErrc::rlp, 0, static_cast<std::uint64_t>(error.code));
}

Result<std::string, HelloError> decode_value(rlp::Reader& in) {
    const auto item = in.string();
    if (!item) return rlp_failure(item.error());
    const auto text = text_of(*item);
    if (text.size() > Goodbye::value_bytes_max || !std::ranges::all_of(text, is_printable)) {
        return fail(HelloErrc::bad_value);
    }
    return std::string{text};
}

Result<std::vector<Enr>, HelloError> decode_records(rlp::Reader& in) {
    auto list = in.list();
    if (!list) return rlp_failure(list.error());
    std::vector<Enr> records;
    while (!list->at_end()) {
        if (records.size() == Goodbye::records_max) {
            return fail(HelloErrc::too_many_records, Goodbye::records_max,
                        Goodbye::records_max + 1);
        }
        const auto item = list->raw_item();
        if (!item) return rlp_failure(item.error());
        auto record = Enr::decode(*item);
        if (!record) {
            return fail(HelloErrc::bad_record, 0, static_cast<std::uint64_t>(record.error().code));
        }
        records.push_back(std::move(*record));
    }
    return records;
}

}  // namespace

Buffer encode_goodbye(const Goodbye& goodbye) {
    rlp::Writer out;
    out.begin_list().number(static_cast<std::uint64_t>(reason_to_send(goodbye.reason)));
    out.string(value_to_send(goodbye.sender_value));
    out.string(value_to_send(goodbye.receiver_value)).begin_list();
    const auto count = std::min(goodbye.others.size(), Goodbye::records_max);
    for (std::size_t i = 0; i < count; ++i) out.raw(goodbye.others[i].raw());
    out.end_list().end_list();
    return out.take();
}

Result<Goodbye, HelloError> decode_goodbye(Bytes bytes) {
    if (bytes.size() > Goodbye::wire_bytes_max) {
        return fail(HelloErrc::bad_size, Goodbye::wire_bytes_max, bytes.size());
    }
    auto in = rlp::Reader::open_list(bytes);
    if (!in) return rlp_failure(in.error());
    const auto reason = in->u64();
    if (!reason) return rlp_failure(reason.error());
    if (*reason > sent_reason_max) return fail(HelloErrc::bad_reason, sent_reason_max, *reason);
    auto sender_value = decode_value(*in);
    if (!sender_value) return std::unexpected{sender_value.error()};
    auto receiver_value = decode_value(*in);
    if (!receiver_value) return std::unexpected{receiver_value.error()};
    auto others = decode_records(*in);
    if (!others) return std::unexpected{others.error()};
    return Goodbye{static_cast<CloseReason>(*reason), std::move(*sender_value),
                   std::move(*receiver_value), std::move(*others)};
}

}  // namespace parley::transport
