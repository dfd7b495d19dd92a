#include <parley/chain/ledger/block_store.hpp>

#include <parley/base/endian.hpp>
#include <parley/chain/ledger/undo_record.hpp>
#include <parley/codec/rlp.hpp>

#include <algorithm>
#include <ranges>
#include <utility>

namespace parley::chain {
namespace {

Buffer number_key(std::uint64_t number) {
    Buffer out;
    append_be(out, number);
    return out;
}

Buffer encode_known(const KnownBlock& known) {
    rlp::Writer out;
    out.begin_list().raw(known.header.header.encode()).number(known.header.total_difficulty);
    out.number(known.place.offset).number(known.place.size_bytes);
    if (!known.header.notes.empty()) out.string(Bytes{known.header.notes});
    return out.end_list().take();
}

Result<KnownBlock, StoreError> decode_known(const Hash256& hash, Bytes raw) {
    const auto corrupt = fail(StoreErrc::corrupt);
    auto in = rlp::Reader::open_list(raw);
    if (!in) return corrupt;
    const auto item = in->raw_item();
    if (!item) return corrupt;
    auto header = decode_header(*item, item->size());
    const auto total = in->u256();
    const auto offset = total ? in->u64() : std::unexpected{total.error()};
    const auto size = offset ? in->u32() : std::unexpected{offset.error()};
    if (!header || !size) return corrupt;
    const auto notes = in->at_end() ? Bytes{} : in->string();
    if (!notes || !in->finish()) return corrupt;
    return KnownBlock{{std::move(*header), hash, *total, to_buffer(*notes)}, {*offset, *size}};
}

Buffer encode_place(const TxPlace& place) {
    Buffer out;
    append_be(out, place.number);
    append_be(out, place.index);
    return out;
}

/// What an overlay says of a key: null if nothing.
template <class Map, class Key>
const typename Map::mapped_type* find_in(const Map& newer, const Map& older, const Key& key) {
    for (const Map* map : {&newer, &older}) {
        const auto found = map->find(key);
        if (found != map->end()) return &found->second;
    }
    return nullptr;
}

}  // namespace

void put_header(StoreBatch& batch, const ChainHeader& header) {
    batch.put(block_table::blocks, header.hash, encode_known({header, {}}));
    batch.put(block_table::main, number_key(header.header.number), header.hash);
}

void erase_main(StoreBatch& batch, std::uint64_t number) {
    batch.erase(block_table::main, number_key(number));
}

void put_first_recent(StoreBatch& batch, const ChainHeader& header) {
    put_header(batch, header);
    batch.put(block_table::undo, header.hash, encode_undo({}));
}

std::vector<StateChanges> Route::changes() const {
    std::vector<StateChanges> out;
    out.reserve(back.size() + forward.size());
    for (const auto* block : back) out.push_back(block->changes.reversed());
    for (const auto* block : forward) out.push_back(block->changes);
    return out;
}

const RecentBlock* BlockStore::recent(const Hash256& hash) const {
    const auto found = recent_.find(hash);
    return found == recent_.end() ? nullptr : &found->second;
}

Result<std::optional<KnownBlock>, StoreError> BlockStore::find(const Hash256& hash) const {
    if (const auto* block = recent(hash)) return KnownBlock{block->header, block->place};
    if (const auto* known = find_in(unsaved_.blocks, saving_.blocks, hash)) return *known;
    const auto raw = store_.get(block_table::blocks, hash);
    if (!raw) return std::unexpected{raw.error()};
    if (!*raw) return std::nullopt;
    return decode_known(hash, **raw);
}

Result<std::optional<Hash256>, StoreError> BlockStore::main(std::uint64_t number) const {
    if (const auto* known = find_in(unsaved_.main, saving_.main, number)) return *known;
    const auto raw = store_.get(block_table::main, number_key(number));
    if (!raw) return std::unexpected{raw.error()};
    if (!*raw) return std::nullopt;
    if ((*raw)->size() != 32) return fail(StoreErrc::corrupt);
    return array_of<32>(**raw);
}

bool BlockStore::is_main(const Hash256& hash, std::uint64_t number) const {
    const auto there = main(number);
    return there && *there == hash;
}

std::optional<Route> BlockStore::route(const Hash256& head, const Hash256& target) const {
    Route out;
    const auto* fork = recent(target);
    for (; fork && !is_main(fork->header.hash, fork->header.header.number);
         fork = recent(fork->header.header.parent_hash)) {
        out.forward.push_back(fork);
    }
    if (!fork) return std::nullopt;
    std::ranges::reverse(out.forward);
    const auto* back = recent(head);
    for (; back && back != fork; back = recent(back->header.header.parent_hash)) {
        out.back.push_back(back);
    }
    if (!back) return std::nullopt;
    return out;
}

Result<std::optional<LoggedBlock>, StoreError> BlockStore::read(const Hash256& hash) const {
    const auto* block = recent(hash);
    if (block && block->has_body()) return block->logged;
    const auto known = find(hash);
    if (!known) return std::unexpected{known.error()};
    if (!*known || (*known)->place.size_bytes == 0) return std::nullopt;
    return log_.read((*known)->place);
}

Result<std::optional<TxPlace>, StoreError> BlockStore::find_transaction(const Hash256& hash) const {
    if (const auto* known = find_unsaved(hash)) return *known;
    const auto raw = store_.get(block_table::transactions, hash);
    if (!raw) return std::unexpected{raw.error()};
    if (!*raw) return std::nullopt;
    if ((*raw)->size() != 12) return fail(StoreErrc::corrupt);
    const Bytes bytes{**raw};
    return TxPlace{load_be<std::uint64_t>(bytes), load_be<std::uint32_t>(bytes.subspan(8))};
}

void BlockStore::add(RecentBlock block) {
    const auto hash = block.header.hash;
    unsaved_.blocks.insert_or_assign(hash, KnownBlock{block.header, block.place});
    unsaved_.undo.insert_or_assign(hash, true);
    recent_.insert_or_assign(hash, std::move(block));
}

void BlockStore::move_main(const std::vector<const RecentBlock*>& back,
                           const std::vector<const RecentBlock*>& forward) {
    for (const auto* block : back) {
        unsaved_.main.insert_or_assign(block->header.header.number, std::nullopt);
        set_transactions(*block, false);
    }
    for (const auto* block : forward) {
        unsaved_.main.insert_or_assign(block->header.header.number, block->header.hash);
        set_transactions(*block, true);
    }
}

void BlockStore::set_transactions(const RecentBlock& block, bool is_main) {
    const auto& transactions = block.logged.block.body.transactions;
    TxRows rows;
    rows.reserve(transactions.size());
    for (const auto& tx : transactions) {
        std::optional<TxPlace> place;
        const auto index = static_cast<std::uint32_t>(rows.size());
        if (is_main) place = TxPlace{block.header.header.number, index};
        rows.emplace_back(tx.hash, place);
    }
    std::ranges::sort(rows, {}, &TxRows::value_type::first);
    unsaved_.transactions.push_back(std::move(rows));
}

const std::optional<TxPlace>* BlockStore::find_unsaved(const Hash256& transaction) const {
    for (const auto* part : {&unsaved_, &saving_}) {
        for (const auto& rows : std::views::reverse(part->transactions)) {
            const auto found =
                std::ranges::lower_bound(rows, transaction, {}, &TxRows::value_type::first);
            if (found != rows.end() && found->first == transaction) return &found->second;
        }
    }
    return nullptr;
}

void BlockStore::forget_below(std::uint64_t head_number) {
    std::erase_if(recent_, [&](const auto& entry) {
        const bool is_old = entry.second.header.header.number + branch_depth_max < head_number;
        if (is_old) unsaved_.undo.insert_or_assign(entry.first, false);
        return is_old;
    });
}

/// By hash, as a store likes it, so that each batch changes pages of its own.
std::vector<StoreBatch> BlockStore::save_transactions(std::size_t rows_max) const {
    std::vector<const TxRows::value_type*> all;
    for (const auto& rows : unsaved_.transactions) {
        for (const auto& row : rows) all.push_back(&row);
    }
    std::ranges::stable_sort(all, {}, [](const auto* row) -> const auto& { return row->first; });
    std::vector<StoreBatch> out;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& [hash, place] = *all[i];
        if (i + 1 < all.size() && all[i + 1]->first == hash) continue;
        if (out.empty() || out.back().changes.size() >= rows_max) out.emplace_back();
        auto& batch = out.back();
        if (place) {
            batch.put(block_table::transactions, hash, encode_place(*place));
        } else {
            batch.erase(block_table::transactions, hash);
        }
    }
    return out;
}

std::vector<StoreBatch> BlockStore::begin_save(StoreBatch& batch, std::size_t rows_max) {
    for (const auto& [hash, known] : unsaved_.blocks) {
        batch.put(block_table::blocks, hash, encode_known(known));
    }
    for (const auto& [number, hash] : unsaved_.main) {
        if (hash) {
            batch.put(block_table::main, number_key(number), *hash);
        } else {
            batch.erase(block_table::main, number_key(number));
        }
    }
    for (const auto& [hash, is_kept] : unsaved_.undo) {
        const auto* block = is_kept ? recent(hash) : nullptr;
        if (block) {
            batch.put(block_table::undo, hash, encode_undo(block->changes));
        } else {
            batch.erase(block_table::undo, hash);
        }
    }
    auto before = save_transactions(rows_max);
    saving_ = std::exchange(unsaved_, {});
    return before;
}

Result<void, StoreError> BlockStore::load_recent(std::uint64_t head_number) {
    std::map<Hash256, StateChanges> undo;
    bool is_corrupt = false;
    const auto scanned = store_.scan(block_table::undo, [&](Bytes key, Bytes value) {
        auto changes = decode_undo(value);
        is_corrupt = !changes || key.size() != 32;
        if (is_corrupt) return false;
        undo.emplace(array_of<32>(key), std::move(*changes));
        return true;
    });
    if (!scanned) return scanned;
    if (is_corrupt) return fail(StoreErrc::corrupt);
    for (auto& [hash, changes] : undo) {
        const auto known = find(hash);
        if (!known) return std::unexpected{known.error()};
        if (!*known) return fail(StoreErrc::corrupt);
        if ((*known)->header.header.number + branch_depth_max < head_number) continue;
        LoggedBlock first;
        first.block.header = (*known)->header.header;
        auto logged = (*known)->place.size_bytes == 0 ? Result<LoggedBlock, StoreError>{first}
                                                      : log_.read((*known)->place);
        if (!logged) return std::unexpected{logged.error()};
        recent_.insert_or_assign(hash, RecentBlock{(*known)->header, std::move(*logged),
                                                   (*known)->place, std::move(changes)});
    }
    return {};
}

}  // namespace parley::chain
