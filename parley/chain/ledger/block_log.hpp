// BlockLog: valid blocks in the order in which they were imported, with what their execution cost
// and gave: senders and receipts. One sequential file, so that a block is durable with one sync.
//
// A record: `| size u32 | check 8 B | payload |`, big endian; check is SipHash-2-4 of the payload,
// with a key of zeros. A record that is cut or damaged ends the log: what follows was never synced.
// Threading: as AppendLog.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/chain/types/block.hpp>
#include <parley/chain/types/receipt.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace parley::chain {

struct LoggedBlock {
    Block block;
    std::vector<Address> senders;   ///< of its transactions, in order
    std::vector<Receipt> receipts;  ///< as `senders`
};

/// The payload of a record: `[block, senders, receipts]`.
Buffer encode_logged(const Block& block, std::span<const Address> senders,
                     std::span<const Receipt> receipts);
/// Errors: corrupt.
Result<LoggedBlock, StoreError> decode_logged(Bytes payload, const BlockLimits& limits);

/// Where a record is.
struct LogPlace {
    std::uint64_t offset = 0;
    std::uint32_t size_bytes = 0;  ///< of the record, header included
    std::uint64_t end() const { return offset + size_bytes; }
    friend bool operator==(const LogPlace&, const LogPlace&) = default;
};

class BlockLog {
public:
    /// `file` outlives it.
    BlockLog(AppendLog& file, const BlockLimits& limits) : file_(file), limits_(limits) {}

    /// Where the next record begins.
    std::uint64_t end() const { return file_.size_bytes(); }
    Result<LogPlace, StoreError> append(const Block& block, std::span<const Address> senders,
                                        std::span<const Receipt> receipts);
    /// Errors: missing for a place of no bytes; those of the file; corrupt.
    Result<LoggedBlock, StoreError> read(const LogPlace& place) const;
    Result<void, StoreError> sync() { return file_.sync(); }
    /// Reads the records from `offset` on, until `visit` returns false, and drops what follows the
    /// last good one. Gives how many bytes it dropped.
    Result<std::uint64_t, StoreError> recover(
        std::uint64_t offset,
        const std::function<bool(const LogPlace& place, LoggedBlock logged)>& visit);

private:
    Result<Buffer, StoreError> payload_at(std::uint64_t offset) const;

    AppendLog& file_;
    BlockLimits limits_;
};

}  // namespace parley::chain
