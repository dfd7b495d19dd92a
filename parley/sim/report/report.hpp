// The report of a simulation run: one HTML page that needs nothing else, neither network nor other
// files, to be looked at, kept beside a failure, or printed.
// Bounded: lists are cut, lines thinned and samples counted, so that a page stays below 2 MB
// whatever the run's size. Pure: the same report gives the same bytes.
#pragma once

#include <parley/plot/plot_scale.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace parley::sim {

/// A value over the time of the run.
struct Series {
    std::string name;
    plot::Points points;  ///< x in virtual seconds since the start
};

/// The data of a report. The page leaves out empty parts, with a sentence that says so. Samples may
/// come in any order. All text is plain UTF-8; the page escapes it.
struct RunReport {
    std::string scenario;
    std::size_t nodes = 0;
    std::uint64_t seed = 0;
    std::string crypto;               ///< "real", or the name of the stub
    std::vector<std::string> faults;  ///< those that the run had, one phrase each
    std::string command;              ///< replays the run; one line or more, never cut

    double virtual_seconds = 0;
    double real_seconds = 0;
    std::uint64_t events = 0;
    std::uint64_t trace_hash = 0;

    std::vector<std::string> failures;                         ///< empty: passed
    std::vector<std::pair<std::string, std::string>> summary;  ///< rows of the final table

    double p99_ms = 0;       ///< of propagation_ms
    double p99_best_ms = 0;  ///< of the best possible over the same links; 0: not compared
    double copies_mean = 0;  ///< of a payload that a node received

    std::vector<double> propagation_ms;        ///< per transaction and node that got it
    std::vector<double> propagation_of_tx_ms;  ///< per transaction: until 99 % of the nodes had it
    /// Per node: how many times it received a transaction's whole payload, mean over the
    /// transactions that it got, in hundredths: 100 is once each.
    std::vector<std::uint32_t> copies;
    std::vector<double> bytes_per_node;  ///< received and sent

    std::vector<Series> links;    ///< per node; "minimum", "median" and "maximum" become a band
    std::vector<Series> traffic;  ///< bytes a second
    std::vector<Series> transactions;  ///< so far, e.g. "submitted" and "at 99 % of nodes"
    std::vector<Series> offences;      ///< so far, by kind
    std::vector<std::pair<double, std::string>> marks;  ///< at virtual seconds: "partition", "heal"

    std::vector<std::pair<std::string, std::uint64_t>> offence_counts;
    std::vector<std::pair<std::string, std::uint64_t>> close_counts;
};

/// The page.
std::string render_html(const RunReport& report);

}  // namespace parley::sim
