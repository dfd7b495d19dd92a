// Raw JSON as it comes at the Unix socket, in pieces. The first byte chooses their size and the
// second the size of a value; the rest is the stream. In whatever pieces it comes, the values are
// the same, each has brackets at its ends and fits, and what lies between them is white space.
#include <parley/rpc/json_stream.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace parley;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

struct Read {
    std::vector<std::string> values;
    bool failed = false;
    friend bool operator==(const Read&, const Read&) = default;
};

Read read_in(std::string_view text, std::size_t piece, std::size_t bytes_max) {
    rpc::JsonStream stream;
    Read out;
    while (!text.empty()) {
        stream.push(text.substr(0, piece));
        text.remove_prefix(std::min(piece, text.size()));
        while (true) {
            auto next = stream.next(bytes_max);
            out.failed = !next;
            if (!next) return out;
            if (!*next) break;
            out.values.push_back(std::move(**next));
        }
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t piece = data[0] + 1U;
    const std::size_t bytes_max = data[1] + 1U;
    const std::string text{data + 2, data + size};
    const auto whole = read_in(text, text.size() + 1, bytes_max);
    require(read_in(text, piece, bytes_max) == whole);
    require(read_in(text, 1, bytes_max) == whole);
    std::size_t at = 0;
    for (const auto& value : whole.values) {
        at = text.find_first_not_of(" \t\r\n", at);
        require(text.compare(at, value.size(), value) == 0);
        at += value.size();
        require(value.size() >= 2 && value.size() <= bytes_max);
        require(value.front() == '{' || value.front() == '[');
        require(value.back() == '}' || value.back() == ']');
    }
    return 0;
}
