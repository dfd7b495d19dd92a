#include "client/json_at.hpp"
#include "consensus/consensus_view.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::app {

namespace {

namespace json = boost::json;

const json::array& list_at(const json::value& value, std::string_view pointer) {
    static const json::array none;
    const auto* found = value_at(value, pointer);
    return found != nullptr && found->is_array() ? found->get_array() : none;
}

bool is_there(const json::value& value, std::string_view pointer) {
    const auto* found = value_at(value, pointer);
    return found != nullptr && !found->is_null();
}

double decimal_at(const json::value& value, std::string_view pointer) {
    const auto* found = value_at(value, pointer);
    return found != nullptr && found->is_number() ? found->to_number<double>() : 0.0;
}

class Lines {
public:
    void add(std::string_view title, const std::string& text) {
        text_ += fmt::format("{:<12}{}\n", title, text);
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

std::string own_text(const json::value& reply) {
    auto self = text_at(reply, "/self");
    const auto halted = text_at(reply, "/halted");
    if (self.empty()) {
        return halted.empty() ? "follows: it has no validator's key" : "says nothing: " + halted;
    }
    const auto& validators = list_at(reply, "/validators");
    const bool is_validator = validators.empty() || std::ranges::any_of(validators, [&](auto& one) {
                                  return text_at(one, "/address") == self;
                              });
    if (!halted.empty()) return fmt::format("{}, says nothing: {}", self, halted);
    if (!is_validator) return self + ", not a validator";
    if (is_there(reply, "/speaksFrom")) {
        return fmt::format("{}, speaks from block {} on", self, number_at(reply, "/speaksFrom"));
    }
    return self;
}

std::string said_text(const json::value& validator, std::int64_t round) {
    if (flag_at(validator, "/committed")) return "commit";
    if (flag_at(validator, "/prepared")) return "prepare";
    if (is_there(validator, "/changedTo")) {
        const auto to = number_at(validator, "/changedTo");
        if (round > 0 || to > 0) return fmt::format("round {}", to);
    }
    return "-";
}

std::string heard_text(const json::value& validator, const std::string& self) {
    if (text_at(validator, "/address") == self) return "this node";
    if (!is_there(validator, "/heardAgo")) return "never";
    return duration_text(static_cast<std::int64_t>(decimal_at(validator, "/heardAgo"))) + " ago";
}

std::string timeout_text(const json::value& reply) {
    if (!is_there(reply, "/timeoutIn")) return "runs once a quorum is in this round";
    const auto time = decimal_at(reply, "/timeoutIn");
    return time > 0 ? fmt::format("in {:.1f} s", time) : std::string{"now"};
}

}  // namespace

std::string consensus_text(const json::value& reply) {
    Lines lines;
    const auto number = number_at(reply, "/head/number");
    lines.add("Head", fmt::format("block {}, {} old", count_text(number),
                                  duration_text(number_at(reply, "/head/age"))));
    if (const auto missing = number_at(reply, "/missing"); missing > 0) {
        lines.add("Missing", fmt::format("{} blocks that peers have", count_text(missing)));
    }
    const auto round = number_at(reply, "/round");
    const auto& validators = list_at(reply, "/validators");
    if (!validators.empty()) {
        lines.add("Next", fmt::format("block {}, round {}; {} of {} validators must agree",
                                      count_text(number_at(reply, "/height")), round,
                                      number_at(reply, "/quorum"), validators.size()));
    }
    lines.add("Waits for", text_at(reply, "/waitsFor"));
    if (!validators.empty()) lines.add("Time-out", timeout_text(reply));
    lines.add("This node", own_text(reply));
    auto out = lines.take();
    for (const auto& one : list_at(reply, "/evidence")) {
        out += fmt::format("{} contradicted itself: {}, block {}, round {}\n",
                           text_at(one, "/validator"), text_at(one, "/kind"),
                           number_at(one, "/height"), number_at(one, "/round"));
    }
    if (validators.empty()) return out;
    using enum Table::Align;
    Table table{{left, left, left, left}, {{"VALIDATOR", "TURN", "SAID", "HEARD"}}};
    for (const auto& one : validators) {
        const auto address = text_at(one, "/address");
        std::string turn = address == text_at(reply, "/proposer") ? "now" : "";
        if (flag_at(one, "/getsNoTime")) turn += turn.empty() ? "skipped" : ", skipped";
        table.rows.push_back(
            {address, turn, said_text(one, round), heard_text(one, text_at(reply, "/self"))});
    }
    return out + '\n' + table.to_string();
}

std::string validators_text(const json::value& reply) {
    const auto self = text_at(reply, "/self");
    std::string out;
    for (const auto& one : list_at(reply, "/validators")) {
        const std::string address{one.as_string()};
        out += address + (address == self ? "  this node\n" : "\n");
    }
    for (const auto& one : list_at(reply, "/votes")) {
        out += fmt::format("{}  {} of {} votes to {} it\n", text_at(one, "/address"),
                           list_at(one, "/by").size(), number_at(one, "/needed"),
                           flag_at(one, "/add") ? "add" : "remove");
    }
    for (const auto& one : list_at(reply, "/proposed")) {
        out += fmt::format("{}  this node votes to {} it\n", text_at(one, "/address"),
                           flag_at(one, "/add") ? "add" : "remove");
    }
    return out;
}

}  // namespace parley::app
