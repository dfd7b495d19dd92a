#include "client/json_at.hpp"

namespace parley::app {

namespace json = boost::json;

const json::value* value_at(const json::value& value, std::string_view pointer) {
    boost::system::error_code error;
    return value.find_pointer(pointer, error);
}

std::string text_at(const json::value& value, std::string_view pointer) {
    const auto* found = value_at(value, pointer);
    const auto* text = found == nullptr ? nullptr : found->if_string();
    return text == nullptr ? std::string{} : std::string{text->data(), text->size()};
}

std::int64_t number_at(const json::value& value, std::string_view pointer) {
    const auto* found = value_at(value, pointer);
    boost::system::error_code error;
    const auto number = found == nullptr ? 0 : found->to_number<std::int64_t>(error);
    return error ? 0 : number;
}

bool flag_at(const json::value& value, std::string_view pointer) {
    const auto* found = value_at(value, pointer);
    return found != nullptr && found->is_bool() && found->get_bool();
}

}  // namespace parley::app
