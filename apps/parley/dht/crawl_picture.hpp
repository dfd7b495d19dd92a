// A crawl as a picture: one SVG file that needs nothing else, with the nodes of each client, their
// latencies, and where they stand in the key space.
#pragma once

#include "dht/crawl_report.hpp"

#include <string>

namespace parley::app {

std::string to_svg(const CrawlReport& report);

}  // namespace parley::app
