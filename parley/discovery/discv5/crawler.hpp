// Crawler: makes the requests of a Crawl with a Service, which is for that alone: no node enters
// its table, so that it makes no requests of its own.
// Threading: that of the service.
#pragma once

#include <parley/discovery/discv5/crawl.hpp>
#include <parley/discovery/discv5/service.hpp>

#include <span>

namespace parley::discovery::discv5 {

class Crawler {
public:
    /// Asks the first ones at once. `service` must not be called any more when this is gone.
    /// Precondition: config.in_flight_max <= ServiceConfig::requests_max.
    Crawler(Now now, Service& service, std::span<const Contact> seeds,
            const CrawlConfig& config = {});
    Crawler(const Crawler&) = delete;
    Crawler& operator=(const Crawler&) = delete;
    ~Crawler() = default;

    const Crawl& crawl() const { return crawl_; }
    bool done() const { return crawl_.done(); }

private:
    void advance(Now now);

    Service& service_;
    Crawl crawl_;
    bool stepping_ = false;
};

}  // namespace parley::discovery::discv5
