#include <parley/sim/report/report.hpp>

#include <parley/base/rng.hpp>
#include <parley/plot/html_text.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>

using namespace parley;
using namespace parley::sim;
using namespace parley::plot;

namespace {

constexpr std::string_view plot_ids[] = {
    "propagation", "reach",        "copies",   "bytes",          "links",
    "traffic",     "transactions", "offences", "offence-counts", "close-counts"};

bool has(std::string_view page, std::string_view text) {
    return page.find(text) != std::string_view::npos;
}

bool has_section(const std::string& page, std::string_view id) {
    return has(page, "id=\"" + std::string(id) + "\"");
}

/// The card of one plot.
std::string card(const std::string& page, std::string_view id) {
    const auto begin = page.find("id=\"" + std::string(id) + "\"");
    REQUIRE(begin != std::string::npos);
    return page.substr(begin, page.find("</figure>", begin) - begin);
}

Series rising(std::string name, double slope, std::size_t seconds) {
    Series series{std::move(name), {}};
    for (std::size_t t = 0; t <= seconds; ++t) {
        series.points.emplace_back(static_cast<double>(t), slope * static_cast<double>(t));
    }
    return series;
}

/// A run with something in every field.
RunReport full() {
    RunReport report;
    report.scenario = "partition";
    report.nodes = 100;
    report.seed = 42;
    report.crypto = "real";
    report.faults = {"partition of 30 nodes"};
    report.command = "parley sim partition --seed 42";
    report.virtual_seconds = 600;
    report.real_seconds = 60;
    report.events = 1'200'000;
    report.trace_hash = 0xabcdef;
    report.summary = {{"fetches", "17"}};
    Rng rng{1};
    for (int i = 0; i < 1'000; ++i) {
        report.propagation_ms.push_back(100 + 400 * rng.unit());
        report.propagation_of_tx_ms.push_back(600 + 200 * rng.unit());
        report.copies.push_back(100 + static_cast<std::uint32_t>(rng.below(50)));
        report.bytes_per_node.push_back(1e6 * (1 + rng.unit()));
    }
    report.links = {rising("minimum", 0.01, 600), rising("median", 0.02, 600),
                    rising("maximum", 0.03, 600)};
    report.traffic = {rising("all", 5'000, 600)};
    report.transactions = {rising("submitted", 1, 600), rising("at 99 % of nodes", 0.9, 600)};
    report.offences = {rising("bad signature", 0.1, 600)};
    report.marks = {{120, "partition"}, {240, "heal"}};
    report.offence_counts = {{"bad signature", 60}};
    report.close_counts = {{"duplicate", 12}, {"lost", 3}};
    return report;
}

}  // namespace

TEST_CASE("text from elsewhere cannot leave its place") {
    CHECK(escaped("<b a=\"1\" b='2'>&") == "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;");
    CHECK(escaped(std::string_view("a\0\x1b[31m\n", 8)) == "a\ufffd\ufffd[31m\n");
    CHECK(escaped("aäb", 2) == "a…");
    CHECK(escaped("aäb", 3) == "aä…");
    CHECK(escaped("aäb", 4) == "aäb");
    CHECK(shortened("häuser", 6) == "häuser");
    CHECK(shortened("häuser", 3) == "hä…");

    const std::string evil = "</title></script><script>alert(1)</script><img src=x onerror='a' \"";
    auto report = full();
    report.scenario = report.crypto = report.command = evil;
    report.faults = report.failures = {evil};
    report.summary = {{evil, evil}};
    for (auto* all : {&report.links, &report.traffic, &report.transactions, &report.offences}) {
        all->push_back(rising(evil, 1, 10));
    }
    report.marks = {{5, evil}};
    report.offence_counts = report.close_counts = {{evil, 1}};
    const auto page = render_html(report);
    CHECK_FALSE(has(page, "<script>alert"));
    CHECK_FALSE(has(page, "<img"));
    CHECK_FALSE(has(page, "onerror='"));
    CHECK(has(page, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    // Two of the script's own tags, and no more.
    CHECK(page.find("<script") == page.rfind("<script"));
    CHECK(page.find("</script") == page.rfind("</script"));
}

TEST_CASE("the verdict is said, with its reasons") {
    auto report = full();
    const auto passed = render_html(report);
    CHECK(has(passed, "<title>Passed: partition, seed 42</title>"));
    CHECK(has(passed, "Passed: every check held"));
    CHECK_FALSE(has(passed, "Failed"));

    report.failures = {"node 7 has two links to node 9"};
    const auto failed = render_html(report);
    CHECK(has(failed, "<title>Failed: partition, seed 42</title>"));
    CHECK(has(failed, "Failed: 1 check did not hold"));
    CHECK(has(failed, "<li>node 7 has two links to node 9</li>"));
    CHECK_FALSE(has(failed, "Passed"));

    report.failures.assign(70, "again");
    const auto often = render_html(report);
    CHECK(has(often, "Failed: 70 checks did not hold"));
    CHECK(has(often, "<li>and 20 more</li>"));
}

TEST_CASE("everything that there are data for is on the page") {
    const auto page = render_html(full());
    for (const auto id : plot_ids) CHECK_MESSAGE(has_section(page, id), id);
    for (const auto id : {"verdict", "figures", "summary", "command"}) CHECK(has_section(page, id));
    CHECK_FALSE(has(page, "class=\"none\">No"));
    CHECK(has(page, "<dt>fetches</dt><dd>17</dd>"));
    CHECK(has(page, "<span>--seed</span> <span>42</span>"));
    CHECK(has(page, "partition of 30 nodes"));
    CHECK(has(page, "0000000000abcdef"));
    CHECK(has(page, "1.20\u00a0million"));
    // Faults are marked in every plot over time, and in no other.
    for (const std::string_view id : plot_ids) {
        const bool over_time =
            id == "links" || id == "traffic" || id == "transactions" || id == "offences";
        CHECK_MESSAGE(has(card(page, id), ">heal</text>") == over_time, id);
    }
    CHECK(has(card(page, "links"), "<polygon"));
    CHECK(has(card(page, "links"), ">10 min</text>"));
    CHECK(has(card(page, "traffic"), ">MiB/s</text>"));
    CHECK(has(card(page, "close-counts"), ">12</span>"));
    CHECK(page == render_html(full()));
}

TEST_CASE("what there are no data for is left out, with a sentence") {
    RunReport report;
    report.scenario = "nothing";
    const auto page = render_html(report);
    for (const auto id : plot_ids) CHECK_MESSAGE(!has_section(page, id), id);
    CHECK_FALSE(has(page, "<figure"));
    CHECK_FALSE(has_section(page, "summary"));
    CHECK_FALSE(has_section(page, "command"));
    CHECK(has(page, "No node received a transaction."));
    CHECK(has(page, "No offence was counted."));
    CHECK(has(page, "Passed"));

    auto partly = full();
    partly.copies.clear();
    partly.traffic = {{"empty", {}}};
    const auto less = render_html(partly);
    for (const auto id : plot_ids) {
        CHECK_MESSAGE(has_section(less, id) == (id != "copies" && id != "traffic"), id);
    }
    CHECK(has(less, "No copies of payloads were counted."));
    CHECK(has(less, "Traffic was not recorded over time."));
}

TEST_CASE("a page asks nothing of the network") {
    const auto page = render_html(full());
    for (const auto text : {"http://", "https://", "src=", "url(", "@import", "//cdn"}) {
        CHECK_MESSAGE(!has(page, text), text);
    }
    CHECK(has(page, "default-src 'none'"));
}

TEST_CASE("a propagation with a few late deliveries gets a logarithmic axis") {
    auto report = full();
    CHECK(has(card(render_html(report), "propagation"), " ms lin\""));
    report.propagation_ms.resize(1'000 - 20);
    for (int i = 0; i < 20; ++i) report.propagation_ms.push_back(120'000);
    const auto page = card(render_html(report), "propagation");
    CHECK(has(page, " ms log\""));
    CHECK(has(page, ">100 s</text>"));
    CHECK(has(page, "the slowest took 2\u00a0min"));
}

TEST_CASE("marks without room for a label stay lines") {
    auto report = full();
    report.marks.clear();
    for (int i = 0; i < 500; ++i) report.marks.emplace_back(300 + i * 0.01, "kill");
    const auto links = card(render_html(report), "links");
    std::size_t lines = 0;
    std::size_t labels = 0;
    for (std::size_t at = 0; (at = links.find("class=\"mark\"", at)) != std::string::npos; ++at) {
        ++(links.substr(at - 6, 6) == "<text " ? labels : lines);
    }
    CHECK(lines == 100);
    CHECK(labels == 3);
}

TEST_CASE("a page stays small however big the run") {
    RunReport report = full();
    Rng rng{2};
    for (int i = 0; i < 300'000; ++i) {
        report.propagation_ms.push_back(std::exp(12 * rng.unit()));
        report.propagation_of_tx_ms.push_back(std::exp(12 * rng.unit()));
        report.copies.push_back(static_cast<std::uint32_t>(rng.below(100'000)));
        report.bytes_per_node.push_back(1e12 * rng.unit());
    }
    const std::string long_text(10'000, 'x');
    for (auto* all : {&report.links, &report.traffic, &report.transactions, &report.offences}) {
        for (int i = 0; i < 20; ++i) {
            all->push_back({long_text, {}});
            for (int t = 0; t < 5'000; ++t) all->back().points.emplace_back(t, 1e9 * rng.unit());
        }
    }
    report.faults.assign(1'000, long_text);
    report.failures.assign(1'000, long_text);
    report.summary.assign(1'000, {long_text, long_text});
    report.marks.assign(1'000, {60, long_text});
    report.offence_counts.assign(1'000, {long_text, 1});
    report.close_counts.assign(1'000, {long_text, 1});
    CHECK(render_html(report).size() < 2'000'000);
}

TEST_CASE("numbers at the edge are drawn or dropped") {
    constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    using Samples = std::vector<double>;
    for (const auto& samples :
         {Samples{0}, Samples{0, 0, 0}, Samples{5}, Samples{5, 5, 5}, Samples{0, 0, 1e18},
          Samples{1e-9, 1e18}, Samples{1e18, 1e18}, Samples{not_a_number, infinity, -1},
          Samples{1, std::numeric_limits<double>::max()}, Samples{1e-300, 1, 1'000}}) {
        RunReport report;
        report.virtual_seconds = samples.front();
        report.propagation_ms = report.propagation_of_tx_ms = report.bytes_per_node = samples;
        report.copies = {0, 0xffffffff};
        report.links = {{"median", {{samples.front(), samples.back()}}}};
        report.traffic = {{"t", {{0, samples.back()}, {samples.back(), 1}, {-5, -5}}}};
        report.transactions = {{"a", {{not_a_number, 1}}}, {"b", {{1, infinity}, {2, 1}}}};
        report.offences = {{"o", {{0, 0}, {1, 0}}}};
        report.marks = {{not_a_number, "never"}, {infinity, "at last"}, {0, ""}};
        report.offence_counts = {{"none", 0}};
        report.close_counts = {{"all", std::numeric_limits<std::uint64_t>::max()}};
        const auto page = render_html(report);
        CHECK_FALSE(has(page, "never"));
        for (const auto id : plot_ids) {
            if (!has_section(page, id)) continue;
            const auto shown = card(page, id);
            for (const auto text : {"nan", "inf", "\"-0\""}) {
                CHECK_MESSAGE(!has(shown, text), id, " of ", samples.front(), ": ", text);
            }
        }
    }
}
