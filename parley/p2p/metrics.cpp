#include <parley/p2p/metrics.hpp>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <chrono>
#include <vector>

namespace parley::p2p {

using prometheus::ClientMetric;
using prometheus::MetricType;

struct Metrics::Families {
    std::vector<prometheus::MetricFamily> all;

    std::size_t add(std::string_view name, std::string_view help, MetricType type) {
        all.push_back({std::string{name}, std::string{help}, type, {}});
        return all.size() - 1;
    }
};

namespace {

double seconds(Duration d) {
    return std::chrono::duration<double>(d).count();
}

}  // namespace

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

Metrics::Family& Metrics::Family::add_number(double value, Labels labels) {
    auto& family = metrics_.families_->all[index_];
    ClientMetric metric;
    for (const auto& [name, text] : labels) {
        metric.label.push_back({std::string{name}, std::string{text}});
    }
    (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    family.metric.push_back(std::move(metric));
    return *this;
}

Metrics::Family Metrics::gauge(std::string_view name, std::string_view help) {
    return {*this, families_->add(name, help, MetricType::Gauge)};
}

Metrics::Family Metrics::counter(std::string_view name, std::string_view help) {
    return {*this, families_->add(name, help, MetricType::Counter)};
}

void Metrics::histogram(std::string_view name, std::string_view help,
                        const DelayHistogram& delays) {
    const auto index = families_->add(name, help, MetricType::Histogram);
    ClientMetric metric;
    auto& histogram = metric.histogram;
    const auto& counts = delays.counts();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        histogram.sample_count += counts[i];
        if (i == DelayHistogram::bounds.size()) break;  // the serializer adds +Inf
        histogram.bucket.push_back({histogram.sample_count, seconds(DelayHistogram::bounds[i])});
    }
    histogram.sample_sum = seconds(delays.sum());
    families_->all[index].metric.push_back(std::move(metric));
}

std::string Metrics::text() const {
    return prometheus::TextSerializer{}.Serialize(families_->all);
}

}  // namespace parley::p2p
