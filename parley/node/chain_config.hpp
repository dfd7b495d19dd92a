// ChainConfig: the chain's part of parley.toml. Threading: values.
#pragma once

#include <parley/base/time.hpp>
#include <parley/base/uint256.hpp>
#include <parley/chain/types/address.hpp>
#include <parley/gossip/tree.hpp>
#include <parley/p2p/config/setting.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace parley::node {

struct ChainConfig {
    std::uint64_t id = 7700;  ///< that transactions are signed for (EIP-155)
    std::uint64_t pool_bytes_max = 64ULL << 20;
    std::string genesis;  ///< a file of parse_genesis(), in the folder; empty: there are no blocks
    std::string engine = "solo";  ///< as make_engine() knows it
    std::string signer_key;       ///< a key file in the folder; empty: this node makes no blocks
    std::optional<chain::Address> miner;  ///< gets what blocks by work bring; nothing: makes none
    unsigned mining_threads = 1;          ///< 0: for outside miners alone
    std::string signer_socket;            ///< instead of a key: of `parley signer`; empty: none
    Duration block_interval = std::chrono::seconds{2};  ///< at least a second
    bool fetches_state = false;                         ///< by a fresh node, not all blocks
    Uint256 minimum_work{};                             ///< of a chain by work that is followed
    bool empty_blocks = true;                           ///< made where nothing waits
    std::uint64_t gas_limit = 30'000'000;               ///< that made blocks move towards
    unsigned light_nodes_max = 16;  ///< that are served at a time; 0: this node serves none
    bool is_light = false;          ///< it keeps headers alone, and asks for proofs
    bool checks_all_seals = false;  ///< of a light node: of each header, not of the newest alone
    /// Of a light node: a block that its owner trusts, to start from.
    struct Checkpoint {
        std::uint64_t number = 0;
        Hash256 hash{};
        friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
    };
    std::optional<Checkpoint> checkpoint = {};
    gossip::TreeConfig gossip;  ///< not in parley.toml
};
/// The chain's settings, bound to `config`.
p2p::SettingList settings_of(ChainConfig& config);

}  // namespace parley::node
