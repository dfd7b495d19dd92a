// Crowd: the records of a million nodes, and what advertises them. Only the first record is really
// signed: a million signatures would take a minute, and the book is handed records that were
// verified before, so that it sees no difference.
#pragma once

#include <parley/discovery/book/address_book.hpp>
#include <parley/identity/enr.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace parley::bench {

class Crowd {
public:
    static constexpr std::uint64_t network = 7;
    static constexpr std::size_t sources = 4096;

    Crowd();

    /// The next node's: at a random public IPv4 address.
    Buffer next_record();
    /// One of the sources, each in a network group of its own.
    const discovery::Source& any_source();

private:
    IpAddress public_address();

    Rng rng_{1};
    Buffer pattern_;
    std::size_t key_at_, signature_at_, address_at_, port_at_;
    std::vector<discovery::Source> sources_;
};

/// A book with room for a million: of random places many are taken before all are.
discovery::AddressBook book_for_a_million();

}  // namespace parley::bench
