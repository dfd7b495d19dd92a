// A record of a log of blocks: `| size u32 | check 8 B | payload |`, big endian. Threading: as
// AppendLog. docs/formats/chain_store.md.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>

#include <cstddef>
#include <cstdint>

namespace parley::chain {

using RecordCheck = ByteArray<8>;
inline constexpr std::size_t record_header_bytes = 4 + sizeof(RecordCheck);

/// SipHash-2-4 with a key of zeros. It finds what a crash or a disk damaged; nobody else writes
/// here.
RecordCheck record_check(Bytes payload);
/// The check in format 1, by Keccak-256.
RecordCheck first_record_check(Bytes payload);

/// The record of a payload.
Buffer make_record(Bytes payload);
/// All bytes of the record at `offset`. Errors: those of the file; corrupt, if it is cut or its
/// check is not what `check` gives.
Result<Buffer, StoreError> read_record(const AppendLog& file, std::uint64_t offset,
                                       RecordCheck (*check)(Bytes) = &record_check);
inline Bytes payload_of(Bytes record) {
    return record.subspan(record_header_bytes);
}

}  // namespace parley::chain
