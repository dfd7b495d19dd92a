#include <parley/node/rpc/rpc_params.hpp>

#include <fmt/format.h>

namespace parley::node {

std::string_view json_kind(const json::value& value) {
    switch (value.kind()) {
        case json::kind::null:
            return "null";
        case json::kind::bool_:
            return "boolean";
        case json::kind::string:
            return "string";
        case json::kind::array:
            return "array";
        case json::kind::object:
            return "object";
        default:
            return "number";
    }
}

std::unexpected<RpcError> bad_param(std::size_t index, std::string_view expected,
                                    std::string_view actual) {
    return std::unexpected{
        RpcError{rpc_code::invalid_params,
                 fmt::format("params[{}]: expected {}, got {}", index, expected, actual)}};
}

Result<std::string_view, RpcError> text_param(const RpcCall& call, std::size_t index,
                                              std::string_view expected) {
    if (index >= call.params.size()) return bad_param(index, expected, "nothing");
    const auto& value = call.params[index];
    const auto* text = value.if_string();
    if (text == nullptr) return bad_param(index, expected, json_kind(value));
    return std::string_view{text->data(), text->size()};
}

Result<Buffer, RpcError> data_param(const RpcCall& call, std::size_t index) {
    constexpr std::string_view expected = "hex data";
    const auto text = text_param(call, index, expected);
    if (!text) return std::unexpected{text.error()};
    if (!text->starts_with("0x")) return bad_param(index, expected, "a string without 0x");
    auto data = from_hex(text->substr(2));
    if (data) return std::move(*data);
    return bad_param(
        index, expected,
        text->size() % 2 != 0 ? "an odd number of digits" : "a character that is no hex digit");
}

namespace {

template <std::size_t N>
Result<ByteArray<N>, RpcError> array_param(const RpcCall& call, std::size_t index) {
    const auto data = data_param(call, index);
    if (!data) return std::unexpected{data.error()};
    if (data->size() != N) {
        return bad_param(index, fmt::format("{} bytes of hex data", N),
                         fmt::format("{}", data->size()));
    }
    return array_of<N>(*data);
}

}  // namespace

Result<Hash256, RpcError> hash_param(const RpcCall& call, std::size_t index) {
    return array_param<32>(call, index);
}

Result<chain::Address, RpcError> address_param(const RpcCall& call, std::size_t index) {
    const auto bytes = array_param<20>(call, index);
    if (!bytes) return std::unexpected{bytes.error()};
    return chain::Address{*bytes};
}

Result<NodeId, RpcError> peer_param(const RpcCall& call, std::size_t index) {
    constexpr std::string_view expected = "a node's ID, \"ID@address:port\" or \"enr:...\"";
    const auto text = text_param(call, index, expected);
    if (!text) return std::unexpected{text.error()};
    auto id = NodeId::parse(*text);
    if (!id) {
        const auto target = Target::parse(*text);
        if (!target) return bad_param(index, expected, "another string");
        id = target->id;
    }
    if (*id == call.node.id()) {
        return std::unexpected{RpcError{rpc_code::refused, "that is this node itself"}};
    }
    return *id;
}

}  // namespace parley::node
