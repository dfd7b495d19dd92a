#include <parley/chain/light/messages.hpp>

#include <parley/chain/sync/message_reader.hpp>
#include <parley/chain/sync/message_writer.hpp>

#include <utility>

namespace parley::chain::light {
namespace {

using sync_topic::finish;
using sync_topic::MessageReader;
using sync_topic::write_strings;

}  // namespace

SharedBytes encode(const GetHeaders& message) {
    rlp::Writer out;
    out.begin_list().number(message.id).number(message.last).number(message.count);
    return finish(out);
}

SharedBytes encode(const GetProofs& message) {
    rlp::Writer out;
    out.begin_list().number(message.id).string(Bytes{message.block}).begin_list();
    for (const auto& account : message.accounts) {
        out.begin_list().string(Bytes{account.address}).begin_list();
        for (const auto& slot : account.slots) out.string(Bytes{slot});
        out.end_list().end_list();
    }
    out.end_list();
    return finish(out);
}

SharedBytes encode(const GetInclusion& message) {
    rlp::Writer out;
    out.begin_list().number(message.id).string(Bytes{message.transaction});
    return finish(out);
}

SharedBytes encode(const Inclusion& message) {
    rlp::Writer out;
    out.begin_list().number(message.id).number(message.number).number(message.index);
    write_strings(out, message.transaction);
    write_strings(out, message.receipt);
    return finish(out);
}

SharedBytes encode(const GetBlock& message) {
    rlp::Writer out;
    out.begin_list().number(message.id).string(Bytes{message.block});
    out.number(message.with_receipts ? 1 : 0);
    return finish(out);
}

SharedBytes encode(const ConflictMessage& message) {
    rlp::Writer out;
    out.begin_list().string(Bytes{message.one}).string(Bytes{message.other});
    return finish(out);
}

Decoded<GetHeaders> decode_get_headers(Bytes message) {
    MessageReader in{message};
    GetHeaders out;
    out.id = in.u64();
    out.last = in.u64();
    out.count = in.u32(1, headers_max);
    return in.done(out);
}

Decoded<GetProofs> decode_get_proofs(Bytes message) {
    MessageReader in{message};
    GetProofs out;
    out.id = in.u64();
    out.block = in.hash();
    std::size_t slots = 0;
    in.list(1, accounts_max, [&](rlp::Reader& items) {
        auto account = in.keep(items.list());
        if (!account) return;
        GetProofs::Account one;
        one.address = {in.keep(account->fixed<20>()).value_or(ByteArray<20>{})};
        auto list = in.has_failed() ? std::nullopt : in.keep(account->list());
        while (list && !in.has_failed() && !list->at_end()) {
            if (++slots > slots_max) return in.fail_with(rlp::Errc::too_long, slots_max, slots);
            if (const auto slot = in.keep(list->fixed<32>())) one.slots.push_back(*slot);
        }
        if (!in.has_failed()) in.keep_end(account->finish());
        out.accounts.push_back(std::move(one));
    });
    return in.done(std::move(out));
}

Decoded<GetInclusion> decode_get_inclusion(Bytes message) {
    MessageReader in{message};
    GetInclusion out;
    out.id = in.u64();
    out.transaction = in.hash();
    return in.done(out);
}

Decoded<Inclusion> decode_inclusion(const SharedBytes& message) {
    MessageReader in{message};
    Inclusion out;
    out.id = in.u64();
    out.number = in.u64();
    out.index = in.u32(0, static_cast<std::uint32_t>(sync_topic::block_transactions_max));
    out.transaction = in.strings(message, proof_nodes_max);
    out.receipt = in.strings(message, proof_nodes_max);
    return in.done(std::move(out));
}

Decoded<GetBlock> decode_get_block(Bytes message) {
    MessageReader in{message};
    GetBlock out;
    out.id = in.u64();
    out.block = in.hash();
    out.with_receipts = in.boolean();
    return in.done(out);
}

Decoded<ConflictMessage> decode_conflict(const SharedBytes& message) {
    MessageReader in{message};
    ConflictMessage out;
    out.one = in.string(message);
    out.other = in.string(message);
    return in.done(std::move(out));
}

}  // namespace parley::chain::light
