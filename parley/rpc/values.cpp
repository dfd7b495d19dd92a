#include <parley/rpc/values.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace parley::rpc {

namespace {

constexpr std::size_t digits_max = 2 * sizeof(Uint256);

bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// What keeps a text from being a quantity; empty if nothing does.
std::string_view quantity_fault(std::string_view text) {
    if (!text.starts_with("0x") && !text.starts_with("0X")) return "a string without 0x";
    text.remove_prefix(2);
    if (text.empty()) return "0x without digits";
    if (!std::ranges::all_of(text, is_hex_digit)) return "a character that is no hex digit";
    if (text.size() > 1 && text.front() == '0') return "leading zeros";
    if (text.size() > digits_max) return "more than 256 bits";
    return {};
}

}  // namespace

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

std::string param_place(std::size_t index) {
    return fmt::format("params[{}]", index);
}

std::unexpected<Error> bad_value(std::string_view where, std::string_view expected,
                                 std::string_view actual) {
    return std::unexpected{Error{code::invalid_params,
                                 fmt::format("{}: expected {}, got {}", where, expected, actual)}};
}

parley::Result<std::string_view, Error> text_value(const json::value& value, std::string_view where,
                                                   std::string_view expected) {
    const auto* text = value.if_string();
    if (text == nullptr) return bad_value(where, expected, json_kind(value));
    return std::string_view{text->data(), text->size()};
}

parley::Result<Uint256, Error> quantity_value(const json::value& value, std::string_view where) {
    constexpr std::string_view expected = "a hex quantity";
    const auto text = text_value(value, where, expected);
    if (!text) return std::unexpected{text.error()};
    if (const auto fault = quantity_fault(*text); !fault.empty()) {
        return bad_value(where, expected, fault);
    }
    const auto digits = text->substr(2);
    return *array_from_hex<sizeof(Uint256)>(std::string(digits_max - digits.size(), '0') +
                                            std::string{digits});
}

parley::Result<std::uint64_t, Error> u64_value(const json::value& value, std::string_view where) {
    const auto wide = quantity_value(value, where);
    if (!wide) return std::unexpected{wide.error()};
    const auto number = to_u64(*wide);
    if (!number) return bad_value(where, "a hex quantity", "more than 64 bits");
    return *number;
}

parley::Result<Buffer, Error> data_value(const json::value& value, std::string_view where) {
    constexpr std::string_view expected = "hex data";
    const auto text = text_value(value, where, expected);
    if (!text) return std::unexpected{text.error()};
    if (!text->starts_with("0x")) return bad_value(where, expected, "a string without 0x");
    auto data = from_hex(text->substr(2));
    if (data) return std::move(*data);
    return bad_value(
        where, expected,
        text->size() % 2 != 0 ? "an odd number of digits" : "a character that is no hex digit");
}

parley::Result<Buffer, Error> data_value(const json::value& value, std::string_view where,
                                         std::size_t size) {
    auto data = data_value(value, where);
    if (!data || data->size() == size) return data;
    return bad_value(where, fmt::format("{} bytes of hex data", size),
                     fmt::format("{}", data->size()));
}

parley::Result<bool, Error> bool_value(const json::value& value, std::string_view where) {
    const auto* given = value.if_bool();
    if (given == nullptr) return bad_value(where, "true or false", json_kind(value));
    return *given;
}

}  // namespace parley::rpc
