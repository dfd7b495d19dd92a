#include "dht/crawl_report.hpp"
#include "text.hpp"
#include <parley/plot/plot_scale.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace parley::app {

using namespace discovery::discv5;
namespace json = boost::json;

namespace {

CrawlState state_of(const CrawledNode& node) {
    if (node.answered) return CrawlState::answered;
    return node.ended ? CrawlState::silent : CrawlState::undecided;
}

std::vector<CrawlReport::Group> grouped(
    const std::vector<CrawlRow>& nodes,
    const std::function<std::string(const CrawlRow&)>& group_of) {
    std::map<std::string, CrawlReport::Group> groups;
    for (const auto& node : nodes) {
        auto& group = groups[group_of(node)];
        ++group.nodes;
        if (node.state == CrawlState::answered) ++group.answered;
    }
    std::vector<CrawlReport::Group> out;
    for (auto& [name, group] : groups) {
        group.name = name;
        out.push_back(std::move(group));
    }
    std::ranges::stable_sort(out, std::greater{}, &CrawlReport::Group::nodes);
    return out;
}

std::string count_text(std::size_t count) {
    return app::count_text(static_cast<std::int64_t>(count));
}

/// The largest of many: a network may be of any number of clients.
std::string table_of(const std::string& heading, const std::vector<CrawlReport::Group>& groups) {
    constexpr std::size_t rows_max = 15;
    using enum Table::Align;
    Table table{.columns = {left, right, right}, .rows = {{heading, "NODES", "ANSWERED"}}};
    CrawlReport::Group rest;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const auto& group = groups[i];
        if (i < rows_max || groups.size() == rows_max + 1) {
            table.rows.push_back({group.name, count_text(group.nodes), count_text(group.answered)});
        } else {
            rest.nodes += group.nodes;
            rest.answered += group.answered;
        }
    }
    if (rest.nodes > 0) {
        table.rows.push_back({fmt::format("{} others", groups.size() - rows_max),
                              count_text(rest.nodes), count_text(rest.answered)});
    }
    return "\n" + table.to_string();
}

json::array json_of(std::string_view key, const std::vector<CrawlReport::Group>& groups) {
    json::array out;
    for (const auto& group : groups) {
        out.push_back({{key, group.name}, {"nodes", group.nodes}, {"answered", group.answered}});
    }
    return out;
}

}  // namespace

std::string_view name(CrawlState state) {
    switch (state) {
        case CrawlState::answered:
            return "answered";
        case CrawlState::silent:
            return "silent";
        case CrawlState::undecided:
            return "undecided";
    }
    return "?";
}

std::string_view text(CrawlReport::End end) {
    switch (end) {
        case CrawlReport::End::complete:
            return "";
        case CrawlReport::End::interrupted:
            return "interrupted";
        case CrawlReport::End::out_of_time:
            return "out of time";
    }
    return "?";
}

std::string client_name(const Enr& record) {
    if (const auto client = record.client()) {
        return client->version.empty() ? client->name : client->name + " " + client->version;
    }
    for (const auto* protocol : {"parley", "eth2", "eth"}) {
        if (record.value(protocol)) return fmt::format("{} ?", protocol);
    }
    return "unknown";
}

std::vector<CrawlRow> CrawlReport::rows_of(const Crawl& crawl) {
    std::vector<CrawlRow> rows;
    crawl.for_each([&](const CrawledNode& node) {
        CrawlRow row{.place = node.contact.id,
                     .endpoint = node.contact.endpoint,
                     .state = state_of(node),
                     .neighbours = node.neighbours,
                     .sequence = node.contact.sequence,
                     .enr = enr_text(node.contact.record)};
        if (node.round_trip) {
            row.round_trip_ms = std::chrono::duration<double, std::milli>(*node.round_trip).count();
        }
        if (const auto record = Enr::decode_verified(node.contact.record)) {
            row.id = record->id().to_string();
            row.client = client_name(*record);
            if (const auto entry = record->parley()) row.network = entry->network_id;
        }
        rows.push_back(std::move(row));
    });
    return rows;
}

std::size_t CrawlReport::count(CrawlState state) const {
    return static_cast<std::size_t>(std::ranges::count(nodes, state, &CrawlRow::state));
}

std::vector<double> CrawlReport::round_trips() const {
    std::vector<double> out;
    for (const auto& node : nodes) {
        if (node.round_trip_ms) out.push_back(*node.round_trip_ms);
    }
    std::ranges::sort(out);
    return out;
}

std::vector<CrawlReport::Group> CrawlReport::clients() const {
    return grouped(nodes, [](const CrawlRow& node) { return node.client; });
}

std::vector<CrawlReport::Group> CrawlReport::networks() const {
    return grouped(nodes, [](const CrawlRow& node) {
        return node.network ? std::to_string(*node.network) : "other protocols";
    });
}

std::array<double, 3> quantiles_of(const std::vector<double>& sorted) {
    return {plot::quantile(sorted, 0.5), plot::quantile(sorted, 0.9), plot::quantile(sorted, 0.99)};
}

std::string summary(const CrawlReport& report) {
    std::string out;
    if (report.end != CrawlReport::End::complete) {
        out += fmt::format("{}; so far:\n", text(report.end));
    }
    out += fmt::format("{} {}{} in {:.{}f} s, {} requests", count_text(report.nodes.size()),
                       report.nodes.size() == 1 ? "node" : "nodes",
                       report.full ? ", and there are more," : "", report.seconds,
                       report.seconds < 10 ? 2 : 0, count_text(report.requests));
    auto before = ": ";
    for (const auto state : {CrawlState::answered, CrawlState::silent, CrawlState::undecided}) {
        const auto count = report.count(state);
        if (count == 0) continue;
        out += fmt::format("{}{} {}", before, count_text(count), name(state));
        before = ", ";
    }
    out += "\n" + table_of("CLIENT", report.clients());
    out += table_of("NETWORK", report.networks());
    const auto sorted = report.round_trips();
    if (!sorted.empty()) {
        const auto [p50, p90, p99] = quantiles_of(sorted);
        out +=
            fmt::format("\nlatency: p50 {:.1f} ms, p90 {:.1f} ms, p99 {:.1f} ms\n", p50, p90, p99);
    }
    return out;
}

json::object to_json(const CrawlReport& report) {
    json::object out{{"began", report.began},
                     {"seconds", report.seconds},
                     {"requests", report.requests},
                     {"complete", report.end == CrawlReport::End::complete && !report.full},
                     {"nodes", report.nodes.size()},
                     {"answered", report.count(CrawlState::answered)},
                     {"silent", report.count(CrawlState::silent)},
                     {"undecided", report.count(CrawlState::undecided)},
                     {"clients", json_of("client", report.clients())},
                     {"networks", json_of("network", report.networks())}};
    const auto sorted = report.round_trips();
    if (!sorted.empty()) {
        const auto [p50, p90, p99] = quantiles_of(sorted);
        out["latencyMs"] = {{"p50", p50}, {"p90", p90}, {"p99", p99}};
    }
    return out;
}

}  // namespace parley::app
