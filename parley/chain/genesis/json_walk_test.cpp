// JSON as events: what is told, in which order, and where strings are.
#include <parley/chain/genesis/json_walk.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace parley::chain;

namespace {

/// Writes down what it is told.
class Notes final : public JsonVisitor {
public:
    explicit Notes(std::string_view text) : text_(text) {}
    std::string notes;
    int wanted = 1000;  ///< so many events

    bool begin_object() override { return note("{"); }
    bool end_object() override { return note("}"); }
    bool begin_array() override { return note("["); }
    bool end_array() override { return note("]"); }
    bool key(std::string_view text, std::size_t ordinal) override {
        return note(std::string{text} + "@" + std::to_string(json_string_offset(text_, ordinal)));
    }
    bool scalar(const JsonScalar& value) override {
        constexpr std::string_view kinds = "0b#s";
        return note(kinds[static_cast<std::size_t>(value.kind)] + std::string{value.text});
    }

private:
    bool note(const std::string& what) {
        notes += (notes.empty() ? "" : " ") + what;
        return --wanted > 0;
    }

    std::string_view text_;
};

std::string walked(std::string_view text) {
    Notes notes{text};
    const auto result = walk_json(text, 4, notes);
    if (!result) {
        return std::to_string(result.error().offset) + " " + result.error().reason;
    }
    CHECK(*result);
    return notes.notes;
}

}  // namespace

TEST_CASE("json: all is told in its order, keys with their place") {
    CHECK(walked("null") == "0null");
    CHECK(walked(R"( {"a": [1, true, "x"], "b": {"": false}} )") ==
          "{ a@2 [ #1 btrue sx ] b@23 { @29 bfalse } }");
    CHECK(walked(R"({"\"\\": "\\\"", "b" : "\u0062", "\u0062c": 0})") ==
          R"({ "\@1 s\" b@17 sb bc@33 #0 })");
}

TEST_CASE("json: numbers come as they are written") {
    for (const std::string_view number :
         {"0", "-1", "18446744073709551616", "1.50", "-0", "1e3", "0.1E-7",
          "115792089237316195423570985008687907853269984665640564039457584007913129639936"}) {
        CHECK(walked(number) == "#" + std::string{number});
    }
}

TEST_CASE("json: what is none has a place and a reason") {
    struct Bad {
        std::string_view text;
        std::size_t offset;
    };
    for (const auto& [text, offset] : {
             Bad{"", 0},
             Bad{"{", 1},
             Bad{R"({"a" 1})", 5},
             Bad{"[1,]", 3},
             Bad{"{} {}", 3},
             Bad{"[[[[[1]]]]]", 4},
             Bad{"\"a\nb\"", 2},
             Bad{"\"\xff\"", 1},
             Bad{"[01]", 2},
         }) {
        CAPTURE(text);
        Notes notes{text};
        const auto result = walk_json(text, 4, notes);
        REQUIRE_FALSE(result);
        CHECK(result.error().offset == offset);
        CHECK_FALSE(result.error().reason.empty());
    }
    CHECK(walked("[[[[[1]]]]]").ends_with("nested deeper than 4"));
}

TEST_CASE("json: who does not want to hear more is told no more") {
    const std::string_view text = R"({"a": [1, null, {"b": "c"}, []], "d": true})";
    const std::string all = walked(text);
    for (int wanted = 1; wanted < 14; ++wanted) {
        Notes notes{text};
        notes.wanted = wanted;
        CHECK(walk_json(text, 4, notes) == false);
        CHECK(all.starts_with(notes.notes));
        CHECK(notes.notes.size() < all.size());
    }
}
