#include <parley/rpc/body.hpp>

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <utility>

namespace parley::rpc {

namespace {

/// What boost::json::parser does with what it reads, and a note of the ids.
class Builder {
public:
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

    Builder() { stack_.reset(); }
    Body take() { return {stack_.release(), std::move(number_ids_)}; }

    using Text = json::string_view;
    using Errors = boost::system::error_code;

    bool on_document_begin(Errors&) { return true; }
    bool on_document_end(Errors&) { return true; }
    bool on_array_begin(Errors&) {
        is_batch_ = is_batch_ || depth_ == 0;
        ++depth_;
        return true;
    }
    bool on_array_end(std::size_t size, Errors&) {
        --depth_;
        stack_.push_array(size);
        return true;
    }
    bool on_object_begin(Errors&) {
        if (depth_++ == (is_batch_ ? 1U : 0U)) number_ids_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t size, Errors&) {
        --depth_;
        stack_.push_object(size);
        return true;
    }
    bool on_key_part(Text part, std::size_t, Errors&) {
        key_ += part;
        stack_.push_chars(part);
        return true;
    }
    bool on_key(Text part, std::size_t, Errors&) {
        key_ += part;
        // Of two ids the last counts.
        if (is_id()) number_ids_.back().clear();
        is_id_ = is_id();
        key_.clear();
        stack_.push_key(part);
        return true;
    }
    bool on_string_part(Text part, std::size_t, Errors&) {
        stack_.push_chars(part);
        return true;
    }
    bool on_string(Text part, std::size_t, Errors&) {
        is_id_ = false;
        stack_.push_string(part);
        return true;
    }
    bool on_number_part(Text part, Errors&) {
        number_ += part;
        return true;
    }
    bool on_int64(std::int64_t number, Text part, Errors&) {
        note_number(part);
        stack_.push_int64(number);
        return true;
    }
    bool on_uint64(std::uint64_t number, Text part, Errors&) {
        note_number(part);
        stack_.push_uint64(number);
        return true;
    }
    bool on_double(double number, Text part, Errors&) {
        note_number(part);
        stack_.push_double(number);
        return true;
    }
    bool on_bool(bool value, Errors&) {
        is_id_ = false;
        stack_.push_bool(value);
        return true;
    }
    bool on_null(Errors&) {
        is_id_ = false;
        stack_.push_null();
        return true;
    }
    bool on_comment_part(Text, Errors&) { return true; }
    bool on_comment(Text, Errors&) { return true; }

private:
    bool is_id() const { return depth_ == (is_batch_ ? 2U : 1U) && key_ == "id"; }
    void note_number(Text part) {
        number_ += part;
        if (is_id_) number_ids_.back() = number_;
        number_.clear();
        is_id_ = false;
    }

    json::value_stack stack_;
    std::vector<std::string> number_ids_;
    std::string key_;     // what came of it
    std::string number_;  // what came of it
    std::size_t depth_ = 0;
    bool is_batch_ = false;
    bool is_id_ = false;  // the next value
};

}  // namespace

parley::Result<Body, Error> parse_body(std::string_view text, std::size_t depth_max) {
    json::parse_options options;
    options.max_depth = depth_max;
    json::basic_parser<Builder> parser{options};
    boost::system::error_code failed;
    const auto read = parser.write_some(false, text.data(), text.size(), failed);
    if (!failed && read < text.size()) failed = json::error::extra_data;
    if (!failed) return parser.handler().take();
    if (failed == json::error::too_deep) {
        return std::unexpected{
            Error{code::parse_error, fmt::format("parse error: nested deeper than {}", depth_max)}};
    }
    return std::unexpected{Error{
        code::parse_error, fmt::format("parse error: {} at byte {}", failed.message(), read)}};
}

}  // namespace parley::rpc
