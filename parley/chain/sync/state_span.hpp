// StateSpan: what is known of a part of the key space while the state is fetched: how far it is
// here, and after which block it was so. Threading: values.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/codec/rlp.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace parley::chain {

/// A block whose state is wanted, or was fetched.
struct StateBlock {
    std::uint64_t number = 0;
    Hash256 hash{};
    Hash256 root{};  ///< of its state
    friend bool operator==(const StateBlock&, const StateBlock&) = default;
};

/// The keys from `first` to `last`, both included.
struct StateSpan {
    Hash256 first{};
    Hash256 last{};
    /// The accounts up to this key are here, as they were after `base`; nothing: none.
    std::optional<Hash256> here_to;
    StateBlock base;             ///< of no meaning without `here_to`
    std::uint64_t accounts = 0;  ///< that are here

    bool is_full() const { return here_to == last; }
    friend bool operator==(const StateSpan&, const StateSpan&) = default;
};

/// The next key. Precondition: it is not the last of all.
Hash256 key_after(Hash256 key);
inline constexpr Hash256 last_of_keys = [] {
    Hash256 out{};
    out.fill(std::byte{0xff});
    return out;
}();

/// What becomes of a span when the accounts after what is here, up to `to`, have come as they were
/// after `block`. More than one: what is here becomes a span of its own when it has `accounts_max`
/// or more. Precondition: the span is not full, and what is here is as after `block`.
std::vector<StateSpan> extended(StateSpan span, const Hash256& to, std::uint64_t accounts,
                                const StateBlock& block, std::uint64_t accounts_max);
/// What becomes of a span when what is here up to `to` was brought to `block`: that part, and the
/// rest as it was. Precondition: `to` is here.
std::vector<StateSpan> moved(StateSpan span, const Hash256& to, std::uint64_t accounts,
                             const StateBlock& block);

/// As a row on disk, whose key is `first`.
Buffer encode_span(const StateSpan& span);
/// Errors: those of RLP.
Result<StateSpan, rlp::RlpError> decode_span(const Hash256& first, Bytes raw);

}  // namespace parley::chain
