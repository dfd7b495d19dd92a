// Metrics: the measurements of a run: the speed and cost of spreading transactions, links and
// traffic over time. Bounds: samples_max of the delays. Threading: one thread, the simulator's.
#pragma once

#include <parley/sim/experiment/spread_model.hpp>
#include <parley/sim/report/report.hpp>
#include <parley/sim/world/network.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace parley::sim {

class Metrics {
public:
    /// Counts the hosts for which `honest` says yes. The network outlives this.
    Metrics(Network& network, std::function<bool(HostId)> honest);

    /// A host's node begins a life.
    void started(HostId host, node::Node& node);
    /// Begins to count transactions and received copies.
    void begin();
    /// A transaction was handed to a node.
    void submitted(HostId host, const Hash256& hash);
    /// From now on, beside each transaction, how models would have spread it over the same links.
    void compare_with_models() { comparing_ = true; }
    /// Once a virtual second.
    void sample();
    /// Names this moment in the report. The first 100 are kept.
    void mark(const std::string& what);
    /// A row for the end of the report's table: what a scenario alone measures.
    void add_row(std::string name, std::string value) {
        rows_.emplace_back(std::move(name), std::move(value));
    }

    /// The number of transactions submitted before `until` that some honest node still has and that
    /// did not reach `share` of the honest hosts. (One that only a killed node had is lost with
    /// it.)
    std::size_t behind(Instant until, double share);
    /// Fills in all of a report but names, times and failures.
    void report(RunReport& out) const;

private:
    static constexpr std::size_t samples_max = 2'000'000;
    struct Spread {
        Hash256 hash{};
        Instant from{};
        std::size_t reached = 0;  // honest hosts, lives counted once
        Duration nearly_all{};    // until 99 % had it
    };
    /// What became of many items by one way of spreading.
    struct Model {
        std::string name;
        std::vector<double> delays_ms;
        double payloads = 0, hosts = 0;
        void add(const ModelSpread& spread);
        double p99_ms() const;
    };
    void reached(HostId host, const Hash256& hash);
    LinkGraph graph();
    void compare(HostId source);
    bool pooled(const Hash256& hash);

    Network& network_;
    std::function<bool(HostId)> honest_;
    std::size_t honest_count_ = 0;
    std::vector<Spread> spreads_;
    std::unordered_map<Hash256, std::size_t, SaltedHash> by_hash_{0, SaltedHash{1}};
    std::vector<std::vector<bool>> has_;  // by host and transaction
    std::vector<std::vector<Hub::Subscription>> subscriptions_;
    std::vector<double> delays_ms_;
    std::size_t nearly_all_ = 0;
    bool begun_ = false;
    std::map<HostId, chain::TxRelay::Counters>
        counters_before_;                        // of the lives that were begun then
    std::optional<std::uint64_t> bytes_before_;  // of the sample before
    Series links_min_{"minimum", {}}, links_median_{"median", {}}, links_max_{"maximum", {}};
    Series traffic_{"all hosts", {}};
    Series submitted_{"submitted", {}}, spread_{"at 99 % of nodes", {}};
    Series misbehaved_{"closed for misbehaviour", {}}, silent_{"closed as silent", {}};
    std::vector<std::pair<double, std::string>> marks_;
    std::vector<std::pair<std::string, std::string>> rows_;  // of the scenario
    bool comparing_ = false;
    std::size_t compared_ = 0;
    std::optional<LinkGraph> graph_;
    Instant graph_at_{};
    Rng models_rng_{1};
    Model best_{"the best possible", {}}, fetched_{"announce and fetch", {}},
        pushed_{"push to the square root", {}};
};

}  // namespace parley::sim
