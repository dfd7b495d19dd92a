// SigningLog: where a signer writes down what it signs before the signature leaves, so that it
// contradicts nothing after a kill or a power cut either.
//
// Two files take turns: entries are appended to one until it is large, then the other one begins
// anew; the latest whole entry of both counts. Each is on disk before the next, so that at most one
// can be torn: more than that at a file's end is damage, and no reason to forget it.
//
// Bounded: each file has about file_bytes_max. Threading: one thread at a time.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/base/result.hpp>
#include <parley/chain/consensus/qbft/signing/high_water.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace parley::chain::qbft {

class SigningLog {
public:
    static constexpr std::size_t file_bytes_max = std::size_t{64} << 10;

    /// Reads what is there; a torn end is dropped. Both files must outlive this. Errors: those of
    /// the files; corrupt for more that cannot be read than one entry.
    static Result<SigningLog, StoreError> open(AppendLog& first, AppendLog& second);

    /// The last one that was written; none: nothing was ever signed.
    const std::optional<HighWater>& latest() const { return latest_; }
    /// On disk when it returns. After an error every other write fails too: what is on disk is not
    /// known before it is opened again.
    Result<void, StoreError> write(const HighWater& mark);

private:
    SigningLog(AppendLog& first, AppendLog& second) : files_{&first, &second} {}
    Result<void, StoreError> read(std::size_t index);
    Result<void, StoreError> append(const HighWater& mark);

    std::array<AppendLog*, 2> files_;
    std::size_t current_ = 0;
    std::uint64_t number_ = 0;  // of the latest
    std::optional<HighWater> latest_;
    std::optional<StoreError> broken_;
};

}  // namespace parley::chain::qbft
