// A whole node with 1,000,000 accounts in memory, in a process of its own, that is asked for
// proofs.
#pragma once

#include "harness.hpp"
#include "temp_folder.hpp"
#include <parley/chain/types/address.hpp>
#include <parley/chain/types/header.hpp>
#include <parley/identity/node_id.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace parley::bench {

inline constexpr std::size_t proof_accounts = 1'000'000;
/// The account of that number.
chain::Address proof_account(std::uint64_t number);

struct ProofNode {
    ProofNode();

    TempFolder folder;
    std::unique_ptr<PeerProcess> process;
    Endpoint http;
    Target target;
    chain::Header genesis;  ///< the state is that of this one
};

/// The role of that node.
int proof_node(const std::vector<std::string>& arguments);

}  // namespace parley::bench
