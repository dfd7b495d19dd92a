#include <parley/rpc/json_stream.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace parley;
using rpc::JsonStream;
using rpc::JsonStreamErrc;

namespace {

/// All values of a text that comes in pieces of that size; the last is "!" after an error.
std::vector<std::string> values_of(std::string_view text, std::size_t piece,
                                   std::size_t bytes_max = 1000) {
    JsonStream stream;
    std::vector<std::string> out;
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
        stream.push(text.substr(0, piece));
        while (true) {
            auto next = stream.next(bytes_max);
            if (!next) {
                out.emplace_back("!");
                return out;
            }
            if (!*next) break;
            out.push_back(std::move(**next));
        }
    }
    return out;
}

using Values = std::vector<std::string>;

}  // namespace

TEST_CASE("json stream: values end where their brackets do, however they arrive") {
    const std::string text =
        " {\"a\":[1,{}]}\n[{}]{} \r\n\t{\"}\":\"]\\\"}\\\\\"}{\"b\":\"\\u007b\"} [\n]";
    const Values values{R"({"a":[1,{}]})",   "[{}]", "{}", R"({"}":"]\"}\\"})",
                        R"({"b":"\u007b"})", "[\n]"};
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U}) {
        CAPTURE(piece);
        CHECK(values_of(text, piece) == values);
    }
}

TEST_CASE("json stream: what begins with no bracket ends it") {
    CHECK(values_of("{} 1", 100) == Values{"{}", "!"});
    CHECK(values_of("\"{}\"", 100) == Values{"!"});
    CHECK(values_of("}", 100) == Values{"!"});
    CHECK(values_of("{}}", 1) == Values{"{}", "!"});
    CHECK(values_of("POST / HTTP/1.1\r\n", 100) == Values{"!"});
}

TEST_CASE("json stream: brackets that do not fit are left to the parser") {
    CHECK(values_of("{]{}", 100) == Values{"{]", "{}"});
}

TEST_CASE("json stream: a value has at most so many bytes, whole or not") {
    CHECK(values_of("[1,2,3]", 1, 7) == Values{"[1,2,3]"});
    CHECK(values_of("[1,2,3]", 100, 6) == Values{"!"});
    CHECK(values_of("[1,2,3", 100, 5) == Values{"!"});
    JsonStream stream;
    stream.push("[1,2");
    CHECK(stream.next(3).error() == JsonStreamErrc::too_large);
    JsonStream spaces;
    spaces.push("    [1]");  // what lies between does not count
    CHECK(**spaces.next(3) == "[1]");
}

TEST_CASE("json stream: knows whether a value has begun") {
    JsonStream stream;
    CHECK_FALSE(stream.in_value());
    stream.push(" {");
    CHECK(*stream.next(10) == std::nullopt);
    CHECK(stream.in_value());
    stream.push("} ");
    CHECK(**stream.next(10) == "{}");
    CHECK_FALSE(stream.in_value());
}

TEST_CASE("json stream: told from HTTP by the first byte that is no white space") {
    CHECK(rpc::begins_json("{") == true);
    CHECK(rpc::begins_json("\r\n [") == true);
    CHECK(rpc::begins_json("POST /") == false);
    CHECK(rpc::begins_json(" \n") == std::nullopt);
    CHECK(rpc::begins_json("") == std::nullopt);
}
