// A crawl as a table for spreadsheets and scripts: CSV (RFC 4180), a row for each node.
#pragma once

#include "dht/crawl_report.hpp"

#include <string>
#include <string_view>

namespace parley::app {

/// `text` as one field: what is not printable ASCII becomes "?", and what a spreadsheet would take
/// for a formula begins with "'".
std::string csv_field(std::string_view text);

std::string to_csv(const CrawlReport& report);

}  // namespace parley::app
