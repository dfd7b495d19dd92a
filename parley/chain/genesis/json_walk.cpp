#include <parley/chain/genesis/json_walk.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <limits>

namespace parley::chain {
namespace {

namespace json = boost::json;

/// Puts together what comes in parts. An error of its own kind ends the reading.
class WalkHandler {
public:
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

    using Text = json::string_view;
    using Errors = boost::system::error_code;
    using Kind = JsonScalar::Kind;

    explicit WalkHandler(JsonVisitor& visitor) : visitor_(visitor) {}
    bool was_ended() const { return was_ended_; }

    bool on_document_begin(Errors&) { return true; }
    bool on_document_end(Errors&) { return true; }
    bool on_object_begin(Errors& out) { return go_on(visitor_.begin_object(), out); }
    bool on_object_end(std::size_t, Errors& out) { return go_on(visitor_.end_object(), out); }
    bool on_array_begin(Errors& out) { return go_on(visitor_.begin_array(), out); }
    bool on_array_end(std::size_t, Errors& out) { return go_on(visitor_.end_array(), out); }
    bool on_key_part(Text part, std::size_t, Errors&) { return add(part); }
    bool on_key(Text part, std::size_t, Errors& out) {
        const bool wanted = visitor_.key(whole(part), strings_++);
        parts_.clear();
        return go_on(wanted, out);
    }
    bool on_string_part(Text part, std::size_t, Errors&) { return add(part); }
    bool on_string(Text part, std::size_t, Errors& out) {
        ++strings_;
        return tell(Kind::string, part, out);
    }
    bool on_number_part(Text part, Errors&) { return add(part); }
    bool on_int64(std::int64_t, Text part, Errors& out) { return tell(Kind::number, part, out); }
    bool on_uint64(std::uint64_t, Text part, Errors& out) { return tell(Kind::number, part, out); }
    bool on_double(double, Text part, Errors& out) { return tell(Kind::number, part, out); }
    bool on_bool(bool value, Errors& out) {
        return tell(Kind::boolean, value ? "true" : "false", out);
    }
    bool on_null(Errors& out) { return tell(Kind::null, "null", out); }
    bool on_comment_part(Text, Errors&) { return true; }
    bool on_comment(Text, Errors&) { return true; }

private:
    bool add(Text part) {
        parts_.append(part.data(), part.size());
        return true;
    }
    std::string_view whole(Text last) {
        if (parts_.empty()) return {last.data(), last.size()};
        add(last);
        return parts_;
    }
    bool tell(Kind kind, Text last, Errors& out) {
        const bool wanted = visitor_.scalar({kind, whole(last)});
        parts_.clear();
        return go_on(wanted, out);
    }
    bool go_on(bool wanted, Errors& out) {
        if (wanted) return true;
        was_ended_ = true;
        out = json::error::extra_data;  // the parser wants one
        return false;
    }

    JsonVisitor& visitor_;
    std::string parts_;
    std::size_t strings_ = 0;
    bool was_ended_ = false;
};

}  // namespace

Result<bool, JsonFault> walk_json(std::string_view text, std::size_t depth_max,
                                  JsonVisitor& visitor) {
    json::parse_options options;
    options.max_depth = depth_max;
    json::basic_parser<WalkHandler> parser{options, visitor};
    boost::system::error_code failed;
    const auto read = parser.write_some(false, text.data(), text.size(), failed);
    if (parser.handler().was_ended()) return false;
    if (!failed && read < text.size()) failed = json::error::extra_data;
    if (failed == json::error::too_deep) {
        return std::unexpected{JsonFault{read, "nested deeper than " + std::to_string(depth_max)}};
    }
    if (failed) return std::unexpected{JsonFault{read, failed.message()}};
    return true;
}

std::size_t json_string_offset(std::string_view text, std::size_t ordinal) {
    std::size_t at = text.find('"');
    for (; ordinal > 0; --ordinal) {
        ++at;
        while (text[at] != '"') at += text[at] == '\\' ? 2 : 1;
        at = text.find('"', at + 1);
    }
    return at;
}

}  // namespace parley::chain
