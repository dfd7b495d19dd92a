// Light nodes: what it costs to follow a chain by votes by its headers alone.
#pragma once

namespace parley::bench {

/// Headers a second of processor time that a light node takes of 100,000 headers of 4 validators or
/// 5, who change 10 times: from the bytes of the answers to rows on a disk. By skipping, and
/// walking from header to header.
double light_skip();
double light_walk();
/// Keccak-256 of the same headers one after another, and the seals of those where validators
/// change.
double light_skip_limit();
/// The seals of all of them.
double light_walk_limit();

/// Microseconds, the median, from the question for an account among 1,000,000 to the proven answer,
/// over a link on loopback; and a round trip of that link with 2 ms.
double light_proof();
double light_proof_limit();

}  // namespace parley::bench
