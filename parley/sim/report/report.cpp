#include <parley/sim/report/report.hpp>

#include <parley/plot/html_text.hpp>
#include <parley/sim/report/report_plots.hpp>
#include <parley/sim/report/report_style.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

namespace parley::sim {

using namespace plot;

namespace {

constexpr std::size_t failures_max = 50;
constexpr std::size_t faults_max = 40;
constexpr std::size_t rows_max = 300;
constexpr std::size_t marks_max = 40;

constexpr std::string_view tick = "M4 10.5l4 4 8-9";
constexpr std::string_view cross = "M5 5l10 10M15 5L5 15";

std::string counted(std::uint64_t count) {
    return quantity(Unit::count, static_cast<double>(count));
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", counted(count), count == 1 ? one : many);
}

std::string list_items(const std::vector<std::string>& items, std::size_t most) {
    std::string out;
    for (std::size_t i = 0; i < std::min(items.size(), most); ++i) {
        out += "<li>" + escaped(items[i], 2'000) + "</li>";
    }
    if (items.size() > most) out += fmt::format("<li>and {} more</li>", items.size() - most);
    return out;
}

std::string head(const RunReport& report) {
    std::string out = fmt::format(
        R"(<header><p class="over">Simulation report</p><h1>{}</h1><p class="facts"><b>{}</b>, )"
        R"(seed <b>{}</b>{}, trace <b>{:016x}</b></p>)",
        escaped(report.scenario), counted(report.nodes, "node", "nodes"), report.seed,
        report.crypto.empty() ? "" : ", " + escaped(report.crypto) + " cryptography",
        report.trace_hash);
    if (!report.faults.empty()) {
        out += R"(<ul class="chips" aria-label="Faults">)" + list_items(report.faults, faults_max) +
               "</ul>";
    }
    return out + "</header>";
}

std::string verdict(const RunReport& report) {
    const bool passed = report.failures.empty();
    std::string out = fmt::format(
        R"(<section id="verdict" class="verdict {}"><svg viewBox="0 0 20 20" aria-hidden="true">)"
        R"(<path d="{}"/></svg><b>{}</b>)",
        passed ? "passed" : "failed", passed ? tick : cross,
        passed ? "Passed: every check held"
               : "Failed: " + counted(report.failures.size(), "check", "checks") + " did not hold");
    if (!passed) out += "<ul>" + list_items(report.failures, failures_max) + "</ul>";
    return out + "</section>";
}

/// The key figures, each in a box.
class Tiles {
public:
    void add(std::string_view name, const std::string& value, const std::string& more) {
        out_ += fmt::format(R"(<div class="tile"><dt>{}</dt><dd class="value">{}</dd>)"
                            R"(<dd class="more">{}</dd></div>)",
                            name, escaped(value), escaped(more));
    }
    std::string html() const { return R"(<dl class="tiles" id="figures">)" + out_ + "</dl>"; }

private:
    std::string out_;
};

/// The last value of a series over all of its points; nothing if it has none.
std::optional<double> last_of(const std::vector<Series>& all, std::string_view name) {
    for (const auto& series : all) {
        if (series.name == name && !series.points.empty()) return series.points.back().second;
    }
    return std::nullopt;
}

std::string tiles(const RunReport& report) {
    Tiles out;
    const bool timed = report.real_seconds > 0;
    out.add("Virtual time", quantity(Unit::seconds, report.virtual_seconds),
            timed ? fmt::format("in {}, {} times real time",
                                quantity(Unit::seconds, report.real_seconds),
                                quantity(Unit::ratio, report.virtual_seconds / report.real_seconds))
                  : "");
    out.add("Events", counted(report.events),
            timed ? quantity(Unit::count,
                             std::round(static_cast<double>(report.events) / report.real_seconds)) +
                        " a second"
                  : "");
    if (const auto sorted = ascending(report.propagation_ms); !sorted.empty()) {
        out.add("Delivery to a node", quantity(Unit::milliseconds, quantile(sorted, 0.5)),
                "median; 99 % within " + quantity(Unit::milliseconds, quantile(sorted, 0.99)));
    }
    if (const auto sorted = ascending(report.propagation_of_tx_ms); !sorted.empty()) {
        out.add("Delivery to 99 % of nodes", quantity(Unit::milliseconds, quantile(sorted, 0.5)),
                "median of " + counted(sorted.size(), "transaction", "transactions"));
    }
    if (!report.copies.empty()) {
        double sum = 0;
        for (const auto hundredths : report.copies) sum += hundredths / 100.0;
        out.add("Copies of a payload",
                quantity(Unit::ratio, sum / static_cast<double>(report.copies.size())),
                "received by a node, mean");
    }
    if (const auto sorted = ascending(report.bytes_per_node); !sorted.empty()) {
        out.add("Traffic per node", quantity(Unit::bytes, quantile(sorted, 0.5)),
                "median; busiest " + quantity(Unit::bytes, sorted.back()));
    }
    if (const auto median = last_of(report.links, "median")) {
        out.add("Links per node", quantity(Unit::count, *median), "median at the end");
    }
    if (!report.offence_counts.empty()) {
        std::uint64_t sum = 0;
        for (const auto& each : report.offence_counts) sum += each.second;
        out.add("Offences", counted(sum),
                "of " + counted(report.offence_counts.size(), "kind", "kinds"));
    }
    return out.html();
}

/// A heading, cards, and a sentence for each that has nothing to show.
class Section {
public:
    explicit Section(std::string_view title) : title_(title) {}

    void add(const std::optional<Figure>& figure, std::string_view if_none) {
        if (!figure) {
            missing_ += (missing_.empty() ? "" : " ") + std::string(if_none);
            return;
        }
        cards_ += fmt::format(
            R"(<figure class="card" id="{}"><figcaption><h3>{}</h3><p class="reading">{}</p>)"
            R"(</figcaption>{}</figure>)",
            figure->id, figure->title, escaped(figure->reading, 2'000), figure->body);
    }
    void say(const std::string& html) { intro_ += html; }
    std::string html() const {
        auto out = fmt::format("<section><h2>{}</h2>{}", title_, intro_);
        if (!cards_.empty()) out += R"(<div class="cards">)" + cards_ + "</div>";
        if (!missing_.empty()) out += R"(<p class="none">)" + missing_ + "</p>";
        return out + "</section>";
    }

private:
    std::string_view title_;
    std::string intro_;
    std::string cards_;
    std::string missing_;
};

/// When each fault came, in words, since a label may find no room in a plot.
std::string marks(const RunReport& report) {
    if (report.marks.empty()) return {};
    std::string out = R"(<p class="marks">)";
    for (std::size_t i = 0; i < std::min(report.marks.size(), marks_max); ++i) {
        const auto& [at, label] = report.marks[i];
        if (!can_be_shown(at)) continue;
        out += fmt::format(R"(<span><b>{}</b> {}</span> )", quantity(Unit::seconds, at),
                           escaped(label, 120));
    }
    if (report.marks.size() > marks_max) {
        out += fmt::format("<span>and {} more</span>", report.marks.size() - marks_max);
    }
    return out + "</p>";
}

std::string plots(const RunReport& report) {
    Section delivery("Delivery");
    delivery.add(propagation_figure(report), "No node received a transaction.");
    delivery.add(reach_figure(report), "No transaction reached 99 % of the nodes.");
    delivery.add(copies_figure(report), "No copies of payloads were counted.");
    delivery.add(bytes_figure(report), "The traffic of single nodes was not counted.");

    Section time("Over time");
    time.say(marks(report));
    time.add(links_figure(report), "Links were not recorded over time.");
    time.add(transactions_figure(report), "Transactions were not recorded over time.");
    time.add(traffic_figure(report), "Traffic was not recorded over time.");
    time.add(offences_figure(report), "No offence was recorded over time.");

    Section ends("Offences and closed links");
    ends.add(offence_counts_figure(report), "No offence was counted.");
    ends.add(close_counts_figure(report), "No link was closed.");
    return delivery.html() + time.html() + ends.html();
}

std::string summary(const RunReport& report) {
    std::string out = R"(<section><h2>Summary</h2>)";
    if (report.summary.empty())
        return out + R"(<p class="none">There is no summary.</p></section>)";
    out += R"(<dl class="card summary" id="summary">)";
    for (std::size_t i = 0; i < std::min(report.summary.size(), rows_max); ++i) {
        const auto& [name, value] = report.summary[i];
        out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", escaped(name), escaped(value));
    }
    out += "</dl>";
    if (report.summary.size() > rows_max) {
        out += fmt::format(R"(<p class="none">And {} more rows.</p>)",
                           report.summary.size() - rows_max);
    }
    return out + "</section>";
}

/// Each word in an element of its own, so that no line is broken inside `--seed`.
std::string words(std::string_view command) {
    std::string out;
    while (!command.empty()) {
        const auto space = command.find_first_of(" \n");
        const auto word = command.substr(0, space);
        if (!word.empty()) out += "<span>" + escaped(word, word.size()) + "</span>";
        if (space == std::string_view::npos) break;
        out += command[space];
        command.remove_prefix(space + 1);
    }
    return out;
}

std::string replay(const RunReport& report) {
    if (report.command.empty()) return {};
    return fmt::format(
        R"(<section><h2>Replay</h2><div class="card command" id="command"><code>{}</code>)"
        R"(<button type="button" hidden>Copy</button></div><p class="none">The same build gives )"
        R"(the same trace, {:016x}.</p></section>)",
        words(report.command), report.trace_hash);
}

}  // namespace

std::string render_html(const RunReport& report) {
    std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
    out += fmt::format("<title>{}: {}, seed {}</title>\n",
                       report.failures.empty() ? "Passed" : "Failed", escaped(report.scenario),
                       report.seed);
    out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
    // Nothing may be loaded, whatever the data held.
    out +=
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n";
    out += "<style>";
    out += report_style;
    out += "</style>\n</head>\n<body>\n<main>\n";
    for (const auto& part : {head(report), verdict(report), tiles(report), plots(report),
                             summary(report), replay(report)}) {
        out += part;
        out += '\n';
    }
    out += "</main>\n<script>";
    out += report_script;
    out += "</script>\n</body>\n</html>\n";
    return out;
}

}  // namespace parley::sim
