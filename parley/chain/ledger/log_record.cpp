#include <parley/chain/ledger/log_record.hpp>

#include <parley/base/endian.hpp>
#include <parley/base/sip_hash.hpp>
#include <parley/crypto/hash.hpp>

namespace parley::chain {

RecordCheck record_check(Bytes payload) {
    Buffer out;
    append_be(out, sip_hash({}, payload));
    return array_of<sizeof(RecordCheck)>(out);
}

RecordCheck first_record_check(Bytes payload) {
    return array_of<sizeof(RecordCheck)>(crypto::keccak256(payload));
}

Buffer make_record(Bytes payload) {
    Buffer out;
    out.reserve(record_header_bytes + payload.size());
    append_be(out, static_cast<std::uint32_t>(payload.size()));
    append(out, record_check(payload));
    append(out, payload);
    return out;
}

Result<Buffer, StoreError> read_record(const AppendLog& file, std::uint64_t offset,
                                       RecordCheck (*check)(Bytes)) {
    const auto header = file.read(offset, record_header_bytes);
    if (!header) return std::unexpected{header.error()};
    auto out = file.read(offset, record_header_bytes + load_be<std::uint32_t>(Bytes{*header}));
    if (!out) return out;
    const auto expected = check(payload_of(*out));
    if (!equal(expected, Bytes{*out}.subspan(4, expected.size()))) return fail(StoreErrc::corrupt);
    return out;
}

}  // namespace parley::chain
