#include <parley/rpc/json_stream.hpp>

#include <algorithm>

namespace parley::rpc {

namespace {

constexpr std::string_view white_space = " \t\r\n";

bool opens(char c) {
    return c == '{' || c == '[';
}

}  // namespace

void JsonStream::push(std::string_view bytes) {
    // What was given makes room first, so that each byte is moved about once.
    if (begin_ > 0) {
        buffer_.erase(0, begin_);
        read_ -= begin_;
        begin_ = 0;
    }
    buffer_ += bytes;
}

parley::Result<std::optional<std::string>, JsonStreamErrc> JsonStream::next(std::size_t bytes_max) {
    if (depth_ == 0) {
        begin_ = std::min(buffer_.find_first_not_of(white_space, begin_), buffer_.size());
        read_ = begin_;
        if (begin_ == buffer_.size()) return std::nullopt;
        if (!opens(buffer_[begin_])) return std::unexpected{JsonStreamErrc::not_json};
    }
    const bool whole = find_end();
    if (read_ - begin_ > bytes_max) return std::unexpected{JsonStreamErrc::too_large};
    if (!whole) return std::nullopt;
    auto text = buffer_.substr(begin_, read_ - begin_);
    begin_ = read_;
    return text;
}

bool JsonStream::find_end() {
    while (read_ < buffer_.size()) {
        const char c = buffer_[read_++];
        if (escaped_) {
            escaped_ = false;
        } else if (in_string_) {
            escaped_ = c == '\\';
            in_string_ = c != '"';
        } else if (c == '"') {
            in_string_ = true;
        } else if (opens(c)) {
            ++depth_;
        } else if ((c == '}' || c == ']') && --depth_ == 0) {
            return true;
        }
    }
    return false;
}

std::optional<bool> begins_json(std::string_view bytes) {
    const auto first = bytes.find_first_not_of(white_space);
    if (first == std::string_view::npos) return std::nullopt;
    return opens(bytes[first]);
}

}  // namespace parley::rpc
