// For tests only: a process that is killed after any number of steps of what it writes, signs and
// says, also within a write; its disk, of which a power cut takes what was not synced; and all that
// validators ever signed.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/base/rng.hpp>
#include <parley/chain/consensus/qbft/signing/signer.hpp>
#include <parley/chain/types/test_transactions.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace parley::chain::qbft::testing {

/// A process: after so many steps it stops, within the step.
struct Life {
    std::uint64_t steps_left = std::numeric_limits<std::uint64_t>::max();
    bool is_over = false;
    bool step() {
        if (is_over || steps_left == 0) {
            is_over = true;
            return false;
        }
        --steps_left;
        return true;
    }
};

/// One of a node's two files of records, which outlives the process.
class RecordFile final : public AppendLog {
public:
    RecordFile(Life& life, Rng& rng) : life_(life), rng_(rng) {}

    std::uint64_t size_bytes() const override { return bytes_.size(); }
    Result<void, StoreError> append(Bytes bytes) override {
        if (life_.is_over) return fail(StoreErrc::io);
        const bool whole = life_.step();
        parley::append(bytes_, whole ? bytes : bytes.first(rng_.below(bytes.size())));
        if (!whole) return fail(StoreErrc::io);
        return {};
    }
    Result<void, StoreError> sync() override {
        if (!life_.step()) return fail(StoreErrc::io);
        if (!lies) synced_ = bytes_.size();
        return {};
    }
    Result<Buffer, StoreError> read(std::uint64_t offset, std::size_t size) const override {
        if (offset > bytes_.size() || size > bytes_.size() - offset) {
            return fail(StoreErrc::corrupt);
        }
        return to_buffer(Bytes{bytes_}.subspan(offset, size));
    }
    Result<void, StoreError> truncate(std::uint64_t size) override {
        if (!life_.step()) return fail(StoreErrc::io);
        bytes_.resize(size);
        synced_ = std::min<std::uint64_t>(synced_, size);
        return {};
    }
    void cut_power() { bytes_.resize(synced_ + rng_.below(bytes_.size() - synced_ + 1)); }

    bool lies = false;  ///< says that it synced, and did not

private:
    Life& life_;
    Rng& rng_;
    Buffer bytes_;
    std::uint64_t synced_ = 0;
};

/// All that validators ever signed, and what must not be in it.
class SignedSoFar {
public:
    void add(const Address& author, const SigningRequest& request) {
        const auto claim = claim_of(request).value();
        const auto& view = claim.view;
        const Said said{claim.digest, claim.prepared};
        const auto [known, is_new] =
            signed_.try_emplace({author, claim.code, view.height, view.round}, said);
        if (known->second != said) {
            conflicts.push_back(fmt::format("{} signed two {:#x} of height {}, round {}",
                                            author.to_string(), static_cast<int>(claim.code),
                                            view.height, view.round));
        }
        if (claim.code == Code::commit) {
            sealers_[{view.height, view.round, claim.digest}].insert(author);
        }
    }
    /// Blocks of this height that so many sealed in one round, so that they can be final.
    std::set<Hash256> sealed_by(std::size_t quorum, std::uint64_t height) const {
        std::set<Hash256> out;
        for (const auto& [of, sealers] : sealers_) {
            if (std::get<0>(of) == height && sealers.size() >= quorum) out.insert(std::get<2>(of));
        }
        return out;
    }
    bool has(const Address& author, Code code, const View& view) const {
        return signed_.contains({author, code, view.height, view.round});
    }
    std::size_t size() const { return signed_.size(); }
    std::vector<std::string> conflicts;

private:
    using Of = std::tuple<Address, Code, std::uint64_t, std::uint32_t>;
    using Said = std::pair<Hash256, std::optional<PreparedRound>>;
    std::map<Of, Said> signed_;
    std::map<std::tuple<std::uint64_t, std::uint32_t, Hash256>, std::set<Address>> sealers_;
};

class WatchedSigner final : public Signer {
public:
    WatchedSigner(std::uint64_t seed, Life& life, SignedSoFar& all)
        : inner_(chain::testing::secret_of(seed)), life_(life), all_(all) {}
    std::optional<Address> address() const override { return inner_.address(); }
    Result<Address, SigningError> ask_address() override { return inner_.ask_address(); }
    Signing sign(const SigningRequest& request) override {
        if (!life_.step()) {
            return std::unexpected{SigningError{SigningError::Kind::away, "killed"}};
        }
        all_.add(*address(), request);
        return inner_.sign(request);
    }

private:
    LocalSigner inner_;
    Life& life_;
    SignedSoFar& all_;
};

}  // namespace parley::chain::qbft::testing
