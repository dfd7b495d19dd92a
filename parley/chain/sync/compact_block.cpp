#include <parley/chain/sync/compact_block.hpp>

#include <parley/base/endian.hpp>
#include <parley/base/sip_hash.hpp>
#include <parley/crypto/hash.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace parley::chain {
namespace {

using sync_topic::short_id_bytes;

constexpr unsigned short_id_bits = 8 * short_id_bytes;

/// The beginning of keccak256(hash of the header | salt).
SipKey id_key(const Hash256& header, std::uint64_t salt) {
    Buffer input = to_buffer(header);
    ByteArray<8> end;
    store_be(MutableBytes{end}, salt);
    input.insert(input.end(), end.begin(), end.end());
    const auto key = crypto::keccak256(input);
    return {load_be<std::uint64_t>(Bytes{key}.first(8)),
            load_be<std::uint64_t>(Bytes{key}.subspan(8, 8))};
}

std::uint64_t id_of(SipKey key, const Hash256& hash) {
    return sip_hash(key, hash) & ((1ULL << short_id_bits) - 1);
}

std::uint64_t read_id(Bytes bytes) {
    ByteArray<8> wide{};
    std::ranges::copy(bytes, wide.end() - short_id_bytes);
    return load_be<std::uint64_t>(Bytes{wide});
}

void append_id(Buffer& out, std::uint64_t id) {
    ByteArray<8> wide;
    store_be(MutableBytes{wide}, id);
    out.insert(out.end(), wide.end() - short_id_bytes, wide.end());
}

}  // namespace

std::string message(const CompactError& error) {
    switch (error.code) {
        case CompactErrc::header:
            return "no header";
        case CompactErrc::rest:
            return "no body without transactions";
        case CompactErrc::transaction:
            return fmt::format("no transaction at place {}", error.expected);
        case CompactErrc::repeated_id:
            return "two transactions with one short id";
    }
    return "malformed";
}

sync_topic::NewBlock make_compact(const Block& block, std::uint64_t salt,
                                  const std::function<bool(const Hash256&)>& is_common) {
    sync_topic::NewBlock out;
    const auto key = id_key(block.header.hash(), salt);
    Buffer ids;
    const auto& transactions = block.body.transactions;
    for (std::uint32_t i = 0; i < transactions.size(); ++i) {
        if (is_common(transactions[i].hash)) {
            append_id(ids, id_of(key, transactions[i].hash));
        } else {
            out.prefilled.push_back({i, transactions[i].raw});
        }
    }
    out.header = SharedBytes::own(block.header.encode());
    out.salt = salt;
    out.ids = SharedBytes::own(std::move(ids));
    const Body rest{{}, block.body.ommers, block.body.withdrawals};
    out.rest = SharedBytes::own(rest.encode());
    return out;
}

SharedBytes compact_form(const Block& block, std::uint64_t salt) {
    return sync_topic::encode(make_compact(block, salt, [](const Hash256&) { return true; }));
}

std::optional<std::vector<SharedBytes>> transactions_at(const Block& block,
                                                        const std::vector<std::uint32_t>& places,
                                                        std::size_t bytes_max) {
    const auto& transactions = block.body.transactions;
    if (!places.empty() && places.back() >= transactions.size()) return std::nullopt;
    std::vector<SharedBytes> out;
    std::size_t bytes = 0;
    for (const auto place : places) {
        bytes += transactions[place].raw.size();
        if (bytes > bytes_max) break;
        out.push_back(transactions[place].raw);
    }
    return out;
}

Result<CompactBlock, CompactError> CompactBlock::read(const sync_topic::NewBlock& message,
                                                      const BlockLimits& limits) {
    CompactBlock out;
    auto header = decode_header(message.header, limits.extra_data_bytes_max);
    if (!header) return fail(CompactErrc::header);
    auto rest = decode_body(SharedBytes::copy(message.rest), limits);
    if (!rest || !rest->transactions.empty()) return fail(CompactErrc::rest);
    out.block_ = {std::move(*header), std::move(*rest)};
    out.salt_ = message.salt;
    const auto ids = message.ids.size() / short_id_bytes;
    out.block_.body.transactions.resize(ids + message.prefilled.size());
    out.have_.resize(ids + message.prefilled.size());
    for (const auto& [place, raw] : message.prefilled) {
        if (auto ok = out.put(place, SharedBytes::copy(raw)); !ok) {
            return std::unexpected{ok.error()};
        }
    }
    std::size_t at = 0;
    for (std::uint32_t place = 0; place < out.have_.size(); ++place) {
        if (out.have_[place]) continue;
        const auto id = Bytes{message.ids}.subspan(at++ * short_id_bytes, short_id_bytes);
        out.wanted_.emplace_back(read_id(id), place);
    }
    std::ranges::sort(out.wanted_);
    const auto same = std::ranges::adjacent_find(
        out.wanted_, [](const auto& a, const auto& b) { return a.first == b.first; });
    if (same != out.wanted_.end()) return fail(CompactErrc::repeated_id);
    return out;
}

void CompactBlock::fill_from(const Pool& pool) {
    const auto key = id_key(block_.header.hash(), salt_);
    std::vector<bool> twice(have_.size());
    pool([&](const Hash256& hash, const SharedBytes& raw) {
        const auto id = id_of(key, hash);
        const auto found = std::ranges::lower_bound(
            wanted_, id, {}, &std::pair<std::uint64_t, std::uint32_t>::first);
        if (found == wanted_.end() || found->first != id || twice[found->second]) return;
        const auto place = found->second;
        if (have_[place] && block_.body.transactions[place].hash == hash) return;
        twice[place] = have_[place];
        if (twice[place]) {
            have_[place] = false;
        } else {
            (void)put(place, raw);
        }
    });
}

std::vector<std::uint32_t> CompactBlock::missing() const {
    std::vector<std::uint32_t> out;
    for (std::uint32_t place = 0; place < have_.size(); ++place) {
        if (!have_[place]) out.push_back(place);
    }
    return out;
}

Result<void, CompactError> CompactBlock::fill(const std::vector<std::uint32_t>& places,
                                              const std::vector<SharedBytes>& raws) {
    for (std::size_t i = 0; i < std::min(places.size(), raws.size()); ++i) {
        if (auto ok = put(places[i], SharedBytes::copy(raws[i])); !ok) return ok;
    }
    return {};
}

Result<void, CompactError> CompactBlock::put(std::uint32_t place, const SharedBytes& raw) {
    auto tx = decode_transaction(raw);
    if (!tx) return fail(CompactErrc::transaction, place);
    block_.body.transactions[place] = std::move(*tx);
    have_[place] = true;
    return {};
}

}  // namespace parley::chain
