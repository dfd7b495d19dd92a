#include <parley/chain/sync/answers.hpp>

#include <optional>
#include <utility>

namespace parley::chain {
namespace {

/// Of its strings' headers in RLP, and the id.
constexpr std::size_t item_overhead_bytes = 16;

std::optional<Header> header_of(const BlockStore& blocks, const Hash256& hash) {
    const auto known = blocks.find(hash);
    if (!known || !*known) return std::nullopt;
    return (*known)->header.header;
}

}  // namespace

sync_topic::Items answer_headers(const BlockStore& blocks, const sync_topic::GetHeaders& question) {
    sync_topic::Items out{question.id, {}};
    std::size_t bytes = 0;
    const auto add = [&](const Header& header) {
        auto raw = header.encode();
        bytes += raw.size() + item_overhead_bytes;
        if (bytes > sync_topic::answer_bytes_max) return false;
        out.items.push_back(SharedBytes::own(std::move(raw)));
        return out.items.size() < question.count;
    };
    for (const auto& hash : question.from) {
        auto header = header_of(blocks, hash);
        if (!header) continue;
        if (!question.forwards) {
            while (header && add(*header)) header = header_of(blocks, header->parent_hash);
            return out;
        }
        if (!blocks.is_main(hash, header->number)) continue;
        for (auto number = header->number + 1;; ++number) {
            const auto next = blocks.main(number);
            if (!next || !*next) return out;
            const auto following = header_of(blocks, **next);
            if (!following || !add(*following)) return out;
        }
    }
    return out;
}

sync_topic::Items answer_bodies(const BlockStore& blocks, const sync_topic::GetByHash& question) {
    sync_topic::Items out{question.id, {}};
    std::size_t bytes = 0;
    for (const auto& hash : question.hashes) {
        const auto block = blocks.read(hash);
        Buffer raw;
        if (block && *block) raw = (*block)->block.body.encode();
        bytes += raw.size() + item_overhead_bytes;
        // The first comes in any case: it is not larger than a message may be.
        if (bytes > sync_topic::answer_bytes_max && !out.items.empty()) break;
        out.items.push_back(SharedBytes::own(std::move(raw)));
    }
    return out;
}

}  // namespace parley::chain
