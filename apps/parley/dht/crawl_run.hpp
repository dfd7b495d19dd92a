// Crawls the DHT from this process: a stand-in of a node with a fresh key, which says of itself
// nothing but what program it is, on UDP ports that the system chooses.
#pragma once

#include "command.hpp"
#include "dht/crawl_report.hpp"
#include <parley/discovery/discv5/crawl.hpp>

#include <functional>
#include <span>

namespace parley::app {

/// Called a few times a second and more, with the seconds so far; ends the crawl by an answer other
/// than `complete`.
using OnCrawlProgress =
    std::function<CrawlReport::End(const discovery::discv5::Crawl::Progress&, double seconds)>;

/// Blocks until the crawl is done or is ended. Fails if no socket can be had.
Result<CrawlReport, Failure> run_crawl(std::span<const discovery::discv5::Contact> seeds,
                                       const OnCrawlProgress& progress);

}  // namespace parley::app
