#include <parley/rpc/params.hpp>

#include <fmt/format.h>

namespace parley::rpc {

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

std::unexpected<Error> bad_param(std::size_t index, std::string_view expected,
                                 std::string_view actual) {
    return std::unexpected{
        Error{code::invalid_params,
              fmt::format("params[{}]: expected {}, got {}", index, expected, actual)}};
}

parley::Result<std::string_view, Error> text_param(const Call& call, std::size_t index,
                                                   std::string_view expected) {
    if (index >= call.params.size()) return bad_param(index, expected, "nothing");
    const auto& value = call.params[index];
    const auto* text = value.if_string();
    if (text == nullptr) return bad_param(index, expected, json_kind(value));
    return std::string_view{text->data(), text->size()};
}

parley::Result<Buffer, Error> data_param(const Call& call, std::size_t index) {
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

parley::Result<Buffer, Error> data_param(const Call& call, std::size_t index, std::size_t size) {
    auto data = data_param(call, index);
    if (!data || data->size() == size) return data;
    return bad_param(index, fmt::format("{} bytes of hex data", size),
                     fmt::format("{}", data->size()));
}

parley::Result<Hash256, Error> hash_param(const Call& call, std::size_t index) {
    const auto bytes = data_param(call, index, sizeof(Hash256));
    if (!bytes) return std::unexpected{bytes.error()};
    return array_of<sizeof(Hash256)>(*bytes);
}

}  // namespace parley::rpc
