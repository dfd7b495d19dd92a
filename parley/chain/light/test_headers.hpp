// For tests only: chains of headers that validators sealed, whose state is what the test says.
#pragma once

#include <parley/chain/consensus/qbft/qbft.hpp>
#include <parley/chain/consensus/qbft/test_signing.hpp>
#include <parley/chain/types/test_transactions.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace parley::chain::light::testing {

inline constexpr std::uint64_t first_time_s = 1'000'000;

inline Address validator(std::uint64_t seed) {
    return address_of_secret(chain::testing::secret_of(seed));
}

class TestHeaders {
public:
    /// Its validators are those of the first seeds, 1 to `validators`.
    explicit TestHeaders(std::uint64_t validators, std::uint64_t epoch_blocks = 30'000)
        : engine(std::make_shared<const qbft::Qbft>(
              qbft::QbftConfig{.period_s = 1, .epoch_blocks = epoch_blocks})) {
        qbft::ExtraData extra;
        for (std::uint64_t seed = 1; seed <= validators; ++seed) {
            extra.validators.push_back(validator(seed));
            seeds.push_back(seed);
        }
        std::ranges::sort(extra.validators);
        Header genesis;
        genesis.extra_data = extra.encode();
        genesis.timestamp = first_time_s;
        all.push_back({genesis, engine->hash_of(genesis)});
    }

    /// On the last one, by the quorum of `seeds` that comes first.
    const ChainHeader& grow(const std::optional<qbft::ValidatorVote>& vote = {},
                            const Hash256& state_root = empty_root_hash) {
        all.push_back(make(vote, state_root));
        return all.back();
    }
    void grow_by(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) grow();
    }
    /// As many votes of all validators in turn as it takes.
    void change(std::uint64_t seed, bool adds) {
        const auto is_done = [&] {
            return engine->validators_after(all.back()).contains(validator(seed)) == adds;
        };
        while (!is_done()) {
            std::ranges::rotate(seeds, seeds.begin() + 1);
            grow(qbft::ValidatorVote{validator(seed), adds});
        }
        if (adds) {
            seeds.push_back(seed);
        } else {
            std::erase(seeds, seed);
        }
    }
    ChainHeader make(const std::optional<qbft::ValidatorVote>& vote,
                     const Hash256& state_root) const {
        const auto& parent = all.back();
        Header out;
        out.parent_hash = parent.hash;
        out.number = parent.header.number + 1;
        out.timestamp = parent.header.timestamp + 1;
        out.state_root = state_root;
        out.gas_limit = 30'000'000;
        out.beneficiary = validator(seeds.front());
        engine->prepare(out, parent, Fork::cancun);
        auto extra = engine->extra_after(parent, vote, 0);
        seal(out, extra, seeds);
        return child_of(*engine, parent, out, engine->hash_of(out));
    }
    /// A quorum of them; the extra data is `extra` with their seals.
    static void seal(Header& header, qbft::ExtraData& extra,
                     const std::vector<std::uint64_t>& sealers) {
        header.extra_data = extra.encode();
        const auto digest = qbft::hash_with(header, extra, extra.round);
        extra.seals.clear();
        const auto quorum = qbft::Validators{extra.validators}.quorum();
        for (std::size_t i = 0; i < std::min(quorum, sealers.size()); ++i) {
            extra.seals.push_back(qbft::testing::seal_of(digest, sealers[i]));
        }
        header.extra_data = extra.encode();
    }
    const Header& at(std::uint64_t number) const { return all.at(number).header; }
    UnixTime time() const { return UnixTime{std::chrono::seconds{all.back().header.timestamp}}; }

    std::shared_ptr<const qbft::Qbft> engine;
    std::vector<ChainHeader> all;      ///< by number
    std::vector<std::uint64_t> seeds;  ///< of the validators now
};

}  // namespace parley::chain::light::testing
