#include <parley/sim/experiment/metrics.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace parley::sim {

using namespace plot;

using transport::CloseReason;

namespace {

/// Transactions that models are asked about, and how old their picture of the links may be.
constexpr std::size_t compared_max = 200;
constexpr Duration graph_age_max = std::chrono::seconds{5};
constexpr const char* p99_of_model = ", on the same links: 99th percentile";

/// How many hosts are "99 % of them".
std::size_t share_of(std::size_t hosts, double share) {
    return static_cast<std::size_t>(std::ceil(static_cast<double>(hosts) * share));
}

std::vector<double> sorted(std::vector<double> values) {
    std::ranges::sort(values);
    return values;
}

double milliseconds(Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

double percentile(const std::vector<double>& sorted, double share) {
    if (sorted.empty()) return 0;
    return sorted[static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * share)];
}

}  // namespace

Metrics::Metrics(Network& network, std::function<bool(HostId)> honest)
    : network_(network),
      honest_(std::move(honest)),
      has_(network.size()),
      subscriptions_(network.size()) {
    for (HostId host = 0; host < network.size(); ++host) honest_count_ += honest_(host) ? 1 : 0;
}

void Metrics::started(HostId host, node::Node& node) {
    subscriptions_[host].clear();
    counters_before_.erase(host);
    if (!honest_(host)) return;
    subscriptions_[host].push_back(node.hub().subscribe<chain::TxAdded>(
        [this, host](const chain::TxAdded& added) { reached(host, added.hash); }));
}

void Metrics::begin() {
    begun_ = true;
    for (HostId host = 0; host < network_.size(); ++host) {
        if (network_.world().up(host)) {
            counters_before_[host] = network_.node(host).relay().counters();
        }
    }
}

void Metrics::submitted(HostId host, const Hash256& hash) {
    if (!begun_) return;
    by_hash_.emplace(hash, spreads_.size());
    spreads_.push_back({hash, network_.world().now().instant, 0, {}});
    if (comparing_ && compared_ < compared_max) compare(host);
}

void Metrics::Model::add(const ModelSpread& spread) {
    for (const Duration delay : spread.arrivals) delays_ms.push_back(milliseconds(delay));
    payloads += static_cast<double>(spread.payloads);
    hosts += static_cast<double>(spread.arrivals.size());
}

double Metrics::Model::p99_ms() const {
    return percentile(sorted(delays_ms), 0.99);
}

/// Links that are up between honest hosts.
LinkGraph Metrics::graph() {
    LinkGraph out{network_.size()};
    for (HostId host = 0; host < network_.size(); ++host) {
        if (!honest_(host) || !network_.world().up(host)) continue;
        for (const auto& peer : network_.node(host).peers()) {
            const auto to = network_.host_of(peer.id);
            if (!to || !honest_(*to)) continue;
            const PathConfig path = network_.world().path(host, *to);
            out.add(host, *to, path.base + path.jitter_mean);
        }
    }
    return out;
}

void Metrics::compare(HostId source) {
    const Instant now = network_.world().now().instant;
    if (!graph_ || now - graph_at_ > graph_age_max) {
        graph_ = graph();
        graph_at_ = now;
    }
    ++compared_;
    best_.add(best_possible(*graph_, source));
    fetched_.add(announce_and_fetch(*graph_, source));
    pushed_.add(square_root_push(*graph_, source, models_rng_));
}

void Metrics::reached(HostId host, const Hash256& hash) {
    const auto found = by_hash_.find(hash);
    if (found == by_hash_.end()) return;
    auto& has = has_[host];
    if (has.size() <= found->second) has.resize(found->second + 1);
    if (has[found->second]) return;  // in an earlier life
    has[found->second] = true;
    auto& spread = spreads_[found->second];
    const Duration delay = network_.world().now().instant - spread.from;
    if (delays_ms_.size() < samples_max) delays_ms_.push_back(milliseconds(delay));
    if (++spread.reached == share_of(honest_count_, 0.99)) {
        spread.nearly_all = delay;
        ++nearly_all_;
    }
}

bool Metrics::pooled(const Hash256& hash) {
    for (HostId host = 0; host < network_.size(); ++host) {
        if (!honest_(host) || !network_.world().up(host)) continue;
        if (network_.node(host).pool().contains(hash)) return true;
    }
    return false;
}

std::size_t Metrics::behind(Instant until, double share) {
    const auto enough = share_of(honest_count_, share);
    return static_cast<std::size_t>(std::ranges::count_if(spreads_, [&](const Spread& spread) {
        return spread.from <= until && spread.reached < enough && pooled(spread.hash);
    }));
}

void Metrics::mark(const std::string& what) {
    if (marks_.size() < 100) marks_.emplace_back(network_.world().seconds(), what);
}

void Metrics::sample() {
    const double x = network_.world().seconds();
    std::vector<std::size_t> links;
    std::uint64_t bytes = 0;
    std::uint64_t misbehaved = 0;
    std::uint64_t silent = 0;
    for (HostId host = 0; host < network_.size(); ++host) {
        bytes += network_.world().traffic(host).sent;
        if (!honest_(host) || !network_.world().up(host)) continue;
        links.push_back(network_.node(host).links().connections());
        const auto& closed = network_.node(host).links().stats().closed;
        const auto count = [&](CloseReason reason) {
            const auto found = closed.find(reason);
            return found == closed.end() ? 0 : found->second;
        };
        misbehaved += count(CloseReason::misbehaviour) + count(CloseReason::protocol_error);
        silent += count(CloseReason::silent);
    }
    std::ranges::sort(links);
    if (!links.empty()) {
        links_min_.points.emplace_back(x, static_cast<double>(links.front()));
        links_median_.points.emplace_back(x, static_cast<double>(links[links.size() / 2]));
        links_max_.points.emplace_back(x, static_cast<double>(links.back()));
    }
    // What was sent before the first sample was not sent within its second.
    if (bytes_before_) traffic_.points.emplace_back(x, static_cast<double>(bytes - *bytes_before_));
    bytes_before_ = bytes;
    submitted_.points.emplace_back(x, static_cast<double>(spreads_.size()));
    spread_.points.emplace_back(x, static_cast<double>(nearly_all_));
    misbehaved_.points.emplace_back(x, static_cast<double>(misbehaved));
    silent_.points.emplace_back(x, static_cast<double>(silent));
}

void Metrics::report(RunReport& out) const {
    out.propagation_ms = delays_ms_;
    for (const auto& spread : spreads_) {
        if (spread.nearly_all == Duration{}) continue;
        out.propagation_of_tx_ms.push_back(milliseconds(spread.nearly_all));
    }
    std::map<std::string, std::uint64_t> closes;
    std::uint64_t invalid = 0;
    std::uint64_t bans = 0;
    double copies_sum = 0;
    for (HostId host = 0; host < network_.size(); ++host) {
        if (!honest_(host) || !network_.world().up(host)) continue;
        const auto traffic = network_.world().traffic(host);
        out.bytes_per_node.push_back(static_cast<double>(traffic.sent + traffic.received));
        const auto& counters = network_.node(host).relay().counters();
        invalid += counters.invalid;
        const auto found = counters_before_.find(host);
        const auto before =
            found == counters_before_.end() ? chain::TxRelay::Counters{} : found->second;
        if (const auto added = counters.added - before.added; added > 0) {
            const auto received = counters.received - before.received;
            out.copies.push_back(static_cast<std::uint32_t>(100 * received / added));
            copies_sum += static_cast<double>(out.copies.back()) / 100;
        }
        auto& links = network_.node(host).links();
        for (const auto& [reason, count] : links.stats().closed) {
            closes[std::string{transport::name(reason)}] += count;
        }
        bans += links.offences().bans().size();
    }
    out.close_counts.assign(closes.begin(), closes.end());
    out.offence_counts = {{"invalid transactions received", invalid}, {"bans in force", bans}};
    out.links = {links_min_, links_median_, links_max_};
    out.traffic = {traffic_};
    out.transactions = {submitted_, spread_};
    out.offences = {misbehaved_, silent_};
    out.marks = marks_;

    const auto row = [&](std::string name, std::string value) {
        out.summary.emplace_back(std::move(name), std::move(value));
    };
    const auto delays_ms = sorted(delays_ms_);
    const auto within = [&](double share) {
        return fmt::format("{:.0f} ms", percentile(delays_ms, share));
    };
    row("transactions", std::to_string(spreads_.size()));
    row("reached 99 % of the nodes", std::to_string(nearly_all_));
    row("a node has it after: median", within(0.5));
    row("90th percentile", within(0.9));
    row("99th percentile", within(0.99));
    out.p99_ms = percentile(delays_ms, 0.99);
    out.p99_best_ms = best_.p99_ms();
    if (compared_ > 0) {
        row("99th percentile, in times of the best possible",
            fmt::format("{:.2f}", out.p99_ms / out.p99_best_ms));
    }
    row("99 % of the nodes have it: median",
        fmt::format("{:.0f} ms", percentile(sorted(out.propagation_of_tx_ms), 0.5)));
    if (!out.copies.empty()) {
        out.copies_mean = copies_sum / static_cast<double>(out.copies.size());
        row("copies of a payload a node received", fmt::format("{:.2f}", out.copies_mean));
    }
    if (compared_ > 0) {
        row(best_.name + p99_of_model, fmt::format("{:.0f} ms", out.p99_best_ms));
        for (const Model* model : {&fetched_, &pushed_}) {
            row(model->name + p99_of_model, fmt::format("{:.0f} ms", model->p99_ms()));
            row(model->name + ": copies of a payload",
                fmt::format("{:.2f}", model->payloads / model->hosts));
        }
    }
    row("bytes per node, sent and received: median",
        fmt::format("{:.1f} KiB", percentile(sorted(out.bytes_per_node), 0.5) / 1024));
    if (!links_median_.points.empty()) {
        row("links per node at the end: minimum, median, maximum",
            fmt::format("{:.0f}, {:.0f}, {:.0f}", links_min_.points.back().second,
                        links_median_.points.back().second, links_max_.points.back().second));
    }
    row("closed for misbehaviour",
        fmt::format("{:.0f}", misbehaved_.points.empty() ? 0.0 : misbehaved_.points.back().second));
    row("bans in force", std::to_string(bans));
    out.summary.insert(out.summary.end(), rows_.begin(), rows_.end());
}

}  // namespace parley::sim
