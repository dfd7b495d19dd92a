#include <parley/node/rpc/block_ref.hpp>

#include <parley/rpc/params.hpp>

#include <optional>
#include <string>
#include <utility>

namespace parley::node {

namespace {

constexpr std::string_view number_expected = "a block number or tag";
constexpr std::string_view ref_expected = "a block number, tag or hash";
constexpr std::size_t hash_chars = 2 + 2 * sizeof(Hash256);

std::optional<BlockTag> tag_of(std::string_view text) {
    constexpr std::pair<std::string_view, BlockTag> tags[] = {
        {"earliest", BlockTag::earliest}, {"finalized", BlockTag::finalized},
        {"safe", BlockTag::safe},         {"latest", BlockTag::latest},
        {"pending", BlockTag::pending},
    };
    for (const auto& [name, tag] : tags) {
        if (name == text) return tag;
    }
    return std::nullopt;
}

Result<BlockRef, rpc::Error> number_or_tag(const rpc::json::value& given, std::string_view where,
                                           std::string_view expected) {
    const auto text = rpc::text_value(given, where, expected);
    if (!text) return std::unexpected{text.error()};
    if (const auto tag = tag_of(*text)) return BlockRef{*tag};
    if (!text->starts_with("0x")) return rpc::bad_value(where, expected, "another string");
    const auto number = rpc::u64_value(given, where);
    if (!number) return std::unexpected{number.error()};
    return BlockRef{*number};
}

Result<BlockRef, rpc::Error> ref_by_hash(const rpc::json::value& given, std::string_view where,
                                         bool must_be_main) {
    const auto bytes = rpc::data_value(given, where, sizeof(Hash256));
    if (!bytes) return std::unexpected{bytes.error()};
    return BlockRef{BlockByHash{array_of<sizeof(Hash256)>(*bytes), must_be_main}};
}

Result<BlockRef, rpc::Error> ref_from_object(const rpc::json::object& object,
                                             std::string_view where) {
    const auto* number = object.if_contains("blockNumber");
    const auto* hash = object.if_contains("blockHash");
    if ((number == nullptr) == (hash == nullptr)) {
        return rpc::bad_value(where, "either blockHash or blockNumber",
                              number == nullptr ? "neither" : "both");
    }
    const std::string place{where};
    if (number != nullptr) return number_or_tag(*number, place + ".blockNumber", number_expected);
    bool must_be_main = false;
    if (const auto* given = object.if_contains("requireCanonical")) {
        const auto flag = rpc::bool_value(*given, place + ".requireCanonical");
        if (!flag) return std::unexpected{flag.error()};
        must_be_main = *flag;
    }
    return ref_by_hash(*hash, place + ".blockHash", must_be_main);
}

}  // namespace

Result<BlockRef, rpc::Error> read_block_number(const rpc::json::value& given,
                                               std::string_view where) {
    return number_or_tag(given, where, number_expected);
}

Result<BlockRef, rpc::Error> read_block_ref(const rpc::json::value& given, std::string_view where) {
    if (const auto* object = given.if_object()) return ref_from_object(*object, where);
    const auto* text = given.if_string();
    if (text != nullptr && text->size() == hash_chars) return ref_by_hash(given, where, false);
    return number_or_tag(given, where, ref_expected);
}

Result<BlockRef, rpc::Error> block_number_param(const rpc::Call& call, std::size_t index) {
    if (index >= call.params.size()) return rpc::bad_param(index, number_expected, "nothing");
    return read_block_number(call.params[index], rpc::param_place(index));
}

Result<BlockRef, rpc::Error> block_param(const rpc::Call& call, std::size_t index) {
    const auto* given = rpc::optional_param(call, index);
    if (given == nullptr) return BlockRef{BlockTag::latest};
    return read_block_ref(*given, rpc::param_place(index));
}

}  // namespace parley::node
