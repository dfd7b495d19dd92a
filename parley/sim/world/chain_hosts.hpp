// ChainHosts: the ledgers of a world's hosts: one genesis in which the accounts of tests have
// money, a disk of its own for each host's ledger, which outlives the lives of its node, and one
// key with which some of them make blocks: two that do so part the chain, as a network's partition
// may. Or validators, each with a key of its own, or miners. Threading: one thread, the
// simulator's.
#pragma once

#include <parley/base/append_log.hpp>
#include <parley/base/rng.hpp>
#include <parley/base/store.hpp>
#include <parley/node/chain_data.hpp>
#include <parley/sim/world/grown_chain.hpp>
#include <parley/sim/world/torn_log.hpp>
#include <parley/sim/world/world.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace parley::sim {

/// The key of a host that makes blocks, or votes; nobody's account in the genesis. That of host 0
/// is the one signer's.
ByteArray<32> signer_secret(HostId host = 0);

/// A chain by work and its miners.
struct WorkHosts {
    std::uint64_t period_s = 15;
    std::uint64_t half_life_s = 3'600;
    /// Hashes a second that a host looks for nonces with; 0: it makes no blocks.
    std::function<double(HostId)> rate;
    std::uint64_t seed = 1;
};

class ChainHosts {
public:
    /// Of the accounts chain::testing::secret_of(0) to `accounts` - 1 each has 1,000 ether.
    ChainHosts(std::size_t hosts, std::uint64_t accounts, std::function<bool(HostId)> signs);
    /// A chain by votes: the first `validators` hosts are its validators.
    ChainHosts(std::size_t hosts, std::uint64_t accounts, std::size_t validators);
    /// A chain by work, whose difficulty is right for the sum of the rates from the first block on.
    ChainHosts(std::size_t hosts, std::uint64_t accounts, WorkHosts work);
    /// All begin with a chain that has so many accounts more.
    void grow(std::uint64_t accounts);
    std::uint64_t grown_blocks() const { return grown_ ? grown_->blocks : 0; }
    /// The host has the genesis alone, whatever it had. Precondition: it is down.
    void clear(HostId host) { disks_[host] = {}; }
    /// The disk fails while the host writes down its next vote, until its next life.
    void tear_votes(HostId host, std::size_t bytes_left);

    /// For node::Node::create(), in each of a host's lives.
    node::ChainData data_of(HostId host);
    /// Which account gets what a host's blocks by work bring, for ChainConfig::miner.
    static chain::Address miner_of(HostId host);

private:
    struct Disks {
        std::shared_ptr<Store> store = std::make_shared<MemoryStore>();
        std::shared_ptr<AppendLog> log = std::make_shared<MemoryLog>();
        std::shared_ptr<TornLog> votes_first = std::make_shared<TornLog>();
        std::shared_ptr<TornLog> votes_second = std::make_shared<TornLog>();
    };

    chain::Genesis genesis_;
    chain::GenesisBlock genesis_block_;
    std::shared_ptr<const chain::Engine> engine_;
    std::optional<GrownChain> grown_;
    std::vector<Disks> disks_;
    std::function<bool(HostId)> signs_;
    bool is_by_votes_ = false;
    std::optional<WorkHosts> work_;
    Rng rng_{0};
};

}  // namespace parley::sim
