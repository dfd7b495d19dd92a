#include <parley/sim/world/chain_hosts.hpp>

#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/node/chain_config.hpp>
#include <parley/sim/world/layered_store.hpp>
#include <parley/sim/world/virtual_search.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace parley::sim {

ByteArray<32> signer_secret(HostId host) {
    return chain::testing::secret_of(1'000'000 + host);
}

namespace {

Buffer extra_data_of(std::size_t validators) {
    chain::qbft::ExtraData out;
    for (HostId host = 0; host < validators; ++host) {
        out.validators.push_back(chain::address_of_secret(signer_secret(host)));
    }
    std::ranges::sort(out.validators);
    return out.encode();
}

chain::Genesis make_genesis(std::uint64_t accounts, Buffer extra_data) {
    chain::Genesis out;
    out.chain_id = node::ChainConfig{}.id;
    out.gas_limit = node::ChainConfig{}.gas_limit;
    out.forks = {.london_block = 0,
                 .terminal_total_difficulty = Uint256{},
                 .shanghai_time = 0,
                 .cancun_time = 0};
    out.extra_data = std::move(extra_data);
    const auto funds = checked_multiply(to_uint256(1'000'000'000'000'000'000), 1'000);
    for (std::uint64_t i = 0; i < accounts; ++i) {
        out.alloc[chain::address_of_secret(chain::testing::secret_of(i))].balance = *funds;
    }
    return out;
}

chain::Genesis make_work_genesis(std::size_t hosts, std::uint64_t accounts, const WorkHosts& work) {
    auto out = make_genesis(accounts, {});
    out.forks = {.london_block = 0};
    out.timestamp = static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::seconds>(WorldConfig{}.start.time_since_epoch()).count());
    double rate = 0;
    for (HostId host = 0; host < hosts; ++host) rate += work.rate(host);
    out.difficulty = to_uint256(
        static_cast<std::uint64_t>(std::max(rate * static_cast<double>(work.period_s), 1.0)));
    out.pow = chain::PowGenesis{.period_s = work.period_s,
                                .half_life_s = work.half_life_s,
                                .reward = to_uint256(2'000'000'000'000'000'000)};
    return out;
}

}  // namespace

ChainHosts::ChainHosts(std::size_t hosts, std::uint64_t accounts, std::function<bool(HostId)> signs)
    : genesis_(make_genesis(accounts, to_buffer(chain::address_of_secret(signer_secret())))),
      genesis_block_(make_genesis_block(genesis_)),
      engine_(*node::make_engine("solo", genesis_)),
      disks_(hosts),
      signs_(std::move(signs)) {}

ChainHosts::ChainHosts(std::size_t hosts, std::uint64_t accounts, std::size_t validators)
    : genesis_(make_genesis(accounts, extra_data_of(validators))),
      genesis_block_(make_genesis_block(genesis_)),
      engine_(*node::make_engine("qbft", genesis_)),
      disks_(hosts),
      signs_([validators](HostId host) { return host < validators; }),
      is_by_votes_(true) {}

ChainHosts::ChainHosts(std::size_t hosts, std::uint64_t accounts, WorkHosts work)
    : genesis_(make_work_genesis(hosts, accounts, work)),
      genesis_block_(make_genesis_block(genesis_)),
      engine_(*node::make_engine("pow", genesis_)),
      disks_(hosts),
      signs_([](HostId) { return false; }),
      work_(std::move(work)),
      rng_(work_->seed) {}

chain::Address ChainHosts::miner_of(HostId host) {
    return chain::address_of_secret(signer_secret(host));
}

void ChainHosts::grow(std::uint64_t accounts) {
    grown_ = grow_chain(genesis_, genesis_block_, engine_, signer_secret(), accounts);
    for (auto& disks : disks_) {
        disks.store = std::make_shared<LayeredStore>(grown_->store);
        disks.log = std::make_shared<LayeredLog>(grown_->log);
    }
}

void ChainHosts::tear_votes(HostId host, std::size_t bytes_left) {
    disks_[host].votes_first->tear(bytes_left);
    disks_[host].votes_second->tear(bytes_left);
}

node::ChainData ChainHosts::data_of(HostId host) {
    node::ChainData out{.genesis = genesis_,
                        .genesis_block = genesis_block_,
                        .engine = engine_,
                        .store = disks_[host].store,
                        .log_file = disks_[host].log};
    if (work_ && work_->rate(host) > 0) {
        out.search = std::make_shared<VirtualSearch>(work_->rate(host), Rng{rng_.next()});
    }
    if (!signs_(host)) return out;
    out.signer_secret = signer_secret(is_by_votes_ ? host : 0);
    disks_[host].votes_first->mend();
    disks_[host].votes_second->mend();
    out.votes_first = disks_[host].votes_first;
    out.votes_second = disks_[host].votes_second;
    return out;
}

}  // namespace parley::sim
