#include <parley/chain/trie/node.hpp>

#include <parley/base/overloaded.hpp>

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace parley::chain::trie {
namespace {

constexpr std::size_t branch_items = 17;
constexpr std::size_t branch_ways_min = 2;
constexpr std::size_t branch_bytes_usual = 532;  // 16 hashes and no value
constexpr std::size_t leaf_bytes_usual = 128;    // an account
constexpr std::byte first_list_prefix{0xc0};
constexpr std::byte empty_string_prefix{0x80};
constexpr std::byte hash_prefix{0xa0};

std::unexpected<TrieError> rlp_failure(const rlp::RlpError& error) {
    return fail(TrieErrc::rlp, 0, static_cast<std::uint64_t>(error.code));
}

Result<Reference, TrieError> to_reference(Bytes item) {
    if (item.size() == 33 && item[0] == hash_prefix) {
        return Reference::hash(array_of<32>(item.subspan(1)));
    }
    if (item.size() == 1 && item[0] == empty_string_prefix) return Reference{};
    if (item[0] < first_list_prefix || item.size() >= 32) return fail(TrieErrc::bad_reference);
    return Reference::embedded(item);
}

Result<Node, TrieError> decode_branch(const std::array<Bytes, branch_items>& items) {
    Branch out;
    for (std::size_t i = 0; i < 16; ++i) {
        auto child = to_reference(items[i]);
        if (!child) return std::unexpected{child.error()};
        out.children[i] = *child;
    }
    rlp::Reader last{items[16]};
    const auto value = last.string();
    if (!value) return rlp_failure(value.error());
    out.value = to_buffer(*value);
    const auto children =
        std::ranges::count_if(out.children, [](const Reference& child) { return !child.empty(); });
    const auto ways = static_cast<std::size_t>(children) + (out.value.empty() ? 0U : 1U);
    if (ways < branch_ways_min) return fail(TrieErrc::bad_branch, branch_ways_min, ways);
    return out;
}

Result<Node, TrieError> decode_short(Bytes path_item, Bytes second) {
    const auto path = rlp::Reader{path_item}.string();
    if (!path) return rlp_failure(path.error());
    const auto compact = from_compact(*path);
    if (!compact) return fail(TrieErrc::bad_path);
    if (compact->is_leaf) {
        const auto value = rlp::Reader{second}.string();
        if (!value) return rlp_failure(value.error());
        if (value->empty()) return fail(TrieErrc::empty_value);
        return Leaf{compact->nibbles, to_buffer(*value)};
    }
    const auto child = to_reference(second);
    if (!child) return std::unexpected{child.error()};
    if (child->empty() || compact->nibbles.empty()) return fail(TrieErrc::bad_extension);
    return Extension{compact->nibbles, *child};
}

void write_reference(rlp::Writer& out, const Reference& reference) {
    assert(!reference.is_changed());
    if (reference.empty() || reference.is_hash()) {
        out.string(reference.bytes());
    } else {
        out.raw(reference.bytes());
    }
}

}  // namespace

std::string message(const TrieError& error) {
    switch (error.code) {
        case TrieErrc::rlp:
            return "trie node: " + rlp::message({static_cast<rlp::Errc>(error.actual)});
        case TrieErrc::bad_items:
            return fmt::format("trie node of {} items, expected 2 or 17", error.actual);
        case TrieErrc::bad_path:
            return "trie node: path is not in compact form";
        case TrieErrc::empty_value:
            return "trie node: leaf without a value";
        case TrieErrc::bad_reference:
            return "trie node: a child is neither a hash nor a node of less than 32 bytes";
        case TrieErrc::bad_extension:
            return "trie node: extension without nibbles or child";
        case TrieErrc::bad_branch:
            return fmt::format("trie node: branch of {} ways out, expected {}", error.actual,
                               error.expected);
        case TrieErrc::too_deep:
            return "trie: a path is longer than any key";
        case TrieErrc::missing_node:
            return fmt::format("trie: node after {} nibbles is missing", error.actual);
        case TrieErrc::wrong_hash:
            return fmt::format("trie: node after {} nibbles has another hash", error.actual);
        case TrieErrc::store:
            return "trie: the store cannot be read";
        case TrieErrc::too_many_nodes:
            return fmt::format("proof of {} nodes, expected {}", error.actual, error.expected);
        case TrieErrc::unordered_keys:
            return fmt::format("range: key {} is not above what comes before it", error.actual);
        case TrieErrc::missing_entries:
            return "range: empty, but the proof shows that keys follow";
        case TrieErrc::wrong_root:
            return "range: its entries and its proof give another root";
    }
    return "trie: malformed";
}

Result<Node, TrieError> decode_node(Bytes rlp) {
    auto list = rlp::Reader::open_list(rlp);
    if (!list) return rlp_failure(list.error());
    std::array<Bytes, branch_items> items;
    std::size_t count = 0;
    for (; !list->at_end(); ++count) {
        const auto item = list->raw_item();
        if (!item) return rlp_failure(item.error());
        if (count < items.size()) items[count] = *item;
    }
    if (count == 2) return decode_short(items[0], items[1]);
    if (count == branch_items) return decode_branch(items);
    return fail(TrieErrc::bad_items, branch_items, count);
}

Buffer encode_node(const Node& node) {
    Buffer start;
    start.reserve(std::holds_alternative<Branch>(node) ? branch_bytes_usual : leaf_bytes_usual);
    rlp::Writer out{std::move(start)};
    out.begin_list();
    std::visit(overloaded{
                   [&](const Leaf& leaf) {
                       out.string(Bytes{leaf.suffix.to_compact(true)}).string(leaf.value);
                   },
                   [&](const Extension& extension) {
                       out.string(Bytes{extension.run.to_compact(false)});
                       write_reference(out, extension.child);
                   },
                   [&](const Branch& branch) {
                       for (const auto& child : branch.children) write_reference(out, child);
                       out.string(branch.value);
                   },
               },
               node);
    out.end_list();
    return out.take();
}

}  // namespace parley::chain::trie
