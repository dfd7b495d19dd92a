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
/// The share of deliveries made, over the time since a transaction was submitted.
std::optional<Figure> propagation_figure(const RunReport& report);
/// The times until 99 % of the nodes have a transaction.
std::optional<Figure> reach_figure(const RunReport& report);
/// Whole payloads that each node received per transaction.
std::optional<Figure> copies_figure(const RunReport& report);
/// Bytes that each node moved, from the least busy to the busiest.
std::optional<Figure> bytes_figure(const RunReport& report);
/// Links of the nodes over time: median and extremes.
std::optional<Figure> links_figure(const RunReport& report);
/// Bytes a second over time.
std::optional<Figure> traffic_figure(const RunReport& report);
/// Transactions submitted and spread, over time.
std::optional<Figure> transactions_figure(const RunReport& report);
/// Offences over time, the most frequent kinds.
std::optional<Figure> offences_figure(const RunReport& report);
/// Offences by kind, in all.
std::optional<Figure> offence_counts_figure(const RunReport& report);
/// Links that closed, by reason.
std::optional<Figure> close_counts_figure(const RunReport& report);

}  // namespace parley::sim
