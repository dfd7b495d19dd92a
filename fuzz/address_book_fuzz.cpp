// Rows of the stored address book: the first 33 bytes are the key, the rest the value. What
// decodes must go there and back, and must be taken in by a book, or counted as unwanted.
#include <parley/discovery/book/address_book.hpp>
#include <parley/discovery/book/entry_codec.hpp>

#include <cstdlib>
#include <span>

using namespace parley;
using namespace parley::discovery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span{data, size});
    const Bytes key = input.first(std::min(input.size(), NodeId{}.size()));
    const Bytes value = input.subspan(key.size());
    const auto entry = decode_row(key, value);
    if (entry && !equal(encode_row(*entry), value)) std::abort();

    MemoryStore store;
    StoreBatch batch;
    batch.put(AddressBook::table, key, value);
    if (!store.write(batch)) std::abort();
    BookConfig config;
    config.entries_max = 640;  // small: most of the time would go into making it
    AddressBook book{config, {1, {}}, NodeId{}, Rng{1}};
    const auto report = book.load(store);
    if (!report || report->loaded + report->corrupt + report->unwanted != 1) std::abort();
    if (report->corrupt != (entry ? 0U : 1U)) std::abort();
    return 0;
}
