#include <parley/chain/ledger/saved.hpp>

#include <parley/codec/rlp.hpp>

#include <string_view>

namespace parley::chain {
namespace {

constexpr std::string_view meta_table = "chain.meta";
constexpr std::string_view saved_key = "saved";

std::optional<Saved> decode_saved(Bytes raw) {
    auto in = rlp::Reader::open_list(raw);
    if (!in) return std::nullopt;
    const auto genesis = in->fixed<32>();
    const auto head = genesis ? in->fixed<32>() : std::unexpected{genesis.error()};
    const auto log_end = head ? in->u64() : std::unexpected{head.error()};
    if (!log_end || !in->finish()) return std::nullopt;
    return Saved{*genesis, *head, *log_end};
}

}  // namespace

void put_saved(StoreBatch& batch, const Saved& saved) {
    rlp::Writer out;
    out.begin_list().string(Bytes{saved.genesis}).string(Bytes{saved.head});
    out.number(saved.log_end).end_list();
    batch.put(meta_table, bytes_of(saved_key), out.take());
}

Result<std::optional<Saved>, StoreError> read_saved(Store& store) {
    const auto raw = store.get(meta_table, bytes_of(saved_key));
    if (!raw) return std::unexpected{raw.error()};
    if (!*raw) return std::nullopt;
    const auto saved = decode_saved(**raw);
    if (!saved) return fail(StoreErrc::corrupt);
    return saved;
}

}  // namespace parley::chain
