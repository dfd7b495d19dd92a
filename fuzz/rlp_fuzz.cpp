// RLP: whatever the bytes, reading stays inside them, and what is valid has one encoding only.
#include <parley/codec/rlp.hpp>

#include <cstdlib>
#include <span>

using namespace parley;

namespace {

/// Reads everything in a list and writes it again.
void copy_items(rlp::Reader reader, rlp::Writer& writer) {
    while (!reader.at_end()) {
        if (reader.next_is_list()) {
            const auto list = reader.list();
            if (!list) std::abort();
            writer.begin_list();
            copy_items(*list, writer);
            writer.end_list();
        } else {
            const auto bytes = reader.string();
            if (!bytes) std::abort();
            writer.string(*bytes);
        }
    }
}

/// Each typed read on its own copy, errors and all.
void read_typed(Bytes input) {
    const rlp::Reader start{input};
    (void)rlp::Reader{start}.u16();
    (void)rlp::Reader{start}.u32();
    const auto number = rlp::Reader{start}.u64();
    const auto wide = rlp::Reader{start}.u256();
    if (number &&
        (!wide || rlp::Writer{}.number(*number).take() != rlp::Writer{}.number(*wide).take())) {
        std::abort();
    }
    (void)rlp::Reader{start}.boolean();
    (void)rlp::Reader{start}.fixed<20>();
    (void)rlp::Reader{start}.string_up_to(8);
    (void)rlp::Reader::open_list(input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span{data, size});
    read_typed(input);
    if (!rlp::validate(input)) return 0;
    rlp::Writer writer;
    copy_items(rlp::Reader{input}, writer);
    if (!equal(writer.take(), input)) std::abort();
    return 0;
}
