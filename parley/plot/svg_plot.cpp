#include <parley/plot/svg_plot.hpp>

#include <parley/plot/html_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <string_view>

namespace parley::plot {

namespace {

// In pixels. The style sheet leaves `left` free beside the plot.
constexpr double left = 46;
constexpr double area_height = 190;
constexpr double caption_height = 20;
constexpr double label_row_height = 15;
constexpr double foot_height = 38;
constexpr double character_width = 6.8;  ///< at 11 px, in a wide font
constexpr double label_gap = 10;
constexpr std::size_t label_rows_max = 3;
constexpr std::size_t label_characters_max = 26;
constexpr std::size_t marks_max = 100;
/// The drawing's own measure along x; the browser stretches it.
constexpr double drawing_width = 1000;

/// To two digits behind the point, without needless zeros: points are most of a page's bytes.
std::string number(double value) {
    auto out = fmt::format("{:.2f}", value);
    while (out.ends_with('0')) out.pop_back();
    if (out.ends_with('.')) out.pop_back();
    return out == "-0" ? "0" : out;
}

std::string percent(double share) {
    return number(share * 100) + "%";
}

double text_width(std::string_view text) {
    return character_width * static_cast<double>(characters(text));
}

bool labels_fit(const Axis& axis) {
    const auto labels = axis.labels();
    for (std::size_t i = 1; i < labels.size(); ++i) {
        const double room =
            (axis.place(axis.ticks[i]) - axis.place(axis.ticks[i - 1])) * plot_width_min_px;
        if ((text_width(labels[i]) + text_width(labels[i - 1])) / 2 + label_gap > room)
            return false;
    }
    return true;
}

class Drawing {
public:
    explicit Drawing(const Plot& plot) : plot_(plot) {}

    std::string draw() {
        place_marks();
        const double height = top_ + area_height + foot_height;
        add(R"(<svg class="plot" role="img" aria-label="{}" height="{}" data-x="{}" data-y="{}">)",
            escaped(plot_.description, 2'000), number(height), data_of(plot_.x), data_of(plot_.y));
        draw_y_axis();
        draw_x_axis();
        draw_bars();
        draw_marks();
        draw_area();
        draw_dots();
        return std::move(out_) + "</svg>";
    }

private:
    struct PlacedMark {
        const Mark* mark;
        std::string label;
        std::optional<std::size_t> row;
        bool to_the_left = false;
    };

    template <class... Args>
    void add(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    }

    /// For the page's script: what the coordinates of the points stand for.
    static std::string data_of(const Axis& axis) {
        constexpr std::string_view names[] = {"count", "ratio", "percent", "ms",
                                              "s",     "bytes", "rate"};
        return fmt::format("{} {} {} {}", axis.lo, axis.hi,
                           names[static_cast<std::size_t>(axis.unit)],
                           axis.logarithmic ? "log" : "lin");
    }

    double y_of(double value) const { return area_height * (1 - plot_.y.place(value)); }
    double bottom() const { return top_ + area_height; }

    /// Each label goes to the first row where it meets no other at the narrowest.
    void place_marks() {
        std::vector<double> taken;
        auto marks = std::vector<const Mark*>{};
        for (const auto& mark : plot_.marks) {
            if (mark.at >= plot_.x.lo && mark.at <= plot_.x.hi) marks.push_back(&mark);
        }
        std::ranges::stable_sort(marks, {}, [](const Mark* mark) { return mark->at; });
        if (marks.size() > marks_max) marks.resize(marks_max);
        for (const auto* mark : marks) {
            PlacedMark placed{mark, shortened(mark->label, label_characters_max), std::nullopt};
            const double width = text_width(placed.label) + label_gap;
            const double line = plot_.x.place(mark->at) * plot_width_min_px;
            placed.to_the_left = line + width > plot_width_min_px;
            const double from = placed.to_the_left ? line - width : line;
            for (std::size_t row = 0; row < label_rows_max && from >= -left; ++row) {
                if (row == taken.size()) taken.push_back(-left);
                if (from < taken[row]) continue;
                taken[row] = from + width;
                placed.row = row;
                break;
            }
            marks_.push_back(std::move(placed));
        }
        top_ = caption_height + label_row_height * static_cast<double>(taken.size());
    }

    void draw_y_axis() {
        std::string caption{plot_.y.shown.name};
        if (!plot_.y.title.empty()) caption += (caption.empty() ? "" : " ") + plot_.y.title;
        add(R"(<text class="title" x="{}" y="11">{}</text>)", number(-left), escaped(caption));
        const auto& ticks = plot_.y.ticks;
        auto numbers = ticks;
        for (auto& each : numbers) each /= plot_.y.shown.size;
        const auto labels = plain(numbers);
        for (std::size_t i = 0; i < ticks.size(); ++i) {
            const double y = top_ + y_of(ticks[i]);
            add(R"(<line class="{}" x1="0" x2="100%" y1="{}" y2="{}"/>)",
                ticks[i] == plot_.y.lo ? "base" : "grid", number(y), number(y));
            add(R"(<text x="-8" y="{}" text-anchor="end">{}</text>)", number(y + 4), labels[i]);
        }
    }

    void draw_x_axis() {
        const auto labels = plot_.x.labels();
        for (std::size_t i = 0; i < labels.size(); ++i) {
            draw_tick(plot_.x.ticks[i], 5);
            add(R"(<text x="{}" y="{}" text-anchor="middle">{}</text>)",
                percent(plot_.x.place(plot_.x.ticks[i])), number(bottom() + 17), labels[i]);
        }
        if (plot_.x.logarithmic) draw_small_ticks();
        add(R"(<text class="title" x="50%" y="{}" text-anchor="middle">{}</text>)",
            number(bottom() + 33), escaped(plot_.x.title));
    }

    void draw_tick(double value, double length) {
        const auto at = percent(plot_.x.place(value));
        add(R"(<line class="base" x1="{}" x2="{}" y1="{}" y2="{}"/>)", at, at, number(bottom()),
            number(bottom() + length));
    }

    /// At 2, 3, ... 9 times the powers of ten: they show at a glance that the axis is logarithmic.
    void draw_small_ticks() {
        for (double power = std::pow(10, std::floor(std::log10(plot_.x.lo))); power < plot_.x.hi;
             power *= 10) {
            for (int digit = 2; digit < 10; ++digit) {
                const double value = digit * power;
                if (value > plot_.x.lo && value < plot_.x.hi) draw_tick(value, 3);
            }
        }
    }

    void draw_marks() {
        for (const auto& placed : marks_) {
            const auto at = percent(plot_.x.place(placed.mark->at));
            const double from =
                placed.row ? caption_height + label_row_height * static_cast<double>(*placed.row)
                           : top_;
            add(R"(<line class="mark" x1="{}" x2="{}" y1="{}" y2="{}"><title>{}</title></line>)",
                at, at, number(from), number(bottom()),
                escaped(placed.mark->label + ", " + quantity(plot_.x.unit, placed.mark->at)));
            if (!placed.row) continue;
            add(R"(<text class="mark" x="{}" dx="{}" y="{}" text-anchor="{}">{}</text>)", at,
                placed.to_the_left ? "-4" : "4", number(from + 10),
                placed.to_the_left ? "end" : "start", escaped(placed.label));
        }
    }

    void draw_bars() {
        for (const auto& bar : plot_.bars) {
            const double from = plot_.x.place(bar.from);
            // A rare value must not vanish beside a frequent one.
            const double height =
                bar.height > 0 ? std::max(1.5, area_height - y_of(bar.height)) : 0;
            if (height == 0) continue;
            add(R"(<rect class="bar" x="{}" width="{}" y="{}" height="{}">)"
                R"(<title>{}</title></rect>)",
                percent(from), percent(plot_.x.place(bar.to) - from), number(bottom() - height),
                number(height), escaped(bar.tip));
        }
    }

    std::string points_of(const Line& line) const {
        std::string out;
        for (const auto& [x, y] : line.points) {
            if (!out.empty()) out += ' ';
            out += number(plot_.x.place(x) * drawing_width) + "," + number(y_of(y));
        }
        // A single point becomes a dot by the round ends of its line.
        if (line.points.size() == 1) out += " " + out;
        return out;
    }

    void draw_area() {
        if (plot_.lines.empty() && plot_.bands.empty()) return;
        add(R"(<svg class="area" y="{}" width="100%" height="{}" viewBox="0 0 {} {}" )"
            R"(preserveAspectRatio="none">)",
            number(top_), number(area_height), number(drawing_width), number(area_height));
        for (const auto& band : plot_.bands) {
            Line outline = band.high;
            outline.points.insert(outline.points.end(), band.low.points.rbegin(),
                                  band.low.points.rend());
            add(R"(<polygon class="c{}" points="{}"/>)", band.high.colour, points_of(outline));
            for (const auto* edge : {&band.high, &band.low}) draw_line(*edge, "edge ");
        }
        for (const auto& line : plot_.lines) {
            if (line.filled && !line.points.empty()) {
                Line outline = line;
                outline.points.emplace_back(line.points.back().first, plot_.y.lo);
                outline.points.emplace_back(line.points.front().first, plot_.y.lo);
                add(R"(<polygon class="c{}" points="{}"/>)", line.colour, points_of(outline));
            }
        }
        for (const auto& line : plot_.lines) draw_line(line, line.wide ? "wide " : "");
        out_ += "</svg>";
    }

    void draw_line(const Line& line, std::string_view more_class) {
        if (line.points.empty()) return;
        add(R"(<polyline class="{}c{}" data-name="{}" points="{}"/>)", more_class, line.colour,
            escaped(line.name), points_of(line));
    }

    void draw_dots() {
        for (const auto& dot : plot_.dots) {
            const auto x = percent(plot_.x.place(dot.x));
            const double y = top_ + y_of(dot.y);
            add(R"(<circle class="dot" cx="{}" cy="{}" r="4"/>)", x, number(y));
            add(R"(<text class="dot" x="{}" dx="8" y="{}">{}</text>)", x, number(y + 12),
                escaped(dot.label));
        }
    }

    const Plot& plot_;
    std::vector<PlacedMark> marks_;
    double top_ = 0;
    std::string out_;
};

}  // namespace

double Axis::place(double value) const {
    const double at = logarithmic ? std::log(std::max(value, lo) / lo) / std::log(hi / lo)
                                  : (value - lo) / (hi - lo);
    return std::clamp(at, 0.0, 1.0);
}

std::vector<std::string> Axis::labels() const {
    std::vector<std::string> out;
    if (!logarithmic) {
        auto numbers = ticks;
        for (auto& each : numbers) each /= shown.size;
        out = plain(numbers);
        for (auto& each : out) {
            if (each != "0") each += shown.tick;
        }
        return out;
    }
    for (const double tick : ticks) {
        const bool seconds = unit == Unit::milliseconds && tick >= 1'000;
        const auto own = seconds ? Measure{1'000, "s", " s"} : measure(unit, tick);
        out.push_back(plain({tick / own.size}).front() + std::string(own.tick));
    }
    return out;
}

Axis Axis::along_x(Unit unit, double lo, double hi, std::string title, bool logarithmic) {
    Axis axis{.unit = unit,
              .lo = lo,
              .hi = hi,
              .logarithmic = logarithmic,
              .shown = measure(unit, hi),
              .title = std::move(title)};
    const double size = axis.shown.size;
    for (std::size_t most = 8; most >= 2; --most) {
        if (logarithmic) {
            axis.ticks = log_ticks(lo, hi, most);
        } else {
            axis.ticks = nice_ticks(lo / size, hi / size, most);
            for (auto& tick : axis.ticks) tick *= size;
        }
        if (labels_fit(axis)) break;
    }
    return axis;
}

Axis Axis::along_y(Unit unit, double largest, std::string title) {
    constexpr std::size_t most = 6;
    Axis axis{.unit = unit, .shown = measure(unit, largest), .title = std::move(title)};
    const double size = axis.shown.size;
    const double step_min = unit == Unit::count && size <= 1 ? 1 : 0;
    axis.ticks = nice_ticks_to(largest / size, most, step_min);
    for (auto& tick : axis.ticks) tick *= size;
    axis.hi = axis.ticks.back();
    return axis;
}

std::string svg(const Plot& plot) {
    return Drawing(plot).draw();
}

}  // namespace parley::plot
