// The files of a chain with blocks, which the settings name: the genesis, the signer's key, and in
// the folder's `chain` what the ledger keeps.
#pragma once

#include "command.hpp"
#include <parley/node/chain_config.hpp>
#include <parley/node/chain_data.hpp>
#include <parley/node/light_chain.hpp>
#include <parley/node/node.hpp>
#include <parley/runtime/folder/folder.hpp>
#include <parley/runtime/folder/key_file.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace parley::app {

/// The genesis in a file. An error tells file, line and key.
Result<chain::Genesis, Failure> read_genesis(const std::string& path);

/// The name of the genesis's copy in a node's folder.
inline constexpr auto genesis_name = "genesis.json";
/// Has the settings of a new node name this genesis, by `engine` or, if that is empty, by what it
/// says of itself. `path` is told in an error.
Outcome use_genesis(const chain::Genesis& genesis, const std::string& path,
                    const std::string& engine, node::NodeConfig& config);

/// The folder with the ledger, in that of the node.
inline constexpr auto chain_folder = "chain";
/// Of address space, for each store in it: the file grows as it is filled.
inline constexpr std::uint64_t ledger_bytes_max = 1ULL << 40;
/// In it: what a validator said (docs/consensus.md), which is never put back.
inline constexpr std::array votes_names{"votes.0", "votes.1"};

/// The chain that the settings name, without its files and whoever signs.
Result<node::ChainData, Failure> read_chain(const runtime::Folder& folder,
                                            const node::ChainConfig& config);
/// Opens the ledger's files in the folder `data`, and makes what is not there.
/// Precondition: as open_chain; what is there has the present format.
Outcome open_ledger_files(const std::string& data, node::ChainData& chain);

/// Nothing if the settings name no genesis. Makes the ledger's files if there are none.
/// Precondition: no other process uses the folder.
Result<std::optional<node::ChainData>, Failure> open_chain(const runtime::Folder& folder,
                                                           const node::ChainConfig& config,
                                                           const runtime::AskPassphrase& ask);

/// As open_chain, of a light node: its genesis, and where it keeps headers.
Result<node::LightData, Failure> open_light_chain(const runtime::Folder& folder,
                                                  const node::ChainConfig& config);

}  // namespace parley::app
