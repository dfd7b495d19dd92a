#include <parley/discovery/discv5/crawler.hpp>

#include <utility>

namespace parley::discovery::discv5 {

Crawler::Crawler(Now now, Service& service, std::span<const Contact> seeds,
                 const CrawlConfig& config)
    : service_(service), crawl_(service.id(), seeds, config) {
    service_.set_secret([](const NodeId&) { return true; });
    // Most records come again and again, from every node that has them.
    service_.set_verified([this](const Id& id, Bytes raw) {
        const auto* node = crawl_.find(id);
        return node != nullptr && equal(node->contact.record, raw);
    });
    advance(now);
}

void Crawler::advance(Now now) {
    if (stepping_) return;
    stepping_ = true;  // an answer may come before find_nodes() returns
    while (auto request = crawl_.next(now)) {
        service_.find_nodes(now, request->node, std::move(request->distances),
                            [this, from = request->node.id](Now then, const auto& records) {
                                if (records) {
                                    crawl_.on_nodes(then, from, service_.contacts_of(*records));
                                } else {
                                    crawl_.on_failure(from);
                                }
                                advance(then);
                            });
    }
    stepping_ = false;
}

}  // namespace parley::discovery::discv5
