// What a plot needs to know of numbers: round steps for an axis, numbers written with units that a
// person reads at a glance, and many samples made few. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::plot {

/// Whether it is a number from -1e18 to 1e18. Others are not drawn, so that nothing overflows.
bool can_be_shown(double value);

/// What a number is; decides how it is written.
enum class Unit : std::uint8_t { count, ratio, percent, milliseconds, seconds, bytes, bytes_per_s };

using Points = std::vector<std::pair<double, double>>;

/// The unit to write the numbers of one axis in: 90 s on an axis of seconds to 600 is 1.5 min.
struct Measure {
    double size;            ///< of one, in the Unit's own measure
    std::string_view name;  ///< "min", "KiB/s", "thousand"; empty for plain numbers
    std::string_view tick;  ///< what to put behind a number on a tick: " min", " KiB/s", "k"
};
/// For an axis that ends at `largest`, in the Unit's own measure: a size in which its numbers are
/// short and not below one, where there is such a size.
Measure measure(Unit unit, double largest);

/// One number alone, to three digits or so: "312 ms", "2 min 5 s", "1.50 MiB", "48.2 million".
std::string quantity(Unit unit, double value);
/// The numbers of one axis, with commas and all to as many digits as one of them needs:
/// 0, 0.5, 1.0 or 500, 1,000.
std::vector<std::string> plain(const std::vector<double>& values);

/// The multiples of 1, 2 or 5 times a power of ten in [lo, hi], of the smallest such step, not
/// below `step_min`, that gives at most `most` of them. Preconditions: lo < hi, both finite;
/// most >= 2.
std::vector<double> nice_ticks(double lo, double hi, std::size_t most, double step_min = 0);
/// From zero to the first tick that is not below `largest`, at most `most` ticks. All zeros give
/// 0 and one step. Preconditions: largest finite and >= 0; most >= 2.
std::vector<double> nice_ticks_to(double largest, std::size_t most, double step_min = 0);
/// 1, 2 and 5 times powers of ten in [lo, hi]; where these are more than `most`, the powers of ten
/// alone, or every second, third ... of them. Preconditions: 0 < lo < hi, both finite; most >= 2.
std::vector<double> log_ticks(double lo, double hi, std::size_t most);

/// The numbers from 0 to 1e18 in ascending order; others are dropped, what is below 1e-9 is 0.
std::vector<double> ascending(std::vector<double> samples);
/// The sample that `share` (0 to 1) of them do not exceed (nearest rank). Precondition: ascending
/// and not empty.
double quantile(const std::vector<double>& sorted, double share);
double mean(const std::vector<double>& samples);  ///< 0 for none

/// At most `most` points, in order of x, that keep every peak and the first and last point.
/// Points that cannot be shown are dropped. Precondition: most >= 4.
Points thinned(Points points, std::size_t most);

/// A column of a histogram.
struct Bin {
    double from;  ///< inclusive
    double to;    ///< exclusive
    std::size_t count;
};
/// At most `most` bins of one width that begin at round numbers (logarithmic: of one ratio, a power
/// of ten among them) and hold every sample. Preconditions: ascending; logarithmic only if the
/// first is above 0; width_min >= 0; most >= 10.
std::vector<Bin> bins(const std::vector<double>& sorted, std::size_t most, bool logarithmic,
                      double width_min = 0);

}  // namespace parley::plot
