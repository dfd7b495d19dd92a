// The plots of a report, each with a sentence on what it shows. Pure functions.
#pragma once

#include <parley/sim/report/report.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace parley::sim {

/// One card of the page.
struct Figure {
    std::string_view id;
    std::string_view title;
    std::string reading;  ///< a sentence with the values that matter, as plain text
    std::string body;     ///< HTML
};

// Each is nothing if there are no data for it.
std::optional<Figure> propagation_figure(const RunReport& report);
std::optional<Figure> reach_figure(const RunReport& report);
std::optional<Figure> copies_figure(const RunReport& report);
std::optional<Figure> bytes_figure(const RunReport& report);
std::optional<Figure> links_figure(const RunReport& report);
std::optional<Figure> traffic_figure(const RunReport& report);
std::optional<Figure> transactions_figure(const RunReport& report);
std::optional<Figure> offences_figure(const RunReport& report);
std::optional<Figure> offence_counts_figure(const RunReport& report);
std::optional<Figure> close_counts_figure(const RunReport& report);

}  // namespace parley::sim
