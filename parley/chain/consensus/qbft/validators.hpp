// Validators: who makes and seals the blocks of a height, and what majorities are among them.
// Threading: values. Spec: as extra_data.hpp, sections "Quorum" and "Proposer selection".
#pragma once

#include <parley/chain/types/address.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace parley::chain::qbft {

class Validators {
public:
    Validators() = default;
    /// In any order, none twice.
    explicit Validators(std::vector<Address> addresses);

    std::span<const Address> addresses() const { return addresses_; }  ///< ascending
    std::size_t size() const { return addresses_.size(); }
    bool contains(const Address& address) const { return index_of(address).has_value(); }
    std::optional<std::size_t> index_of(const Address& address) const;
    /// Of any two such majorities at least one honest validator is in both: ceil(2n/3).
    std::size_t quorum() const { return (2 * size() + 2) / 3; }
    /// So many may be faulty: floor((n - 1) / 3). Precondition: size() > 0.
    std::size_t faulty_max() const { return (size() - 1) / 3; }
    /// Whose turn it is. In round 0 whoever follows the proposer of the parent, by address and
    /// around; each round one further. If that one is no validator any more, the next higher
    /// address follows; after the genesis, which nobody proposed, the lowest. Precondition:
    /// size() > 0.
    const Address& proposer(const std::optional<Address>& of_parent, std::uint32_t round) const;

    friend bool operator==(const Validators&, const Validators&) = default;

private:
    std::vector<Address> addresses_;
};

}  // namespace parley::chain::qbft
