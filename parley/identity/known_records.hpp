// KnownRecords: the records whose signatures were verified lately, so that one that comes again
// byte for byte, as with each link to the same node, is not verified again. Threading: any.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/lru.hpp>
#include <parley/identity/enr.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>

namespace parley {

/// Bounded: the SHA-256 of each, those that came least recently make way.
class KnownRecords {
public:
    /// `salt`: of the hash table; each node's another one. An entry costs its maker a signature.
    KnownRecords(std::size_t records_max, std::uint64_t salt) : known_(records_max, salt) {}

    /// As Enr::decode, of which it is told apart by its cost alone.
    Result<Enr, EnrError> decode(Bytes raw);
    /// Of records known; for tests.
    std::size_t size() const;

private:
    mutable std::mutex mutex_;
    LruMap<Hash256, bool> known_;
};

}  // namespace parley
