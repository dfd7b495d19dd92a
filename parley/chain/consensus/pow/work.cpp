#include <parley/chain/consensus/pow/work.hpp>

#include <parley/base/endian.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/crypto/keccak_batch.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>
#include <vector>

namespace parley::chain {
namespace {

constexpr std::size_t work_header_bytes_max = 1'024;
/// Places of items in a header.
constexpr std::size_t number_item = 8, mix_hash_item = 13, nonce_item = 14;
/// Headers that are hashed side by side: four rounds of the widest way that there is.
constexpr std::size_t nonces_at_once = 32;

/// Where in `whole` the payload of an item lies that is a view of it.
Result<std::size_t, rlp::RlpError> place_of(Bytes whole, Bytes item, std::size_t size_bytes) {
    const auto payload = rlp::Reader{item}.string();
    if (!payload) return std::unexpected{payload.error()};
    if (payload->size() != size_bytes) {
        return fail(rlp::Errc::wrong_size, size_bytes, payload->size());
    }
    return static_cast<std::size_t>(payload->data() - whole.data());
}

void put_nonce(MutableBytes header, const Work& work, std::uint64_t nonce) {
    store_be(header.subspan(work.nonce_at, sizeof nonce), nonce);
}

Buffer sealed(const Work& work, const Solution& solution) {
    auto out = work.header;
    std::ranges::copy(solution.mix_hash,
                      out.begin() + static_cast<std::ptrdiff_t>(work.mix_hash_at));
    put_nonce(out, work, solution.nonce);
    return out;
}

}  // namespace

Result<Work, rlp::RlpError> read_work(Bytes header, const Uint256& boundary) {
    if (header.size() > work_header_bytes_max) {
        return fail(rlp::Errc::too_long, work_header_bytes_max, header.size());
    }
    Work out{.boundary = boundary, .header = to_buffer(header)};
    auto in = rlp::Reader::open_list(header);
    if (!in) return std::unexpected{in.error()};
    rlp::Writer named;
    named.begin_list();
    for (std::size_t i = 0; i <= nonce_item || !in->at_end(); ++i) {
        const auto item = in->raw_item();
        if (!item) return std::unexpected{item.error()};
        if (i == mix_hash_item || i == nonce_item) {
            const bool is_nonce = i == nonce_item;
            const auto place =
                place_of(header, *item, is_nonce ? sizeof(std::uint64_t) : sizeof(Hash256));
            if (!place) return std::unexpected{place.error()};
            (is_nonce ? out.nonce_at : out.mix_hash_at) = *place;
            continue;
        }
        named.raw(*item);
        if (i != number_item) continue;
        const auto number = rlp::Reader{*item}.u64();
        if (!number) return std::unexpected{number.error()};
        out.number = *number;
    }
    named.end_list();
    out.name = crypto::keccak256(named.take());
    return out;
}

Work work_of(const Header& header, const Uint256& boundary) {
    auto unsealed = header;
    unsealed.mix_hash = {};
    unsealed.nonce = {};
    auto out = read_work(unsealed.encode(), boundary);
    assert(out);
    return std::move(*out);
}

Hash256 hash_of(const Work& work, const Solution& solution) {
    return crypto::keccak256(sealed(work, solution));
}

std::optional<Solution> find_nonce(const Work& work, std::uint64_t first, std::uint64_t count,
                                   const Hash256& mix_hash) {
    std::vector<Buffer> headers(nonces_at_once, sealed(work, {.mix_hash = mix_hash}));
    std::array<Bytes, nonces_at_once> inputs;
    std::ranges::copy(headers, inputs.begin());
    std::array<Hash256, nonces_at_once> hashes;
    while (count > 0) {
        const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(count, nonces_at_once));
        for (std::size_t i = 0; i < now; ++i) put_nonce(headers[i], work, first + i);
        crypto::keccak256_each(std::span{inputs}.first(now), std::span{hashes}.first(now));
        for (std::size_t i = 0; i < now; ++i) {
            if (hashes[i] <= work.boundary) {
                return Solution{.work = work.name, .nonce = first + i, .mix_hash = mix_hash};
            }
        }
        first += now;
        count -= now;
    }
    return std::nullopt;
}

}  // namespace parley::chain
