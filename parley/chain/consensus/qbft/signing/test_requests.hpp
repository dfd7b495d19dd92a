// For tests only: requests to sign, and files that fail.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/consensus/qbft/signing/guarded_signer.hpp>
#include <parley/chain/types/block.hpp>
#include <parley/chain/types/test_headers.hpp>
#include <parley/chain/types/test_transactions.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace parley::chain::qbft::testing {

/// Of that height; blocks of other `value` are others.
inline Block block_at(const View& view, std::uint8_t value) {
    Block out{.header = chain::testing::header_of(Fork::cancun)};
    out.header.number = view.height;
    out.header.state_root = {std::byte{value}};
    ExtraData extra;
    extra.validators = {{{std::byte{1}}}};
    extra.round = view.round;
    out.header.extra_data = extra.encode();
    out.body.withdrawals.emplace();
    return out;
}

inline Hash256 hash_at(const View& view, std::uint8_t value) {
    const auto header = block_at(view, value).header;
    return hash_with(header, *decode_extra_data(header.extra_data), 0);
}

inline SigningRequest propose(const View& view, std::uint8_t value) {
    return {Proposed{view, SharedBytes::own(block_at(view, value).encode())}};
}
inline SigningRequest prepare(const View& view, std::uint8_t value) {
    return {Prepare{view, hash_at(view, value)}};
}
inline SigningRequest commit(const View& view, std::uint8_t value) {
    return {CommitToSeal{view, block_at(view, value).header}};
}
inline SigningRequest change(const View& view) {
    return {RoundChange{view}};
}
inline SigningRequest change(const View& view, std::uint32_t round, std::uint8_t value) {
    return {RoundChange{view, PreparedRound{round, hash_at(view, value)}}};
}

/// A log in memory that can be full.
class FullLog final : public AppendLog {
public:
    bool is_full = false;
    std::uint64_t size_bytes() const override { return log_.size_bytes(); }
    Result<void, StoreError> append(Bytes bytes) override {
        if (is_full) return fail(StoreErrc::full);
        return log_.append(bytes);
    }
    Result<void, StoreError> sync() override {
        ++syncs;
        return log_.sync();
    }
    Result<Buffer, StoreError> read(std::uint64_t offset, std::size_t size) const override {
        return log_.read(offset, size);
    }
    Result<void, StoreError> truncate(std::uint64_t size) override { return log_.truncate(size); }
    int syncs = 0;

private:
    MemoryLog log_;
};

/// A signer's process and its disk.
struct SignerOnDisk {
    FullLog first, second;
    ByteArray<32> secret = chain::testing::secret_of(1);
    std::optional<GuardedSigner> signer;

    SignerOnDisk() { start(); }
    /// Also after a kill.
    void start() {
        auto log = SigningLog::open(first, second);
        REQUIRE(log);
        signer.emplace(secret, *log);
    }
    /// "signed", or why not.
    std::string ask(const SigningRequest& request) {
        const auto made = signer->sign(request);
        if (made && are_signatures_of(*signer->address(), request, *made)) return "signed";
        return made ? "wrong signature" : made.error().why;
    }
};

}  // namespace parley::chain::qbft::testing
