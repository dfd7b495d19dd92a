#include <parley/chain/consensus/qbft/seals.hpp>

#include <parley/chain/consensus/qbft/messages.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace parley::chain::qbft {
namespace {

std::unexpected<EngineError> refuse_seals(std::string reason) {
    return std::unexpected{EngineError{std::move(reason), true}};
}

}  // namespace

Result<std::vector<Address>, EngineError> check_seals(const Header& header, const ExtraData& extra,
                                                      ExtraForm form,
                                                      const Validators& validators) {
    if (extra.seals.size() < validators.quorum()) {
        return refuse_seals(fmt::format("{} seals, expected a quorum of {}", extra.seals.size(),
                                        validators.quorum()));
    }
    const auto sealed = hash_with(header, extra, extra.round, form);
    std::vector<Address> sealers;
    for (const auto& seal : extra.seals) {
        const auto sealer = signer_of(sealed, seal);
        if (!sealer) return refuse_seals("a seal is no signature");
        if (!validators.contains(*sealer)) {
            return refuse_seals(
                fmt::format("a seal by {}, who is no validator", sealer->to_string()));
        }
        sealers.push_back(*sealer);
    }
    std::ranges::sort(sealers);
    const auto twice = std::ranges::adjacent_find(sealers);
    if (twice != sealers.end()) {
        return refuse_seals(fmt::format("two seals by {}", twice->to_string()));
    }
    return sealers;
}

}  // namespace parley::chain::qbft
