#include "dht/crawl_picture.hpp"
#include "text.hpp"
#include <parley/plot/html_text.hpp>
#include <parley/plot/svg_plot.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

namespace parley::app {

using plot::escaped;

namespace {

// In pixels.
constexpr double width = 1000, margin = 24, gap = 16, padding = 18;
constexpr double head_height = 92;
constexpr double half_width = (width - 2 * margin - gap) / 2;
constexpr double upper_height = 366;
constexpr double map_top = head_height + upper_height + gap;
constexpr double map_height = 590;
constexpr double height = map_top + map_height + margin;

/// The colours are those of the simulator's reports; classes are names of a CrawlState, too.
constexpr auto style = R"css(
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  fill: #5a5953; font-variant-numeric: tabular-nums; }
text.h1 { font-size: 24px; font-weight: 600; fill: #1b1b19; }
text.h2 { font-size: 15px; font-weight: 600; fill: #1b1b19; }
text.ink, .plot text.mark { fill: #1b1b19; }
.plot { overflow: visible; }
.plot text { font-size: 11px; }
.page { fill: #f5f5f2; }
.card { fill: #ffffff; stroke: #e1e1db; }
.grid { stroke: #ebebe6; }
.base { stroke: #b9b8b0; }
.plot line.mark { stroke: #77756c; stroke-dasharray: 3 3; }
.plot .bar { fill: #2a6fdb; stroke: #ffffff; }
.answered { fill: #2a6fdb; stroke: #2a6fdb; }
.silent { fill: #cc4a1a; stroke: #cc4a1a; }
.undecided { fill: #b9b8b0; stroke: #b9b8b0; }
.dots { fill: none; stroke-linecap: round; stroke-opacity: .85; }
rect.answered { stroke: none; }
@media (prefers-color-scheme: dark) {
  text { fill: #b3b1a7; }
  text.h1, text.h2, text.ink, .plot text.mark { fill: #f0efe9; }
  .page { fill: #131312; }
  .card { fill: #1c1c1a; stroke: #30302d; }
  .grid { stroke: #2b2b28; }
  .base { stroke: #5c5b54; }
  .plot line.mark { stroke: #9b998e; }
  .plot .bar { fill: #5b9bf5; stroke: #1c1c1a; }
  .answered { fill: #5b9bf5; stroke: #5b9bf5; }
  .silent { fill: #e2703f; stroke: #e2703f; }
  .undecided { fill: #5c5b54; stroke: #5c5b54; }
  .dots { fill: none; }
}
)css";

constexpr std::array states{CrawlState::answered, CrawlState::silent, CrawlState::undecided};

std::string count_text(std::size_t count) {
    return app::count_text(static_cast<std::int64_t>(count));
}

class Picture {
public:
    explicit Picture(const CrawlReport& report) : report_(report) {}

    std::string draw() {
        add(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" )"
            R"(height="{1}" role="img"><title>{2}</title><style>{3}</style>)",
            width, height, escaped(headline()), style);
        add(R"(<rect class="page" width="{}" height="{}"/>)", width, height);
        draw_head();
        draw_clients(margin, head_height);
        draw_latency(margin + half_width + gap, head_height);
        draw_map(margin, map_top);
        return std::move(out_) + "</svg>\n";
    }

private:
    template <class... Args>
    void add(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
        out_ += '\n';
    }
    void say(double x, double y, std::string_view kind, std::string_view text,
             std::string_view anchor = "start") {
        add(R"(<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>)", kind, x, y,
            anchor, escaped(text));
    }
    void card(double x, double y, double w, double h, std::string_view title,
              std::string_view reading) {
        add(R"(<rect class="card" x="{}" y="{}" width="{}" height="{}" rx="12"/>)", x, y, w, h);
        say(x + padding, y + 28, "h2", title);
        say(x + padding, y + 48, "soft", reading);
    }

    std::string headline() const {
        const auto count = report_.nodes.size();
        return fmt::format("{} {} of a DHT", count_text(count), count == 1 ? "node" : "nodes");
    }

    void draw_head() {
        say(margin, 46, "h1", headline());
        auto facts =
            fmt::format("{} UTC, asked for {}, {} requests", time_text(report_.began),
                        duration_text(std::llround(report_.seconds)), count_text(report_.requests));
        if (report_.end != CrawlReport::End::complete) {
            facts += fmt::format("; {}: this is not all", text(report_.end));
        } else if (report_.full) {
            facts += "; there are more than these";
        }
        say(margin, 70, "soft", facts);
    }

    // --- Nodes per client ---

    void draw_clients(double x, double y) {
        constexpr std::size_t rows_max = 13;
        constexpr double row_height = 21, label_width = 150, count_width = 54;
        auto clients = report_.clients();
        const auto all = clients.size();
        card(x, y, half_width, upper_height, "Clients",
             all == 0 ? "nobody was found"
                      : "by what their records say; pale: those that did not answer");
        if (all > rows_max) {
            CrawlReport::Group rest{.name = fmt::format("{} others", all - rows_max + 1)};
            for (; clients.size() >= rows_max; clients.pop_back()) {
                rest.nodes += clients.back().nodes;
                rest.answered += clients.back().answered;
            }
            clients.push_back(std::move(rest));
        }
        std::size_t largest = 1;
        for (const auto& client : clients) largest = std::max(largest, client.nodes);
        const double from = x + padding + label_width + 10;
        const double room = x + half_width - padding - count_width - from;
        double at = y + 64;
        for (const auto& client : clients) {
            const auto bar = [&](std::size_t count, std::string_view more) {
                const double share = static_cast<double>(count) / static_cast<double>(largest);
                add(R"(<rect class="answered" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="13" )"
                    R"(rx="2"{}/>)",
                    from, at + 3, count == 0 ? 0 : std::max(2.0, room * share), more);
            };
            say(from - 10, at + 14, "ink", plot::shortened(client.name, 22), "end");
            bar(client.nodes, R"( opacity=".3")");
            bar(client.answered, "");
            say(x + half_width - padding, at + 14, "ink", count_text(client.nodes), "end");
            at += row_height;
        }
    }

    // --- Latency ---

    void draw_latency(double x, double y) {
        const auto sorted = report_.round_trips();
        if (sorted.empty()) {
            return card(x, y, half_width, upper_height, "Latency", "no round trip was measured");
        }
        const auto [p50, p90, p99] = quantiles_of(sorted);
        const auto ms = [](double value) { return quantity(plot::Unit::milliseconds, value); };
        card(x, y, half_width, upper_height, "Latency",
             fmt::format("half of {} within {}, 90 % within {}, 99 % within {}",
                         count_text(sorted.size()), ms(p50), ms(p90), ms(p99)));
        add(R"(<svg x="{}" y="{}" width="{}" height="293" overflow="visible">)", x + padding + 46,
            y + 60, half_width - 2 * padding - 58);
        out_ += plot::svg(histogram(sorted));
        add("</svg>");
    }

    static plot::Plot histogram(const std::vector<double>& sorted) {
        constexpr std::size_t bins_max = 30;
        const bool logarithmic = sorted.front() > 0 && sorted.back() > 10 * sorted.front();
        const auto bins = plot::bins(sorted, bins_max, logarithmic, sorted.back() / 20);
        const auto most = std::ranges::max_element(bins, {}, &plot::Bin::count)->count;
        plot::Plot plot{
            .description = "A histogram of round trips",
            .x = plot::Axis::along_x(plot::Unit::milliseconds, bins.front().from, bins.back().to,
                                     "round trip", logarithmic),
            .y = plot::Axis::along_y(plot::Unit::count, static_cast<double>(most), "nodes")};
        for (const auto& bin : bins) {
            plot.bars.push_back(
                {bin.from, bin.to, static_cast<double>(bin.count),
                 fmt::format("{} to {}: {}", quantity(plot::Unit::milliseconds, bin.from),
                             quantity(plot::Unit::milliseconds, bin.to), bin.count)});
        }
        const auto [p50, p90, p99] = quantiles_of(sorted);
        plot.marks = {{p50, "p50"}, {p90, "p90"}, {p99, "p99"}};
        return plot;
    }

    // --- The key space ---

    /// A grid of 16 columns and rows, each cell again one of 16 and 16, and so on: digits of the ID
    /// in turn say the row and the column. What shares a beginning stands together.
    struct Place {
        double column = 0, row = 0;  ///< 0 to 16
    };
    static Place place_of(const discovery::discv5::Id& id) {
        Place place;
        double size = 1;
        for (std::size_t i = 0; i < 4; ++i, size /= 16) {
            const auto byte = std::to_integer<unsigned>(id[i]);
            place.row += size * (byte >> 4);
            place.column += size * (byte & 15);
        }
        return place;
    }

    void draw_map(double x, double y) {
        constexpr double label = 16, rows_height = 496;
        const double w = width - 2 * margin;
        card(x, y, w, map_height, "Key space",
             "A cell for each beginning of an ID in the DHT: its first hex digit is the row, the "
             "second the column");
        draw_legend(x + w - padding, y + 28);
        const double left = x + padding + label, top = y + 76;
        const double cell_width = (w - 2 * padding - label) / 16, cell_height = rows_height / 16;
        for (int i = 0; i <= 16; ++i) {
            const double column = left + i * cell_width, row = top + i * cell_height;
            add(R"(<path class="grid" d="M{0:.1f} {1:.1f}V{2:.1f}M{3:.1f} {4:.1f}H{5:.1f}"/>)",
                column, top, top + rows_height, left, row, left + 16 * cell_width);
            if (i == 16) break;
            const auto digit = fmt::format("{:x}", i);
            say(column + cell_width / 2, top - 7, "soft", digit, "middle");
            say(left - 10, row + cell_height / 2 + 4, "soft", digit, "middle");
        }
        // As large as can be without covering each other much.
        const double count = static_cast<double>(std::max<std::size_t>(report_.nodes.size(), 1));
        const double size = std::clamp(30 / std::cbrt(count), 2.2, 8.0);
        for (const auto state : {CrawlState::undecided, CrawlState::silent, CrawlState::answered}) {
            std::string dots;
            for (const auto& node : report_.nodes) {
                if (node.state != state) continue;
                const auto place = place_of(node.place);
                // Not over the lines.
                const auto inside = [&](double at, double cell, double start) {
                    const double from = std::floor(at);
                    return start + cell * from + size / 2 + 1 + (at - from) * (cell - size - 2);
                };
                fmt::format_to(std::back_inserter(dots), "M{:.1f} {:.1f}h0",
                               inside(place.column, cell_width, left),
                               inside(place.row, cell_height, top));
            }
            if (dots.empty()) continue;
            add(R"(<path class="{} dots" stroke-width="{:.1f}" d="{}"/>)", name(state), size, dots);
        }
    }

    void draw_legend(double right, double y) {
        constexpr double item_width = 120;
        double at = right;
        for (const auto state : states) at -= report_.count(state) > 0 ? item_width : 0;
        for (const auto state : states) {
            const auto count = report_.count(state);
            if (count == 0) continue;
            add(R"(<path class="{} dots" stroke-width="8" d="M{:.1f} {:.1f}h0"/>)", name(state),
                at + 5, y - 4);
            say(at + 14, y, "ink", fmt::format("{} {}", count_text(count), name(state)));
            at += item_width;
        }
    }

    const CrawlReport& report_;
    std::string out_;
};

}  // namespace

std::string to_svg(const CrawlReport& report) {
    return Picture{report}.draw();
}

}  // namespace parley::app
