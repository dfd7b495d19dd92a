// What shows a network: Prometheus, which asks all of its nodes, and Grafana with the board.
#include "embedded.hpp"
#include "network/network_files.hpp"

#include <fmt/format.h>

namespace parley::app {

namespace {

/// Grafana takes every setting from its environment, and this one in its files. It is where the
/// network's folder is: elsewhere in a container.
constexpr auto root_variable = "PARLEY_NETWORK";

std::string prometheus_settings(const NetworkPlan& plan) {
    std::string out =
        "# Prometheus asks each node of this network, by its name.\n"
        "global:\n"
        "  scrape_interval: 5s\n"
        "scrape_configs:\n"
        "  - job_name: parley\n"
        "    static_configs:\n";
    for (const auto& node : plan.nodes) {
        out += fmt::format(
            "      - targets: [\"{}\"]\n"
            "        labels: {{instance: {}}}\n",
            node.metrics.to_string(), node.name);
    }
    return out;
}

std::string data_source(const NetworkPlan& plan) {
    return fmt::format(
        "apiVersion: 1\n"
        "datasources:\n"
        "  - name: Prometheus\n"
        "    uid: prometheus\n"
        "    type: prometheus\n"
        "    access: proxy\n"
        "    url: http://{}\n"
        "    isDefault: true\n",
        plan.prometheus.to_string());
}

std::string board_provider() {
    return fmt::format(
        "apiVersion: 1\n"
        "providers:\n"
        "  - name: parley\n"
        "    type: file\n"
        "    options:\n"
        "      path: ${{{}}}/grafana/dashboards\n",
        root_variable);
}

/// `NAME=value` for a Grafana whose network is in `root`.
std::vector<std::string> grafana_environment(const NetworkPlan& plan, const std::string& root) {
    return {
        fmt::format("{}={}", root_variable, root),
        "GF_SERVER_HTTP_ADDR=" + plan.grafana.address.to_string(),
        fmt::format("GF_SERVER_HTTP_PORT={}", plan.grafana.port),
        "GF_PATHS_PROVISIONING=" + root + "/grafana/provisioning",
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH=" + root + "/grafana/dashboards/parley.json",
        "GF_AUTH_ANONYMOUS_ENABLED=true",  // on a loopback address, and to look at it alone
        "GF_ANALYTICS_REPORTING_ENABLED=false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES=false",
    };
}

std::string watch_script(const NetworkPlan& plan) {
    auto out = fmt::format(
        "#!/bin/sh\n"
        "# Runs Prometheus and Grafana for this network until Ctrl-C. PROMETHEUS and GRAFANA name\n"
        "# the programs where they are not on the PATH, GRAFANA_HOME the folder of Grafana's "
        "files.\n"
        "cd \"$(dirname \"$0\")\" || exit 1\n"
        "prometheus=${{PROMETHEUS:-prometheus}} grafana=${{GRAFANA:-grafana}} root=$PWD\n"
        "for program in \"$prometheus\" \"$grafana\"; do\n"
        "    command -v \"$program\" >/dev/null && continue\n"
        "    echo \"watch: there is no $program\" >&2\n"
        "    exit 1\n"
        "done\n"
        "pids=\n"
        "trap 'kill $pids' INT TERM\n"
        "\"$prometheus\" --config.file=prometheus.yml --storage.tsdb.path=prometheus \\\n"
        "    --web.listen-address={} >>prometheus.log 2>&1 &\n"
        "pids=$!\n",
        plan.prometheus.to_string());
    for (const auto& line : grafana_environment(plan, "$root")) {
        const auto equals = line.find('=');
        out += fmt::format("export {}=\"{}\"\n", line.substr(0, equals), line.substr(equals + 1));
    }
    out += "export GF_PATHS_DATA=\"$root/grafana/data\" GF_PATHS_LOGS=\"$root/grafana/data/log\"\n";
    out += fmt::format(
        "\"$grafana\" server --homepath \"${{GRAFANA_HOME:-/usr/share/grafana}}\" \\\n"
        "    >>grafana.log 2>&1 &\n"
        "pids=\"$pids $!\"\n"
        "echo \"http://{}\"\n"
        "wait\n"
        "wait\n",  // a signal ends the first one
        plan.grafana.to_string());
    return out;
}

std::string compose_watch(const NetworkPlan& plan) {
    auto out = fmt::format(
        "  prometheus:\n"
        "    image: prom/prometheus\n"
        "    command:\n"
        "      - --config.file=/network/prometheus.yml\n"
        "      - \"--web.listen-address={}\"\n"
        "    profiles: [watch]\n"
        "    network_mode: host\n"
        "    volumes: [\"./prometheus.yml:/network/prometheus.yml:ro\"]\n"
        "  grafana:\n"
        "    image: grafana/grafana\n"
        "    profiles: [watch]\n"
        "    network_mode: host\n"
        "    volumes: [\"./grafana:/network/grafana:ro\"]\n"
        "    environment:\n",
        plan.prometheus.to_string());
    for (const auto& line : grafana_environment(plan, "/network"))
        out += "      - \"" + line + "\"\n";
    return out;
}

}  // namespace

TextFile compose_file(const NetworkPlan& plan) {
    std::string out =
        "# PARLEY_IMAGE names an image whose entry point is parley. All nodes use the network of\n"
        "# this machine, as their settings say; they run as the owner of the files.\n"
        "# `docker compose --profile watch up` runs Prometheus and Grafana as well.\n"
        "services:\n";
    for (const auto& node : plan.nodes) {
        out += fmt::format(
            "  {0}:\n"
            "    image: ${{PARLEY_IMAGE:-parley}}\n"
            "    command: [run, /node]\n"
            "    user: \"${{UID:-1000}}:${{GID:-1000}}\"\n"
            "    network_mode: host\n"
            "    restart: unless-stopped\n"
            "    volumes: [\"./{0}:/node\"]\n",
            node.name);
    }
    return {.name = "compose.yaml", .text = out + compose_watch(plan)};
}

TextFile start_script(const NetworkPlan& plan) {
    std::string out =
        "#!/bin/sh\n"
        "# Runs all nodes of this network until Ctrl-C; each writes to NODE/log. PARLEY names the\n"
        "# program where it is not on the PATH.\n"
        "cd \"$(dirname \"$0\")\" || exit 1\n"
        "pids=\n"
        "trap 'kill $pids' INT TERM\n"
        "for node in";
    for (const auto& node : plan.nodes) out += ' ' + node.name;
    out +=
        "; do\n"
        "    \"${PARLEY:-parley}\" run \"$node\" >>\"$node/log\" 2>&1 &\n"
        "    pids=\"$pids $!\"\n"
        "done\n"
        "wait\n"
        "wait\n";  // a signal ends the first one
    return {.name = "start", .text = std::move(out), .mode = 0755};
}

std::vector<TextFile> watch_files(const NetworkPlan& plan) {
    return {
        {.name = "prometheus.yml", .text = prometheus_settings(plan)},
        {.name = "grafana/provisioning/datasources/prometheus.yaml", .text = data_source(plan)},
        {.name = "grafana/provisioning/dashboards/parley.yaml", .text = board_provider()},
        {.name = "grafana/dashboards/parley.json", .text = std::string{grafana_board}},
        {.name = "watch", .text = watch_script(plan), .mode = 0755},
    };
}

}  // namespace parley::app
