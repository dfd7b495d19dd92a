#include <parley/chain/sync/messages.hpp>

#include <parley/chain/sync/message_reader.hpp>
#include <parley/chain/sync/message_writer.hpp>

#include <algorithm>
#include <utility>

namespace parley::chain::sync_topic {
namespace {

using rlp::Errc;
using rlp::Reader;

void write_hashes(rlp::Writer& out, const std::vector<Hash256>& hashes) {
    out.begin_list();
    for (const auto& hash : hashes) out.string(Bytes{hash});
    out.end_list();
}

void write_entries(rlp::Writer& out, const std::vector<AccountEntry>& entries) {
    out.begin_list();
    for (const auto& [key, value] : entries) {
        out.begin_list().string(Bytes{key}).string(Bytes{value}).end_list();
    }
    out.end_list();
}

std::vector<AccountEntry> read_entries(MessageReader& in, const SharedBytes& message) {
    std::vector<AccountEntry> out;
    in.list(0, entries_max, [&](Reader& items) {
        auto entry = in.keep(items.list());
        if (!entry) return;
        const auto key = in.keep(entry->fixed<32>());
        if (!key) return;
        const auto value = in.keep(entry->string());
        if (!value) return;
        if (const auto end = entry->finish(); !end) return in.fail_with(end.error().code, 0, 0);
        out.push_back({*key, message.part(*value)});
    });
    return out;
}

}  // namespace

bool operator==(const Items& a, const Items& b) {
    return a.id == b.id && std::ranges::equal(a.items, b.items, [](const auto& x, const auto& y) {
               return equal(x, y);
           });
}

SharedBytes encode(const ChainStatus& message) {
    rlp::Writer out;
    out.begin_list().number(message.number).string(Bytes{message.head});
    out.number(message.total_difficulty);
    return finish(out);
}

SharedBytes encode(const GetHeaders& message) {
    rlp::Writer out;
    out.begin_list().number(message.id);
    write_hashes(out, message.from);
    out.number(std::uint64_t{message.forwards ? 1U : 0U}).number(message.count);
    return finish(out);
}

SharedBytes encode(const Items& message) {
    rlp::Writer out;
    out.begin_list().number(message.id);
    write_strings(out, message.items);
    return finish(out);
}

SharedBytes encode(const GetByHash& message) {
    rlp::Writer out;
    out.begin_list().number(message.id);
    write_hashes(out, message.hashes);
    return finish(out);
}

SharedBytes encode(const GetAccounts& message) {
    rlp::Writer out;
    out.begin_list().number(message.id).string(Bytes{message.block});
    out.string(Bytes{message.first}).string(Bytes{message.last}).number(message.bytes);
    return finish(out);
}

SharedBytes encode(const Accounts& message) {
    rlp::Writer out;
    out.begin_list().number(message.id);
    write_entries(out, message.entries);
    write_strings(out, message.proof);
    return finish(out);
}

SharedBytes encode(const GetChanges& message) {
    rlp::Writer out;
    out.begin_list().number(message.id).string(Bytes{message.from}).string(Bytes{message.to});
    out.string(Bytes{message.first}).string(Bytes{message.last}).number(message.bytes);
    return finish(out);
}

SharedBytes encode(const Changes& message) {
    rlp::Writer out;
    out.begin_list().number(message.id).string(Bytes{message.last});
    write_entries(out, message.entries);
    write_strings(out, message.proof);
    return finish(out);
}

Decoded<ChainStatus> decode_status(Bytes message) {
    MessageReader in{message};
    ChainStatus out;
    out.number = in.u64();
    out.head = in.hash();
    out.total_difficulty = in.u256();
    return in.done(out);
}

Decoded<GetHeaders> decode_get_headers(Bytes message) {
    MessageReader in{message};
    GetHeaders out;
    out.id = in.u64();
    out.from = in.hashes(1, locator_max);
    out.forwards = in.boolean();
    out.count = in.u32(1, headers_max);
    return in.done(std::move(out));
}

Decoded<Items> decode_items(const SharedBytes& message, std::size_t items_max) {
    MessageReader in{message};
    Items out;
    out.id = in.u64();
    out.items = in.strings(message, items_max);
    return in.done(std::move(out));
}

Decoded<GetByHash> decode_get_by_hash(Bytes message, std::size_t hashes_max) {
    MessageReader in{message};
    GetByHash out;
    out.id = in.u64();
    out.hashes = in.hashes(1, hashes_max);
    return in.done(std::move(out));
}

Decoded<GetAccounts> decode_get_accounts(Bytes message) {
    MessageReader in{message};
    GetAccounts out;
    out.id = in.u64();
    out.block = in.hash();
    out.first = in.hash();
    out.last = in.hash();
    out.bytes = in.u32(1, answer_bytes_max);
    return in.done(out);
}

Decoded<Accounts> decode_accounts(const SharedBytes& message) {
    MessageReader in{message};
    Accounts out;
    out.id = in.u64();
    out.entries = read_entries(in, message);
    out.proof = in.strings(message, proof_nodes_max);
    return in.done(std::move(out));
}

Decoded<GetChanges> decode_get_changes(Bytes message) {
    MessageReader in{message};
    GetChanges out;
    out.id = in.u64();
    out.from = in.hash();
    out.to = in.hash();
    out.first = in.hash();
    out.last = in.hash();
    out.bytes = in.u32(1, answer_bytes_max);
    return in.done(out);
}

Decoded<Changes> decode_changes(const SharedBytes& message) {
    MessageReader in{message};
    Changes out;
    out.id = in.u64();
    out.last = in.hash();
    out.entries = read_entries(in, message);
    out.proof = in.strings(message, proof_nodes_max);
    return in.done(std::move(out));
}

SharedBytes encode(const NewBlock& message) {
    rlp::Writer out;
    out.begin_list().string(Bytes{message.header}).number(message.salt).string(Bytes{message.ids});
    out.begin_list();
    for (const auto& [index, raw] : message.prefilled) {
        out.begin_list().number(index).string(Bytes{raw}).end_list();
    }
    out.end_list().string(Bytes{message.rest});
    return finish(out);
}

SharedBytes encode(const GetTransactions& message) {
    rlp::Writer out;
    out.begin_list().number(message.id).string(Bytes{message.block}).begin_list();
    for (const auto index : message.indexes) out.number(std::uint64_t{index});
    out.end_list();
    return finish(out);
}

Decoded<NewBlock> decode_new_block(const SharedBytes& message) {
    MessageReader in{message};
    NewBlock out;
    out.header = in.string(message);
    out.salt = in.u64();
    out.ids = in.string(message);
    if (out.ids.size() % short_id_bytes != 0) {
        in.fail_with(Errc::wrong_size, out.ids.size() / short_id_bytes * short_id_bytes,
                     out.ids.size());
    }
    std::optional<std::uint32_t> last;
    in.list(0, block_transactions_max, [&](Reader& items) {
        auto one = in.keep(items.list());
        if (!one) return;
        last = in.index_after(*one, last);
        const auto raw = in.keep(one->string());
        if (!raw) return;
        if (const auto end = one->finish(); !end) return in.fail_with(end.error().code, 0, 0);
        out.prefilled.push_back({*last, message.part(*raw)});
    });
    const auto count = out.ids.size() / short_id_bytes + out.prefilled.size();
    if (count > block_transactions_max) {
        in.fail_with(Errc::too_long, block_transactions_max, count);
    }
    if (last && *last >= count) in.fail_with(Errc::too_long, count, *last + 1);
    out.rest = in.string(message);
    return in.done(std::move(out));
}

Decoded<GetTransactions> decode_get_transactions(Bytes message) {
    MessageReader in{message};
    GetTransactions out;
    out.id = in.u64();
    out.block = in.hash();
    in.list(1, block_transactions_max, [&](Reader& items) {
        const auto last = out.indexes.empty() ? std::nullopt : std::optional{out.indexes.back()};
        out.indexes.push_back(in.index_after(items, last));
    });
    return in.done(std::move(out));
}

}  // namespace parley::chain::sync_topic
