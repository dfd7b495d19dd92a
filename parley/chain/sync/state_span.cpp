#include <parley/chain/sync/state_span.hpp>

#include <algorithm>
#include <cassert>

namespace parley::chain {

Hash256 key_after(Hash256 key) {
    assert(key != last_of_keys);
    for (std::size_t i = key.size(); i-- > 0;) {
        key[i] = static_cast<std::byte>(std::to_integer<unsigned>(key[i]) + 1);
        if (key[i] != std::byte{0}) break;
    }
    return key;
}

std::vector<StateSpan> extended(StateSpan span, const Hash256& to, std::uint64_t accounts,
                                const StateBlock& block, std::uint64_t accounts_max) {
    assert(!span.is_full() && (!span.here_to || span.base.root == block.root));
    span.here_to = to;
    span.base = block;
    span.accounts += accounts;
    if (span.is_full() || span.accounts < accounts_max) return {span};
    StateSpan rest;
    rest.first = key_after(to);
    rest.last = span.last;
    span.last = to;
    return {span, rest};
}

std::vector<StateSpan> moved(StateSpan span, const Hash256& to, std::uint64_t accounts,
                             const StateBlock& block) {
    assert(span.here_to && to <= *span.here_to);
    StateSpan rest = span;
    span.base = block;
    span.accounts = accounts;
    if (to == *span.here_to) return {span};
    rest.first = key_after(to);
    rest.accounts -= std::min(rest.accounts, accounts);
    span.last = to;
    span.here_to = to;
    return {span, rest};
}

Buffer encode_span(const StateSpan& span) {
    rlp::Writer out;
    out.begin_list().string(Bytes{span.last});
    out.string(span.here_to ? Bytes{*span.here_to} : Bytes{});
    out.number(span.base.number).string(Bytes{span.base.hash}).string(Bytes{span.base.root});
    out.number(span.accounts).end_list();
    return out.take();
}

Result<StateSpan, rlp::RlpError> decode_span(const Hash256& first, Bytes raw) {
    StateSpan out;
    out.first = first;
    auto in = rlp::Reader::open_list(raw);
    if (!in) return std::unexpected{in.error()};
    const auto last = in->fixed<32>();
    if (!last) return std::unexpected{last.error()};
    const auto here_to = in->string();
    if (!here_to) return std::unexpected{here_to.error()};
    if (!here_to->empty() && here_to->size() != 32) {
        return std::unexpected{rlp::RlpError{rlp::Errc::wrong_size, 32, here_to->size()}};
    }
    const auto number = in->u64();
    if (!number) return std::unexpected{number.error()};
    const auto hash = in->fixed<32>();
    if (!hash) return std::unexpected{hash.error()};
    const auto root = in->fixed<32>();
    if (!root) return std::unexpected{root.error()};
    const auto accounts = in->u64();
    if (!accounts) return std::unexpected{accounts.error()};
    if (const auto end = in->finish(); !end) return std::unexpected{end.error()};
    out.last = *last;
    if (!here_to->empty()) out.here_to = array_of<32>(*here_to);
    out.base = {*number, *hash, *root};
    out.accounts = *accounts;
    return out;
}

}  // namespace parley::chain
