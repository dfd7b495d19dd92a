#include <parley/discovery/pex/pex_messages.hpp>

#include <parley/codec/rlp.hpp>
#include <parley/identity/enr.hpp>

#include <fmt/format.h>

namespace parley::discovery {

namespace {

std::unexpected<PexError> rlp_failure(const rlp::RlpError& error) {
    return fail(PexErrc::rlp, 0, static_cast<std::uint64_t>(error.code));
}

Result<std::uint64_t, PexError> read_request(rlp::Reader& list) {
    const auto request = list.u64();
    if (!request) return rlp_failure(request.error());
    if (*request == 0) return fail(PexErrc::bad_request);
    return *request;
}

Result<Bytes, PexError> read_record(rlp::Reader& records, std::size_t index) {
    if (!records.next_is_list()) return fail(PexErrc::record_no_list, 0, index);
    const auto item = records.raw_item();
    if (!item) return rlp_failure(item.error());
    if (item->size() > Enr::size_bytes_max) {
        return fail(PexErrc::record_too_large, Enr::size_bytes_max, item->size());
    }
    return *item;
}

}  // namespace

std::string message(const PexError& error) {
    switch (error.code) {
        case PexErrc::rlp:
            return "peer exchange: " +
                   rlp::message(rlp::RlpError{static_cast<rlp::Errc>(error.actual), 0, 0});
        case PexErrc::bad_request:
            return "peer exchange: request 0";
        case PexErrc::bad_count:
            return fmt::format("peer exchange: {} records wanted, allowed are 1 to {}",
                               error.actual, error.expected);
        case PexErrc::too_many_records:
            return fmt::format("peer exchange: {} records or more, at most {}", error.actual,
                               error.expected);
        case PexErrc::record_too_large:
            return fmt::format("peer exchange: a record of {} bytes, at most {}", error.actual,
                               error.expected);
        case PexErrc::record_no_list:
            return fmt::format("peer exchange: record {} is a string", error.actual);
    }
    return "peer exchange: unknown error";
}

Buffer encode(const GetPeers& message) {
    rlp::Writer out;
    out.begin_list().number(message.request).number(message.count).end_list();
    return out.take();
}

Buffer encode_peers(std::uint64_t request, std::span<const Bytes> records) {
    rlp::Writer out;
    out.begin_list().number(request).begin_list();
    for (const Bytes record : records) out.raw(record);
    out.end_list().end_list();
    return out.take();
}

Result<GetPeers, PexError> decode_get_peers(Bytes message) {
    auto list = rlp::Reader::open_list(message);
    if (!list) return rlp_failure(list.error());
    const auto request = read_request(*list);
    if (!request) return std::unexpected{request.error()};
    const auto count = list->u16();
    if (!count) return rlp_failure(count.error());
    if (*count == 0 || *count > pex_records_max) {
        return fail(PexErrc::bad_count, pex_records_max, *count);
    }
    if (const auto end = list->finish(); !end) return rlp_failure(end.error());
    return GetPeers{*request, *count};
}

Result<Peers, PexError> decode_peers(Bytes message) {
    auto list = rlp::Reader::open_list(message);
    if (!list) return rlp_failure(list.error());
    const auto request = read_request(*list);
    if (!request) return std::unexpected{request.error()};
    auto records = list->list();
    if (!records) return rlp_failure(records.error());
    if (const auto end = list->finish(); !end) return rlp_failure(end.error());
    Peers peers{*request, {}};
    while (!records->at_end()) {
        if (peers.records.size() == pex_records_max) {
            return fail(PexErrc::too_many_records, pex_records_max, pex_records_max + 1);
        }
        const auto record = read_record(*records, peers.records.size());
        if (!record) return std::unexpected{record.error()};
        peers.records.push_back(*record);
    }
    return peers;
}

}  // namespace parley::discovery
