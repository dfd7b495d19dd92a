#include <parley/chain/txpool/messages.hpp>

#include <algorithm>

namespace parley::chain::tx_topic {

SharedBytes encode_hashes(const std::vector<Hash256>& hashes) {
    rlp::Writer writer;
    writer.begin_list();
    for (const auto& hash : hashes) writer.string(Bytes{hash});
    writer.end_list();
    return SharedBytes::own(writer.take());
}

Result<std::vector<Hash256>, rlp::RlpError> decode_hashes(Bytes message, std::size_t hashes_min) {
    auto list = rlp::Reader::open_list(message);
    if (!list) return std::unexpected{list.error()};
    std::vector<Hash256> hashes;
    hashes.reserve(std::min(hashes_max, message.size() / 33 + 1));
    while (!list->at_end()) {
        if (hashes.size() == hashes_max) {
            return fail(rlp::Errc::too_long, hashes_max, hashes_max + 1);
        }
        const auto hash = list->fixed<32>();
        if (!hash) return std::unexpected{hash.error()};
        hashes.push_back(*hash);
    }
    auto sorted = hashes;
    std::ranges::sort(sorted);
    if (std::ranges::adjacent_find(sorted) != sorted.end())
        return fail(rlp::Errc::repeated_item, 0, 0);
    if (hashes.size() < hashes_min) return fail(rlp::Errc::missing_item, hashes_min, hashes.size());
    return hashes;
}

}  // namespace parley::chain::tx_topic
