// A node's figures for Prometheus, as text: https://prometheus.io/docs/instrumenting/
// exposition_formats/. docs/METRICS.md lists them. Nothing is counted for it: one pass over what
// the node knows anyway. Threading: the node's thread.
#pragma once

#include <parley/base/time.hpp>
#include <parley/node/delay_histogram.hpp>
#include <parley/node/node.hpp>

#include <string>
#include <string_view>

namespace parley::node {

inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// What only the driver of a node knows.
struct DriverFigures {
    UnixTime process_started{};
    DelayHistogram loop_delay{};  ///< how long inputs waited for the node's thread
};

std::string metrics_text(const Node& node, Now now, const DriverFigures& driver);

}  // namespace parley::node
