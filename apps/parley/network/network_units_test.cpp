#include "embedded.hpp"
#include "network/network_files.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace parley;
using namespace parley::app;

namespace {

const NetworkPlan plan{.folder = "/home/ann/my 50% trial",
                       .program = "/opt/pa rley/bin/parley",
                       .user = "ann",
                       .nodes = {{"validator-1", *Endpoint::parse("127.0.0.1:9600")},
                                 {"node-1", *Endpoint::parse("127.0.0.1:9601")}},
                       .prometheus = *Endpoint::parse("127.0.0.1:9590"),
                       .grafana = *Endpoint::parse("127.0.0.1:9591")};

bool has_line(std::string_view text, std::string_view line) {
    return ('\n' + std::string{text}).find('\n' + std::string{line} + '\n') != std::string::npos;
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

}  // namespace

TEST_CASE("units: a network's are the package's, for other files and their owner") {
    const auto files = systemd_files(plan);
    REQUIRE(files.size() == 2);
    CHECK(files[0].name == "systemd/parley-my-50--trial@.service");
    const auto& unit = files[0].text;
    CHECK(has_line(unit, "Description=Parley, node %i of /home/ann/my 50%% trial"));
    CHECK(has_line(unit, "PartOf=parley-my-50--trial.target"));
    CHECK(has_line(unit, "User=ann"));
    CHECK(has_line(unit, "WorkingDirectory=/home/ann/my 50%% trial"));
    CHECK(has_line(unit, "ExecStart=\"/opt/pa rley/bin/parley\" run %i"));
    CHECK(has_line(unit, "ReadWritePaths=\"/home/ann/my 50%% trial\""));
    CHECK(has_line(unit, "ProtectHome=read-only"));
    CHECK(has_line(unit, "WantedBy=parley-my-50--trial.target"));
    CHECK(unit.find("/var/lib/parley") == std::string::npos);

    // What the package's says of hardening, restarts and limits stands there too.
    std::size_t kept = 0;
    for (const auto& line : lines_of(package_unit)) {
        const bool is_changed = line.starts_with("User=") || line.starts_with("Group=") ||
                                line.starts_with("ExecStart=") ||
                                line.starts_with("StateDirectory") ||
                                line.starts_with("Description=") || line.starts_with("WantedBy=") ||
                                line.starts_with("ProtectHome=");
        if (is_changed || line.empty()) continue;
        ++kept;
        CAPTURE(line);
        CHECK(has_line(unit, line));
    }
    CHECK(kept > 30);
}

TEST_CASE("units: the target wants every node, and a folder in /tmp can be seen") {
    auto files = systemd_files(plan);
    CHECK(files[1].name == "systemd/parley-my-50--trial.target");
    CHECK(has_line(files[1].text, "Wants=parley-my-50--trial@validator-1.service"));
    CHECK(has_line(files[1].text, "Wants=parley-my-50--trial@node-1.service"));
    CHECK(has_line(files[1].text, "WantedBy=multi-user.target"));
    CHECK(has_line(files[0].text, "PrivateTmp=yes"));

    auto temporary = plan;
    temporary.folder = "/tmp/trial";
    files = systemd_files(temporary);
    CHECK(files[0].name == "systemd/parley-trial@.service");
    CHECK_FALSE(has_line(files[0].text, "PrivateTmp=yes"));
}
