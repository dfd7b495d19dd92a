// Trust: which headers of a chain by votes a light node takes, without those between.
//
// A header names the validators that seal it. It is taken if a quorum of them did, and more than a
// third of those who sealed the last trusted header are among the sealers: as long as less than a
// third of those are faulty, at least one honest validator vouches for the new set. That holds for
// as long as the trusted set can be held to account, which is the trusting period. Where too few of
// the old set are left, a header between the two is taken first (bisection).
//
//     const auto next = trust.check(trusted, header, now);
//     if (!next && next.error().code == TrustErrc::too_little) ask_between();
//
// Threading: pure functions. Spec: docs/light.md; for Tendermint's form of it see "A Tendermint
// Light Client" (Braithwaite et al., 2020), section 3.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/time.hpp>
#include <parley/chain/consensus/qbft/qbft.hpp>
#include <parley/chain/consensus/qbft/validators.hpp>
#include <parley/chain/types/header.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace parley::chain::light {

struct TrustConfig {
    /// For so long after its time a header can vouch for others.
    std::chrono::seconds period = std::chrono::days{14};
    /// So far ahead of this node's clock a header's time may be.
    std::chrono::seconds ahead_max{10};
};

struct TrustedHeader {
    Header header;
    Hash256 hash{};
    qbft::Validators validators;  ///< that seal it
};

enum class TrustErrc : std::uint8_t {
    invalid,       ///< TrustError::reason: no header of this chain, or a quorum did not seal it
    not_above,     ///< expected and actual: numbers
    not_later,     ///< expected and actual: times, Unix seconds
    ahead,         ///< of this node's clock; expected: the latest time
    expired,       ///< the trusted header vouches no longer; expected: until when; actual: now
    too_little,    ///< expected: how many of the trusted set must have sealed it; actual: how many
                   ///< did
    other_parent,  ///< the next header names another one before it
};
struct TrustError {
    TrustErrc code{};
    std::uint64_t expected = 0;
    std::uint64_t actual = 0;
    std::string reason = {};
    friend bool operator==(const TrustError&, const TrustError&) = default;
};
std::string message(const TrustError& error);

class Trust {
public:
    Trust(TrustConfig config, std::shared_ptr<const qbft::Qbft> engine)
        : config_(config), engine_(std::move(engine)) {}

    /// One that is trusted already, for whatever reason.
    TrustedHeader take(Header header, const Hash256& hash) const;
    /// That a quorum of the header's own set sealed it; whether that is to be trusted it leaves
    /// open. Errors: invalid.
    Result<TrustedHeader, TrustError> check_alone(Header header) const;
    /// Errors: all.
    Result<TrustedHeader, TrustError> check(const TrustedHeader& trusted, Header header,
                                            UnixTime now) const;
    /// That a quorum of its own set sealed it, and more than a third of the trusted one, whatever
    /// else it says: if it has the trusted one's number and another hash, validators sealed two.
    /// Errors: invalid, too_little.
    Result<TrustedHeader, TrustError> check_beside(const TrustedHeader& trusted,
                                                   Header header) const;
    /// Errors: ahead.
    Result<void, TrustError> check_time(const Header& header, UnixTime now) const;
    /// It vouches for nothing any more.
    bool is_expired(const Header& header, UnixTime now) const;
    const qbft::Qbft& engine() const { return *engine_; }

private:
    struct Sealed {
        TrustedHeader header;
        std::vector<Address> sealers;
    };
    Result<Sealed, TrustError> check_sealed(Header header) const;

    TrustConfig config_;
    std::shared_ptr<const qbft::Qbft> engine_;
};

}  // namespace parley::chain::light
