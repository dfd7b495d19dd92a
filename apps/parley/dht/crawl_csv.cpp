#include "dht/crawl_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace parley::app {

std::string csv_field(std::string_view text) {
    std::string out{text};
    std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '?');
    const auto first = out.find_first_not_of(' ');
    if (first != std::string::npos && std::string_view{"=+-@"}.contains(out[first])) {
        out.insert(0, 1, '\'');
    }
    if (out.find_first_of(",\"") == std::string::npos) return out;
    std::string quoted{'"'};
    for (const char c : out) {
        if (c == '"') quoted += c;
        quoted += c;
    }
    return quoted + '"';
}

std::string to_csv(const CrawlReport& report) {
    std::string out = "id,address,port,network,client,answered,rtt_ms,neighbours,sequence,enr\r\n";
    for (const auto& node : report.nodes) {
        fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{},{},{},{},{}\r\n", node.id,
                       node.endpoint.address.to_string(), node.endpoint.port,
                       node.network ? std::to_string(*node.network) : "", csv_field(node.client),
                       node.state == CrawlState::answered,
                       node.round_trip_ms ? fmt::format("{:.3f}", *node.round_trip_ms) : "",
                       node.neighbours, node.sequence, node.enr);
    }
    return out;
}

}  // namespace parley::app
