#include <parley/sim/report/report_plots.hpp>

#include <parley/plot/html_text.hpp>
#include <parley/plot/svg_plot.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace parley::sim {

using namespace plot;

namespace {

constexpr std::size_t bins_max = 40;
constexpr std::size_t bars_in_list_max = 12;
/// Of a sorted curve; few, since quantiles are smooth.
constexpr std::size_t quantiles = 400;

/// Whether a few samples are so far from most that a linear axis would show nothing but them.
bool asks_for_log(const std::vector<double>& sorted) {
    return quantile(sorted, 0.5) > 0 && sorted.back() > 20 * quantile(sorted, 0.5);
}

/// Where a logarithmic axis begins: what is far below most of the samples lies at its left end.
double log_floor(const std::vector<double>& sorted) {
    const auto positive = std::ranges::upper_bound(sorted, 0.0);
    return std::max(*positive, quantile(sorted, 0.5) / 1'000);
}

std::string a_number(std::uint64_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", quantity(Unit::count, static_cast<double>(count)),
                       count == 1 ? one : many);
}

// --- samples ---

/// A histogram of times or ratios, with lines at the median and the 99th percentile. `each` names
/// one sample, e.g. "node".
Plot histogram(const std::vector<double>& sorted, Unit unit, std::string x_title,
               std::string_view each, bool logarithmic, double width_min) {
    const auto many = std::string(each) + "s";
    auto shown = sorted;
    if (logarithmic) {
        const double floor = log_floor(sorted);
        for (auto& value : shown) value = std::max(value, floor);
    }
    // Bins are round in the unit that the axis shows.
    const double size = logarithmic ? 1 : measure(unit, sorted.back()).size;
    for (auto& value : shown) value /= size;
    const auto counted = bins(shown, bins_max, logarithmic, width_min / size);
    Plot plot{
        .description = {},
        .x = Axis::along_x(unit, counted.front().from * size, counted.back().to * size,
                           std::move(x_title), logarithmic),
        .y = Axis::along_y(
            Unit::count,
            static_cast<double>(std::ranges::max_element(counted, {}, &Bin::count)->count), many)};
    for (const auto& bin : counted) {
        plot.bars.push_back(
            {bin.from * size, bin.to * size, static_cast<double>(bin.count),
             fmt::format("{} to {}: {}", quantity(unit, bin.from * size),
                         quantity(unit, bin.to * size), a_number(bin.count, each, many))});
    }
    plot.marks.push_back({quantile(sorted, 0.5), "median"});
    if (quantile(sorted, 0.99) > quantile(sorted, 0.5)) {
        plot.marks.push_back({quantile(sorted, 0.99), "99 %"});
    }
    return plot;
}

// --- over time ---

double last_second(const RunReport& report) {
    double last = can_be_shown(report.virtual_seconds) ? report.virtual_seconds : 0;
    for (const auto* all :
         {&report.links, &report.traffic, &report.transactions, &report.offences}) {
        for (const auto& series : *all) {
            for (const auto& [x, y] : series.points) {
                if (can_be_shown(x)) last = std::max(last, x);
            }
        }
    }
    return last > 0 ? last : 1;
}

/// The series that have points, thinned, each with its colour.
std::vector<Line> lines_of(const std::vector<Series>& all) {
    std::vector<Line> lines;
    for (const auto& series : all) {
        auto points = thinned(series.points, plot_points_max);
        if (!points.empty()) lines.push_back({.name = series.name, .points = std::move(points)});
    }
    return lines;
}

double highest(const Line& line) {
    return std::ranges::max_element(line.points, {}, [](const auto& p) { return p.second; })
        ->second;
}

double last(const Line& line) {
    return line.points.back().second;
}

/// Keeps the first as many as there are colours, and gives them these. Returns what was left out.
std::size_t colour(std::vector<Line>& lines) {
    const std::size_t more = lines.size() > plot_colours ? lines.size() - plot_colours : 0;
    lines.resize(lines.size() - more);
    for (std::size_t i = 0; i < lines.size(); ++i) lines[i].colour = i + 1;
    return more;
}

Plot over_time(const RunReport& report, Unit unit, std::string y_title,
               const std::vector<Line>& lines) {
    double top = 0;
    for (const auto& line : lines) top = std::max(top, highest(line));
    Plot plot{.description = {},
              .x = Axis::along_x(Unit::seconds, 0, last_second(report), "virtual time"),
              .y = Axis::along_y(unit, top, std::move(y_title))};
    for (const auto& [at, label] : report.marks) plot.marks.push_back({at, label});
    return plot;
}

/// Names and values of lines.
class Legend {
public:
    void add(const Line& line, std::string_view value) {
        add(fmt::format(R"(<polyline class="{}c{}" points="1,5 19,5"/>)", line.wide ? "wide " : "",
                        line.colour),
            line.name, value);
    }
    void add(const Band& band, std::string_view value) {
        add(fmt::format(R"(<polygon class="c{}" points="0,0 20,0 20,10 0,10"/>)", band.high.colour),
            fmt::format("{} to {}", band.low.name, band.high.name), value);
    }
    std::string html() const { return R"(<ul class="legend">)" + out_ + "</ul>"; }

private:
    void add(std::string_view key, std::string_view name, std::string_view value) {
        out_ += fmt::format(
            R"(<li><svg viewBox="0 0 20 10" aria-hidden="true">{}</svg>{} <b>{}</b></li>)", key,
            escaped(name, 80), escaped(value));
    }

    std::string out_;
};

Figure figure(std::string_view id, std::string_view title, std::string reading, Plot plot,
              std::string legend = {}) {
    plot.description = fmt::format("{}. {}", title, reading);
    return {id, title, std::move(reading), std::move(legend) + svg(plot)};
}

// --- bar lists ---

std::string bar_list(std::vector<std::pair<std::string, std::uint64_t>> counts) {
    std::ranges::stable_sort(counts, std::greater{}, [](const auto& each) { return each.second; });
    if (counts.size() > bars_in_list_max) {
        const auto rest = counts.begin() + (bars_in_list_max - 1);
        const auto sum = std::accumulate(rest, counts.end(), std::uint64_t{0},
                                         [](auto n, const auto& each) { return n + each.second; });
        const auto others = fmt::format("{} others", counts.end() - rest);
        counts.erase(rest, counts.end());
        counts.emplace_back(others, sum);
    }
    std::uint64_t most = 1;
    for (const auto& each : counts) most = std::max(most, each.second);
    std::string out = R"(<ol class="bars">)";
    for (const auto& [name, count] : counts) {
        const double share = 100.0 * static_cast<double>(count) / static_cast<double>(most);
        out +=
            fmt::format(R"(<li><span>{}</span><span class="count">{}</span><span class="track">)",
                        escaped(name, 120), quantity(Unit::count, static_cast<double>(count)));
        if (count > 0) out += fmt::format(R"(<i style="width:{:.2f}%"></i>)", share);
        out += "</span></li>";
    }
    return out + "</ol>";
}

std::optional<Figure> counts_figure(
    std::string_view id, std::string_view title, std::string_view what,
    const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
    if (counts.empty()) return std::nullopt;
    std::uint64_t sum = 0;
    for (const auto& each : counts) sum += each.second;
    auto reading =
        fmt::format("{} in all, by {}.", quantity(Unit::count, static_cast<double>(sum)), what);
    return Figure{id, title, std::move(reading), bar_list(counts)};
}

}  // namespace

std::optional<Figure> propagation_figure(const RunReport& report) {
    const auto sorted = ascending(report.propagation_ms);
    if (sorted.empty()) return std::nullopt;
    const double half = quantile(sorted, 0.5);
    const double most = quantile(sorted, 0.9);
    const double nearly_all = quantile(sorted, 0.99);

    const bool log = asks_for_log(sorted);
    const double lo = log ? log_floor(sorted) : 0;
    // Room at the right of the 99 % dot for its label: 15 % of the axis.
    double hi = std::max({sorted.back(), lo * 2, 1.0});
    hi = std::max(hi, log ? lo * std::pow(nearly_all / lo, 1 / 0.85) : nearly_all / 0.85);

    Plot plot{
        .description = {},
        .x = Axis::along_x(Unit::milliseconds, lo, hi, "time since the transaction was sent", log),
        .y = Axis::along_y(Unit::percent, 100, "of deliveries")};
    Line curve{.name = "delivered", .filled = true};
    for (std::size_t i = 0; i <= quantiles; ++i) {
        const double share = static_cast<double>(i) / static_cast<double>(quantiles);
        curve.points.emplace_back(i == 0 ? std::max(lo, sorted.front()) : quantile(sorted, share),
                                  100 * share);
    }
    curve.points.emplace_back(hi, 100.0);
    plot.lines.push_back(std::move(curve));
    plot.dots = {{half, 50, "50 %"}, {most, 90, "90 %"}, {nearly_all, 99, "99 %"}};
    auto reading = fmt::format(
        "Half of {} within {}, 90\u00a0% within {}, 99\u00a0% within {}; the slowest took {}.",
        a_number(sorted.size(), "delivery", "deliveries"), quantity(Unit::milliseconds, half),
        quantity(Unit::milliseconds, most), quantity(Unit::milliseconds, nearly_all),
        quantity(Unit::milliseconds, sorted.back()));
    return figure("propagation", "How fast a transaction reaches a node", std::move(reading),
                  std::move(plot));
}

std::optional<Figure> reach_figure(const RunReport& report) {
    const auto sorted = ascending(report.propagation_of_tx_ms);
    if (sorted.empty()) return std::nullopt;
    auto plot = histogram(sorted, Unit::milliseconds, "time to 99 % of the nodes", "transaction",
                          asks_for_log(sorted), 0);
    auto reading = fmt::format("{}: the median took {}, the slowest {}.",
                               a_number(sorted.size(), "transaction", "transactions"),
                               quantity(Unit::milliseconds, quantile(sorted, 0.5)),
                               quantity(Unit::milliseconds, sorted.back()));
    return figure("reach", "Time until 99 % of the nodes have it", std::move(reading),
                  std::move(plot));
}

std::optional<Figure> copies_figure(const RunReport& report) {
    std::vector<double> samples;
    samples.reserve(report.copies.size());
    for (const auto hundredths : report.copies) samples.push_back(hundredths / 100.0);
    const auto sorted = ascending(std::move(samples));
    if (sorted.empty()) return std::nullopt;
    auto plot = histogram(sorted, Unit::ratio, "whole payloads received per transaction", "node",
                          false, 0.01);
    auto reading = fmt::format(
        "{} on average, where 1 is the least possible; the node with the most received {}.",
        quantity(Unit::ratio, mean(sorted)), quantity(Unit::ratio, sorted.back()));
    return figure("copies", "Copies of a payload that a node receives", std::move(reading),
                  std::move(plot));
}

std::optional<Figure> bytes_figure(const RunReport& report) {
    const auto sorted = ascending(report.bytes_per_node);
    if (sorted.empty()) return std::nullopt;
    Plot plot{.description = {},
              .x = Axis::along_x(Unit::percent, 0, 100, "nodes, from the least to the busiest"),
              .y = Axis::along_y(Unit::bytes, sorted.back(), "received and sent")};
    Line curve{.name = "received and sent", .filled = true};
    for (std::size_t i = 0; i <= quantiles; ++i) {
        const double share = static_cast<double>(i) / static_cast<double>(quantiles);
        curve.points.emplace_back(100 * share, quantile(sorted, share));
    }
    plot.lines.push_back(std::move(curve));
    auto reading =
        fmt::format("The median node moved {}, the least {}, the busiest {}.",
                    quantity(Unit::bytes, quantile(sorted, 0.5)),
                    quantity(Unit::bytes, sorted.front()), quantity(Unit::bytes, sorted.back()));
    return figure("bytes", "Traffic of each node", std::move(reading), std::move(plot));
}

std::optional<Figure> links_figure(const RunReport& report) {
    auto lines = lines_of(report.links);
    if (lines.empty()) return std::nullopt;
    const auto take = [&lines](std::string_view name) -> std::optional<Line> {
        const auto found = std::ranges::find(lines, name, &Line::name);
        if (found == lines.end()) return std::nullopt;
        auto line = std::move(*found);
        lines.erase(found);
        return line;
    };
    auto plot = over_time(report, Unit::count, "links", lines);
    auto low = take("minimum");
    auto high = take("maximum");
    // The median takes the first colour, as the band does.
    if (auto median = take("median")) lines.insert(lines.begin(), std::move(*median));
    if (low.has_value() != high.has_value()) lines.push_back(std::move(low ? *low : *high));
    const bool band = low && high;
    colour(lines);

    Legend legend;
    for (const auto& line : lines) legend.add(line, quantity(Unit::count, last(line)));
    std::string reading = "The values are those at the end.";
    if (band) {
        const auto ends =
            std::pair{quantity(Unit::count, last(*low)), quantity(Unit::count, last(*high))};
        reading = fmt::format("At the end a node has {} to {} links.", ends.first, ends.second);
        plot.bands.push_back({std::move(*low), std::move(*high)});
        legend.add(plot.bands.back(), fmt::format("{} to {}", ends.first, ends.second));
    }
    plot.lines = std::move(lines);
    return figure("links", "Links per node", std::move(reading), std::move(plot), legend.html());
}

std::optional<Figure> traffic_figure(const RunReport& report) {
    auto lines = lines_of(report.traffic);
    if (lines.empty()) return std::nullopt;
    colour(lines);
    auto plot = over_time(report, Unit::bytes_per_s, "", lines);
    Legend legend;
    double peak = 0;
    for (auto& line : lines) {
        legend.add(line, "up to " + quantity(Unit::bytes_per_s, highest(line)));
        peak = std::max(peak, highest(line));
        line.filled = lines.size() == 1;
    }
    plot.lines = std::move(lines);
    return figure("traffic", "Traffic",
                  fmt::format("At most {}.", quantity(Unit::bytes_per_s, peak)), std::move(plot),
                  legend.html());
}

std::optional<Figure> transactions_figure(const RunReport& report) {
    auto lines = lines_of(report.transactions);
    if (lines.empty()) return std::nullopt;
    colour(lines);
    lines.front().wide = lines.size() > 1;
    auto plot = over_time(report, Unit::count, "transactions", lines);
    Legend legend;
    for (const auto& line : lines) legend.add(line, quantity(Unit::count, last(line)));
    plot.lines = std::move(lines);
    return figure("transactions", "Transactions so far",
                  "Where the lines part, transactions are on their way or held up.",
                  std::move(plot), legend.html());
}

std::optional<Figure> offences_figure(const RunReport& report) {
    auto lines = lines_of(report.offences);
    if (lines.empty()) return std::nullopt;
    std::ranges::stable_sort(lines, std::greater{}, last);
    const auto more = colour(lines);
    auto plot = over_time(report, Unit::count, "offences", lines);
    Legend legend;
    for (const auto& line : lines) legend.add(line, quantity(Unit::count, last(line)));
    auto reading = more == 0 ? std::string("All kinds that were seen.")
                             : fmt::format("The {} most frequent kinds; {} not drawn.",
                                           lines.size(), a_number(more, "more is", "more are"));
    plot.lines = std::move(lines);
    return figure("offences", "Offences so far", std::move(reading), std::move(plot),
                  legend.html());
}

std::optional<Figure> offence_counts_figure(const RunReport& report) {
    return counts_figure("offence-counts", "Offences by kind", "kind", report.offence_counts);
}

std::optional<Figure> close_counts_figure(const RunReport& report) {
    return counts_figure("close-counts", "Why links closed", "reason", report.close_counts);
}

}  // namespace parley::sim
