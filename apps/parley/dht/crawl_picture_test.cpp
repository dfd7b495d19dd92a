#include "dht/crawl_picture.hpp"
#include <parley/base/rng.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <numbers>
#include <string>
#include <string_view>

using namespace parley;
using namespace parley::app;

namespace {

/// As of a network of some clients: most answer, within 200 ms or so.
CrawlReport made_up(std::size_t nodes) {
    constexpr std::string_view clients[] = {"parley 0.1.0", "parley 0.1.0", "geth 1.14.0",
                                            "eth2 ?",       "eth ?",        "unknown"};
    Rng rng{nodes};
    CrawlReport report{.began = 1'790'000'000, .seconds = 12, .requests = 14 * nodes};
    for (std::size_t i = 0; i < nodes; ++i) {
        CrawlRow row{.client = std::string{clients[rng.below(std::size(clients))]}};
        if (rng.chance(0.2)) row.client = fmt::format("made-up-client v{}", rng.below(20));
        for (auto& byte : row.place) byte = static_cast<std::byte>(rng.below(256));
        row.state = rng.chance(0.3) ? CrawlState::silent : CrawlState::answered;
        if (row.state == CrawlState::answered) {
            // Log-normal, as latencies are.
            const double u = (static_cast<double>(rng.below(1'000'000)) + 1) / 1'000'001;
            const double v = static_cast<double>(rng.below(1'000'000)) / 1'000'000;
            const double normal = std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
            row.round_trip_ms = 60 * std::exp(0.8 * normal);
        }
        report.nodes.push_back(std::move(row));
    }
    return report;
}

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

/// Every tag closes in turn, attributes are quoted, and & < > stand for nothing else.
bool is_well_formed(std::string_view xml) {
    std::vector<std::string_view> open;
    while (!xml.empty()) {
        if (xml.front() == '&') {
            const auto end = xml.find(';');
            if (end == std::string_view::npos) return false;
            const auto entity = xml.substr(0, end + 1);
            if (entity != "&amp;" && entity != "&lt;" && entity != "&gt;" && entity != "&quot;" &&
                entity != "&#39;") {
                return false;
            }
        }
        if (xml.front() == '>') return false;
        if (xml.front() != '<') {
            xml.remove_prefix(1);
            continue;
        }
        const auto end = xml.find('>');
        if (end == std::string_view::npos) return false;
        auto tag = xml.substr(1, end - 1);
        xml.remove_prefix(end + 1);
        if (tag.contains('<') || count_of(tag, "\"") % 2 != 0) return false;
        if (tag.starts_with('/')) {
            if (open.empty() || open.back() != tag.substr(1)) return false;
            open.pop_back();
        } else if (!tag.ends_with('/')) {
            open.push_back(tag.substr(0, tag.find(' ')));
        }
    }
    return open.empty();
}

}  // namespace

TEST_CASE("the picture of a crawl is well formed, whatever its size, and has a dot for each node") {
    for (const std::size_t nodes : {0U, 1U, 50U, 10'000U}) {
        const auto report = made_up(nodes);
        const auto svg = to_svg(report);
        INFO(nodes);
        CHECK(is_well_formed(svg));
        CHECK(svg.find("nan") == std::string::npos);
        CHECK(svg.find("inf") == std::string::npos);
        std::size_t dots = 0;
        for (auto at = svg.find(" dots\""); at != std::string::npos;
             at = svg.find(" dots\"", at + 1)) {
            dots += count_of(std::string_view{svg}.substr(at, svg.find("/>", at) - at), "h0");
        }
        const auto in_legend = (report.count(CrawlState::answered) > 0 ? 1U : 0U) +
                               (report.count(CrawlState::silent) > 0 ? 1U : 0U);
        CHECK(dots == nodes + in_legend);
        // To be looked at: PARLEY_PICTURES=DIR app_test
        if (const char* dir = std::getenv("PARLEY_PICTURES")) {
            std::ofstream{fmt::format("{}/crawl-{}.svg", dir, nodes)} << svg;
        }
    }
}

TEST_CASE("a client's name is text in the picture, never markup") {
    for (const auto* name : {"<script>alert(1)</script>", "</text></svg>", "a\"onload=\"x", "&#60;",
                             "]]>", "<!--", "a'b", "&", "\x1b[2J"}) {
        auto report = made_up(3);
        for (auto& node : report.nodes) node.client = name;
        const auto svg = to_svg(report);
        INFO(name);
        CHECK(is_well_formed(svg));
        CHECK(svg.find("<script") == std::string::npos);
        CHECK(svg.find('\x1b') == std::string::npos);
        CHECK(count_of(svg, "</svg>") == 3);
    }
}

TEST_CASE("nodes stand where the digits of their place say") {
    CrawlReport report;
    CrawlRow row{.state = CrawlState::answered};
    report.nodes.push_back(row);  // 00: the upper left corner
    row.place.fill(std::byte{0xff});
    row.state = CrawlState::silent;
    report.nodes.push_back(row);
    const auto svg = to_svg(report);
    // Cells are 56.25 by 31; the dots are 8 wide and keep 1 from the lines.
    CHECK(svg.find(R"(class="answered dots" stroke-width="8.0" d="M63.0 555.0h0")") !=
          std::string::npos);
    CHECK(svg.find(R"(class="silent dots" stroke-width="8.0" d="M953.0 1041.0h0")") !=
          std::string::npos);
}
