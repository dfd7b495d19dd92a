#include "dht/crawl_run.hpp"
#include <parley/discovery/discv5/crawler.hpp>
#include <parley/runtime/clock.hpp>
#include <parley/runtime/entropy.hpp>
#include <parley/runtime/io/datagram_socket.hpp>
#include <parley/version.hpp>

#include <poll.h>

#include <algorithm>
#include <vector>

namespace parley::app {

using namespace discovery::discv5;

namespace {

constexpr Duration progress_interval = 200ms;
/// More than the system's buffer holds: a flood does not keep us from everything else.
constexpr int batches_max = 64;

/// Both families where the system has them; one is enough.
Result<std::vector<runtime::DatagramSocket>, Failure> open_sockets() {
    std::vector<runtime::DatagramSocket> sockets;
    std::string why;
    for (const auto& any : {IpAddress::v4({}), IpAddress::v6({})}) {
        auto socket = runtime::DatagramSocket::bind({any, 0});
        if (socket) {
            sockets.push_back(std::move(*socket));
        } else {
            why = socket.error().what;
        }
    }
    if (sockets.empty()) return failed(why);
    return sockets;
}

class Loop {
public:
    Loop(std::vector<runtime::DatagramSocket> sockets, Service& service)
        : sockets_(std::move(sockets)), service_(service) {
        for (const auto& socket : sockets_) waits_.push_back({socket.fd(), POLLIN, 0});
    }

    /// Sends what is to be sent, waits for a moment, and deals with what came by then.
    void turn() {
        send();
        const auto now = runtime::monotonic_now();
        const auto until = std::clamp(service_.next_wakeup(), now, now + progress_interval);
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - now);
        (void)::poll(waits_.data(), waits_.size(), static_cast<int>(wait.count()));
        for (auto& socket : sockets_) receive(socket);
        service_.on_timer(runtime::now());
    }

private:
    /// Everything that waits: what came in time must not be late for us.
    void receive(runtime::DatagramSocket& socket) {
        bool more = true;
        for (int batches = 0; more && batches < batches_max; ++batches) {
            batch_.clear();
            more = socket.receive(batch_);
            for (std::size_t i = 0; i < batch_.size(); ++i) {
                service_.on_datagram(runtime::now(), batch_.peer(i), batch_[i]);
                send();  // at once: what waits here would count as latency
            }
        }
    }
    void send() {
        auto& outbox = service_.outbox();
        if (outbox.empty()) return;
        for (auto& socket : sockets_) socket.send(outbox);
        outbox.clear();
    }

    std::vector<runtime::DatagramSocket> sockets_;
    std::vector<pollfd> waits_;
    Service& service_;
    DatagramBatch batch_;
};

}  // namespace

Result<CrawlReport, Failure> run_crawl(std::span<const Contact> seeds,
                                       const OnCrawlProgress& progress) {
    auto sockets = open_sockets();
    if (!sockets) return std::unexpected{sockets.error()};
    runtime::OsEntropy entropy;
    const auto key = NodeKey::generate(entropy);
    const auto record = EnrBuilder{1}.client({"parley-crawl", PARLEY_VERSION}).sign(key).value();
    ServiceConfig config;
    config.families = families_of(*sockets, &runtime::DatagramSocket::local);
    Service service{config, key, record, entropy, Rng{runtime::random_seed()}};
    const auto began = runtime::now();
    const Crawler crawler{began, service, seeds};
    Loop loop{std::move(*sockets), service};
    CrawlReport report;
    const auto seconds = [&] {
        return std::chrono::duration<double>(runtime::monotonic_now() - began.instant).count();
    };
    while (!crawler.done() && report.end == CrawlReport::End::complete) {
        loop.turn();
        report.end = progress(crawler.crawl().progress(), seconds());
    }
    if (crawler.done()) report.end = CrawlReport::End::complete;
    report.began = unix_milliseconds(began.unix_time) / 1000;
    report.seconds = seconds();
    report.requests = crawler.crawl().progress().requests;
    report.full = crawler.crawl().progress().full;
    report.nodes = CrawlReport::rows_of(crawler.crawl());
    return report;
}

}  // namespace parley::app
