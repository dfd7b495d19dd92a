// Metrics: a node's figures for Prometheus, as text. Nothing is counted for it: each part that has
// figures is asked when somebody scrapes. docs/METRICS.md lists them.
//
//     metrics.gauge("kv_keys", "Keys in the store.").add(store.size());
//
// Spec: https://prometheus.io/docs/instrumenting/exposition_formats/
// Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/identity/datagram.hpp>
#include <parley/p2p/delay_histogram.hpp>
#include <parley/p2p/network.hpp>

#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace parley::p2p {

inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

class Metrics {
public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    /// One metric with its series. Used up before the next one is made.
    class Family {
    public:
        /// A series and its value.
        template <class Number>
        Family& add(Number value, Labels labels = {}) {
            return add_number(static_cast<double>(value), labels);
        }

    private:
        friend class Metrics;
        Family(Metrics& metrics, std::size_t index) : metrics_(metrics), index_(index) {}
        Family& add_number(double value, Labels labels);
        Metrics& metrics_;
        std::size_t index_;
    };

    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// A value that goes up and down.
    Family gauge(std::string_view name, std::string_view help);
    /// A count since the start; its name ends in _total.
    Family counter(std::string_view name, std::string_view help);
    /// Durations in seconds.
    void histogram(std::string_view name, std::string_view help, const DelayHistogram& delays);

    /// In the text format.
    std::string text() const;

private:
    struct Families;
    std::unique_ptr<Families> families_;
};

/// Adds the figures of a part.
using MetricsCollector = std::function<void(Metrics&, Now)>;

/// What only the driver of a node knows.
struct DriverFigures {
    UnixTime process_started{};
    DelayHistogram loop_delay{};  ///< how long inputs waited for the node's thread
    DatagramCounts datagrams{};
};

/// The figures of the network: links, slots, lanes, handshakes, book, bans, DHT, traffic, process.
void collect_metrics(Metrics& metrics, const Network& network, Now now,
                     const DriverFigures& driver);

}  // namespace parley::p2p
