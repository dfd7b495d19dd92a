// Members of the node's replies, by JSON pointer.
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace parley::app {

/// Null if there is none.
const boost::json::value* value_at(const boost::json::value& value, std::string_view pointer);

/// Zero, empty or false where there is none of that kind.
std::string text_at(const boost::json::value& value, std::string_view pointer);
std::int64_t number_at(const boost::json::value& value, std::string_view pointer);
bool flag_at(const boost::json::value& value, std::string_view pointer);

}  // namespace parley::app
