#include <parley/sim/world/chain_hosts.hpp>

#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/node/chain_config.hpp>
#include <parley/sim/world/layered_store.hpp>

#include <utility>

namespace parley::sim {
namespace {

/// Nobody's account in the genesis.
ByteArray<32> signer_secret() {
    return chain::testing::secret_of(1'000'000);
}

chain::Genesis make_genesis(std::uint64_t accounts) {
    chain::Genesis out;
    out.chain_id = node::ChainConfig{}.id;
    out.gas_limit = node::ChainConfig{}.gas_limit;
    out.forks = {.london_block = 0,
                 .terminal_total_difficulty = Uint256{},
                 .shanghai_time = 0,
                 .cancun_time = 0};
    out.extra_data = to_buffer(chain::address_of_secret(signer_secret()));
    const auto funds = checked_multiply(to_uint256(1'000'000'000'000'000'000), 1'000);
    for (std::uint64_t i = 0; i < accounts; ++i) {
        out.alloc[chain::address_of_secret(chain::testing::secret_of(i))].balance = *funds;
    }
    return out;
}

}  // namespace

ChainHosts::ChainHosts(std::size_t hosts, std::uint64_t accounts, std::function<bool(HostId)> signs)
    : genesis_(make_genesis(accounts)),
      genesis_block_(make_genesis_block(genesis_)),
      engine_(*node::make_engine("solo", genesis_)),
      disks_(hosts),
      signs_(std::move(signs)) {}

void ChainHosts::grow(std::uint64_t accounts) {
    grown_ = grow_chain(genesis_, genesis_block_, engine_, signer_secret(), accounts);
    for (auto& disks : disks_) {
        disks = {std::make_shared<LayeredStore>(grown_->store),
                 std::make_shared<LayeredLog>(grown_->log)};
    }
}

node::ChainData ChainHosts::data_of(HostId host) const {
    node::ChainData out{.genesis = genesis_,
                        .genesis_block = genesis_block_,
                        .engine = engine_,
                        .store = disks_[host].store,
                        .log_file = disks_[host].log};
    if (signs_(host)) out.signer_secret = signer_secret();
    return out;
}

}  // namespace parley::sim
