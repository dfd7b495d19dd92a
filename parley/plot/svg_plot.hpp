// Plots as inline SVG for an HTML page. A plot is as wide as its place on the page: what lies along
// x is placed in percent, while text, strokes and everything along y keep their size in pixels, so
// that a plot reads the same on a phone and on a wide screen. Colours come from the page's style
// sheet (report_style.cpp), by class. Labels never overlap at plot_width_min_px or above.
#pragma once

#include <parley/plot/plot_scale.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace parley::plot {

/// The narrowest that the area of a plot gets, on a phone of 360 px.
inline constexpr double plot_width_min_px = 250;
/// Colour classes in the style sheet: c1 to c6.
inline constexpr std::size_t plot_colours = 6;
/// What a line is thinned to; more than a screen shows.
inline constexpr std::size_t plot_points_max = 800;

/// What lies along one side of a plot: a range of values, its ticks and how they are written.
struct Axis {
    Unit unit = Unit::count;
    double lo = 0;
    double hi = 1;  ///< above lo
    bool logarithmic = false;
    Measure shown{1, "", ""};  ///< the unit of the labels, unless logarithmic
    std::vector<double> ticks{};
    std::string title{};

    /// Where a value lies: 0 at lo, 1 at hi, never outside.
    double place(double value) const;

    /// Of the ticks; logarithmic: each with its own unit.
    std::vector<std::string> labels() const;

    /// With ticks that leave room for their labels. Preconditions: lo < hi; logarithmic: 0 < lo.
    static Axis along_x(Unit unit, double lo, double hi, std::string title,
                        bool logarithmic = false);
    /// From zero to a tick that is not below `largest`.
    static Axis along_y(Unit unit, double largest, std::string title);
};

/// Points joined by straight strokes.
struct Line {
    std::string name;
    Points points{};  ///< in order of x; thinned() if there may be many
    std::size_t colour = 1;
    bool filled = false;  ///< down to zero
    bool wide = false;    ///< and pale, to be seen under another line
};
/// The area between two lines.
struct Band {
    Line low;
    Line high;
};
/// A column from zero to `height`, between two places on the x axis.
struct Bar {
    double from;
    double to;
    double height;
    std::string tip;  ///< said when pointed at
};
/// A vertical line with a label above the plot.
struct Mark {
    double at;
    std::string label;
};
/// A point with a label at its right.
struct Dot {
    double x;
    double y;
    std::string label;
};

/// All that is drawn over one pair of axes: bars at the back, then marks, bands and lines, dots.
struct Plot {
    std::string description;  ///< for who does not see it
    Axis x;
    Axis y;
    std::vector<Band> bands{};
    std::vector<Line> lines{};
    std::vector<Bar> bars{};
    std::vector<Mark> marks{};  ///< what has no room above the plot is a line without label
    std::vector<Dot> dots{};
};

/// An `<svg>` element to be put into a page. Texts are escaped; values outside the axes are drawn
/// at their ends.
std::string svg(const Plot& plot);

}  // namespace parley::plot
