// Items that may not be there, in messages, records and snapshots: a digest is an empty string or
// 32 bytes, a block that was prepared `[]` or `[round, digest]`. Threading: pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/chain/consensus/qbft/messages.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/codec/rlp_fields.hpp>

#include <optional>

namespace parley::chain::qbft {

inline void write_digest(rlp::Writer& out, const std::optional<Hash256>& digest) {
    out.string(digest ? Bytes{*digest} : Bytes{});
}

inline void write_prepared(rlp::Writer& out, const std::optional<PreparedRound>& prepared) {
    out.begin_list();
    if (prepared) out.number(prepared->round).string(Bytes{prepared->digest});
    out.end_list();
}

/// What is wrong in it has this name.
template <class Field>
std::optional<PreparedRound> read_prepared(rlp::Fields<Field>& in, Field field) {
    auto list = in.list(field);
    if (list.at_end()) return std::nullopt;
    PreparedRound out;
    out.round = list.u32(field);
    out.digest = list.template fixed<32>(field);
    list.finish();
    return out;
}

}  // namespace parley::chain::qbft
