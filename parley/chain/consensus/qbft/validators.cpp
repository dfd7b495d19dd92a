#include <parley/chain/consensus/qbft/validators.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley::chain::qbft {

Validators::Validators(std::vector<Address> addresses) : addresses_(std::move(addresses)) {
    std::ranges::sort(addresses_);
    assert(std::ranges::adjacent_find(addresses_) == addresses_.end());
}

std::optional<std::size_t> Validators::index_of(const Address& address) const {
    const auto at = std::ranges::lower_bound(addresses_, address);
    if (at == addresses_.end() || *at != address) return std::nullopt;
    return static_cast<std::size_t>(at - addresses_.begin());
}

const Address& Validators::proposer(const std::optional<Address>& of_parent,
                                    std::uint32_t round) const {
    assert(size() > 0);
    const auto first =
        of_parent ? std::ranges::upper_bound(addresses_, *of_parent) - addresses_.begin() : 0;
    return addresses_[(static_cast<std::size_t>(first) + round) % size()];
}

}  // namespace parley::chain::qbft
