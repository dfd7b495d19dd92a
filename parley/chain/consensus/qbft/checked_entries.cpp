#include <parley/chain/consensus/qbft/checked_entries.hpp>

#include <parley/base/endian.hpp>
#include <parley/crypto/hash.hpp>

#include <utility>

namespace parley::chain::qbft {
namespace {

constexpr std::size_t sum_bytes = 8;
static_assert(entry_header_bytes == sizeof(std::uint32_t) + sum_bytes);

}  // namespace

Result<void, StoreError> append_entry(AppendLog& file, Bytes text) {
    Buffer entry;
    append_be(entry, static_cast<std::uint32_t>(text.size()));
    append(entry, Bytes{crypto::keccak256(text)}.first(sum_bytes));
    append(entry, text);
    if (const auto added = file.append(entry); !added) return added;
    return file.sync();
}

Result<std::uint64_t, StoreError> read_entries(const AppendLog& file,
                                               const std::function<bool(SharedBytes)>& take) {
    std::uint64_t at = 0;
    while (file.size_bytes() - at >= entry_header_bytes) {
        const auto header = file.read(at, entry_header_bytes);
        if (!header) return std::unexpected{header.error()};
        const std::size_t size = load_be<std::uint32_t>(*header);
        if (size > entry_text_bytes_max || file.size_bytes() - at - entry_header_bytes < size) {
            break;
        }
        auto text = file.read(at + entry_header_bytes, size);
        if (!text) return std::unexpected{text.error()};
        if (!equal(Bytes{crypto::keccak256(*text)}.first(sum_bytes), Bytes{*header}.subspan(4))) {
            break;
        }
        if (!take(SharedBytes::own(std::move(*text)))) break;
        at += entry_header_bytes + size;
    }
    return at;
}

}  // namespace parley::chain::qbft
