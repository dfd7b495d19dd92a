#include <parley/discovery/discv5/crawler.hpp>

#include <parley/discovery/discv5/test_services.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::discovery::discv5;
using namespace parley::discovery::discv5::testing;

TEST_CASE("a crawler finds a network of services, silent ones too, and no trace of it stays") {
    Net net;
    std::vector<Net::Node*> nodes;
    for (std::uint64_t n = 1; n <= 30; ++n) nodes.push_back(&net.add(n));
    for (auto* node : nodes) node->service.add_boot(net.now(), nodes.front()->service.record());
    net.run_for(60s);
    // Two are gone since then.
    const std::vector gone{nodes[28]->contact(), nodes[29]->contact()};
    net.remove(*nodes[28]);
    net.remove(*nodes[29]);
    nodes.resize(28);

    auto& us = net.add(100);
    us.service.set_record(EnrBuilder{1}.sign(us.key).value());  // it names no endpoint
    const std::vector seeds{nodes.front()->contact()};
    {
        Crawler crawler{net.now(), us.service, seeds};
        net.run_for(5s);
        CHECK(crawler.done());
        CHECK(crawler.crawl().progress().found == 30);
        CHECK(crawler.crawl().progress().answered == 28);
        for (const auto* node : nodes) {
            const auto* known = crawler.crawl().find(node->service.id());
            REQUIRE(known);
            CHECK(known->answered);
            CHECK(known->round_trip);
            std::size_t told = 0;
            node->service.table().for_each(
                [&](const TableEntry& entry, bool stands) { told += stands && entry.checked; });
            CHECK(known->neighbours == told);
            CHECK(equal(known->contact.record, node->service.record().raw()));
        }
        for (const auto& contact : gone) CHECK_FALSE(crawler.crawl().find(contact.id)->answered);
    }
    CHECK(us.service.table().size() == 0);
    for (const auto* node : nodes) CHECK(node->service.table().find(us.service.id()) == nullptr);
}
