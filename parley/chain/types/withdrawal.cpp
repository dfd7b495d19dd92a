#include <parley/chain/types/withdrawal.hpp>

#include <parley/chain/types/item_reader.hpp>
#include <parley/codec/rlp.hpp>

namespace parley::chain {

Buffer Withdrawal::encode() const {
    rlp::Writer out;
    out.begin_list().number(index).number(validator_index);
    out.string(Bytes{address}).number(amount).end_list();
    return out.take();
}

Result<Withdrawal, BlockError> decode_withdrawal(Bytes raw) {
    ItemReader in{BlockPart::withdrawal, 0, raw};
    Withdrawal out;
    out.index = in.u64(BlockField::index);
    out.validator_index = in.u64(BlockField::validator_index);
    out.address = {in.fixed<20>(BlockField::address)};
    out.amount = in.u64(BlockField::amount);
    return in.finish(out);
}

}  // namespace parley::chain
