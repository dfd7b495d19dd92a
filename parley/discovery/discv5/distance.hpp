// The key space of Node Discovery v5.1: IDs, the distance between them (XOR, as a big-endian
// number) and its logarithm. devp2p, discv5-theory.md, "Nodes, Records and Distances".
// Threading: values only.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/rng.hpp>

namespace parley::discovery::discv5 {

/// A node's address in the key space: dht_id() of its NodeId.
using Id = Hash256;
inline constexpr unsigned log_distance_max = 256;

/// The number of bits from the first one that differs to the end: 0 for equal IDs, 256 if the
/// first bit differs.
unsigned log_distance(const Id& a, const Id& b);
/// Whether `a` is nearer to `target` than `b` is.
bool closer(const Id& target, const Id& a, const Id& b);
/// A uniform choice of all IDs.
Id random_id(Rng& rng);
/// A uniform choice of the IDs at that log distance. Precondition: distance <= 256.
Id random_at_distance(const Id& from, unsigned distance, Rng& rng);

}  // namespace parley::discovery::discv5
