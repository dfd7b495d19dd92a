#include <parley/chain/sync/messages.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace parley::chain::sync_topic {
namespace {

using rlp::Errc;
using rlp::Reader;
using rlp::RlpError;

/// Reads items one after the other; after an error all that follows is empty.
class MessageReader {
public:
    explicit MessageReader(Bytes message) : list_(Bytes{}) {
        if (auto list = keep(Reader::open_list(message))) list_ = *list;
    }
    std::uint64_t u64() { return take<std::uint64_t>(&Reader::u64); }
    Uint256 u256() { return take<Uint256>(&Reader::u256); }
    bool boolean() { return take<bool>(&Reader::boolean); }
    Hash256 hash() { return take<Hash256>(&Reader::fixed<32>); }
    /// From `min` to `max`.
    std::uint32_t u32(std::uint32_t min, std::uint32_t max) {
        const auto value = take<std::uint32_t>(&Reader::u32);
        if (!error_ && value > max) fail_with(Errc::too_long, max, value);
        if (!error_ && value < min) fail_with(Errc::missing_item, min, value);
        return value;
    }
    /// Calls `read(items)` until the list ends; `items` is a Reader.
    template <class Read>
    void list(std::size_t min, std::size_t max, const Read& read) {
        auto items = take<Reader>(&Reader::list, Reader{Bytes{}});
        std::size_t count = 0;
        for (; !error_ && !items.at_end(); ++count) {
            if (count == max) return fail_with(Errc::too_long, max, count + 1);
            read(items);
        }
        if (!error_ && count < min) fail_with(Errc::missing_item, min, count);
    }
    std::vector<Hash256> hashes(std::size_t min, std::size_t max) {
        std::vector<Hash256> out;
        std::set<Hash256> seen;
        list(min, max, [&](Reader& items) {
            const auto hash = keep(items.fixed<32>());
            if (!hash) return;
            if (!seen.insert(*hash).second) return fail_with(Errc::repeated_item, 0, 0);
            out.push_back(*hash);
        });
        return out;
    }
    /// Strings that share the bytes of `message`.
    std::vector<SharedBytes> strings(const SharedBytes& message, std::size_t max) {
        std::vector<SharedBytes> out;
        list(0, max, [&](Reader& items) {
            if (const auto bytes = keep(items.string())) out.push_back(message.part(*bytes));
        });
        return out;
    }
    /// A string that shares the bytes of `message`.
    SharedBytes string(const SharedBytes& message) {
        return message.part(take<Bytes>(&Reader::string));
    }
    /// An index above those before it.
    std::uint32_t index_after(Reader& items, std::optional<std::uint32_t> last) {
        const auto index = keep(items.u32());
        if (index && last && *index <= *last) fail_with(Errc::repeated_item, *last + 1, *index);
        return index.value_or(0);
    }
    template <class T>
    std::optional<T> keep(Result<T, RlpError> result) {
        if (result) return std::move(*result);
        if (!error_) error_ = result.error();
        return std::nullopt;
    }
    void fail_with(Errc why, std::uint64_t expected, std::uint64_t actual) {
        if (!error_) error_ = RlpError{why, expected, actual};
    }
    template <class T>
    Decoded<T> done(T value) {
        if (!error_) {
            if (const auto end = list_.finish(); !end) error_ = end.error();
        }
        if (error_) return std::unexpected{*error_};
        return value;
    }

private:
    template <class T>
    T take(Result<T, RlpError> (Reader::*read)(), T otherwise = T{}) {
        if (error_) return otherwise;
        auto value = keep((list_.*read)());
        return value ? std::move(*value) : std::move(otherwise);
    }

    Reader list_;
    std::optional<RlpError> error_;
};

SharedBytes finish(rlp::Writer& out) {
    out.end_list();
    return SharedBytes::own(out.take());
}

void write_strings(rlp::Writer& out, const std::vector<SharedBytes>& strings) {
    out.begin_list();
    for (const auto& string : strings) out.string(Bytes{string});
    out.end_list();
}

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
