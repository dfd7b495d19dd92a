// The chain: tries and the import of blocks.
#pragma once

#include <string>
#include <vector>

namespace parley::bench {

/// Nodes a second that a commit of 10,000 changed accounts of 1,000,000 makes, in memory, on one
/// core; and Keccak-256 of the same nodes one after another.
double trie_commit();
double trie_commit_limit();

/// Proofs of accounts a second among 1,000,000 in memory, one core, as bytes; and what that must
/// be.
double proof_serve();
double proof_serve_aim();

/// Transfers a second that a ledger imports in blocks of 1,000, onto a real disk, with senders
/// known, on one core.
double ledger_import_known();
/// What that must reach.
double ledger_import_known_aim();
/// The same without senders, on two cores; and the recovery of those senders alone on two cores.
double ledger_import();
double ledger_import_limit();

/// The same as ledger_import() in memory, and go-ethereum's import of the same blocks, in memory as
/// well: both recover the senders, on both cores.
double ledger_import_memory();
double geth_import();
/// Why that cannot be measured.
std::string geth_obstacle();

/// Transfers a second that a node fetches from another one over a link and imports, onto a disk.
double ledger_sync();

/// Answers to eth_getProof a second of processor time of a whole node with 1,000,000 accounts, over
/// HTTP; and what that must be.
double proof_http();
double proof_http_aim();

}  // namespace parley::bench
