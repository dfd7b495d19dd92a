#include "client/json_at.hpp"
#include "doctor/doctor_facts.hpp"
#include "doctor/examination.hpp"
#include <parley/crypto/aead.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace parley::app {

namespace json = boost::json;

namespace {

/// A node may run without an answer: then its lock tells.
LinkFacts link_facts(const Folder& folder, const Result<json::value, Failure>& status) {
    LinkFacts facts;
    if (status) {
        facts.locked = true;
        facts.uptime = number_at(*status, "/uptime");
        facts.inbound = number_at(*status, "/links/inbound");
        facts.outbound = number_at(*status, "/links/outbound");
        return facts;
    }
    facts.locked = !lock_folder_to_read(folder);
    facts.error = status.error().what;
    return facts;
}

DhtFacts dht_facts(const node::NodeConfig& config, const LinkFacts& links, const NodeSays& says) {
    DhtFacts facts{.enabled = config.uses_dht(),
                   .node_runs = links.locked,
                   .error = {},
                   .uptime = links.uptime};
    if (!facts.enabled || !facts.node_runs) return facts;
    const auto status = says.status ? *says.status : json::value{};
    facts.port = config.p2p.listen.front().port;
    facts.sent = number_at(status, "/datagrams/sent");
    facts.unsent =
        number_at(status, "/datagrams/noSocket") + number_at(status, "/datagrams/refused");
    facts.last_refusal = text_at(status, "/datagrams/lastRefusal");
    if (!says.dht_table) {
        facts.error = says.dht_table.error().what;
        return facts;
    }
    for (const auto& entry : says.dht_table->as_array()) {
        ++facts.known;
        if (flag_at(entry, "/checked") && number_at(entry, "/failures") == 0) ++facts.answering;
    }
    return facts;
}

Check check_as_map(const Folder& folder, const std::string& name) {
    const auto map = runtime::read_as_map(folder, name);
    if (!map) {
        return {"p2p.as_map", Grade::fail, map.error().what, "correct the file or the setting"};
    }
    return {"p2p.as_map", Grade::ok, fmt::format("{} prefixes", map->prefixes())};
}

bool has_failed(const Target& target, const Result<json::value, Failure>& failures) {
    const auto* list = failures ? failures->if_array() : nullptr;
    return list != nullptr &&
           std::ranges::any_of(*list, [text = target.to_string()](const auto& one) {
               return text_at(one, "/target") == text;
           });
}

/// Those that the owner names.
void check_targets(const node::NodeConfig& config, const Result<json::value, Failure>& failures,
                   Reach reach, std::vector<Check>& out) {
    const auto check = [&](const std::string& kind, const std::vector<Target>& targets) {
        for (const auto& target : targets) {
            if (reach == Reach::others || has_failed(target, failures)) {
                out.push_back(check_boot(boot_facts(kind, target, failures)));
            }
        }
    };
    check("boot node", config.p2p.boot);
    check("static peer", config.p2p.static_peers);
}

}  // namespace

std::vector<Check> examine(const Folder& folder, const NodeSays& says, Reach reach) {
    const auto config = read_config(folder);
    if (!config) {
        return {{"settings", Grade::fail, config.error().what,
                 "correct that; nothing else can be checked before"}};
    }
    std::vector<Check> out{{"settings", Grade::ok, folder.config()}};
    if (!config->p2p.as_map.empty()) out.push_back(check_as_map(folder, config->p2p.as_map));
    const auto& status = says.status;
    const auto links = link_facts(folder, status);
    const bool runs = links.locked;
    out.push_back(check_key(key_facts(folder)));
    out.push_back(check_clock(clock_facts()));
    out.push_back({"cipher", Grade::ok, "AES-GCM by " + crypto::aead_library()});
    for (const auto& endpoint : config->p2p.listen) {
        out.push_back(check_port(port_facts("p2p.listen", endpoint, runs)));
        if (!config->uses_dht()) continue;
        out.push_back(check_port(udp_port_facts("p2p.listen", endpoint, runs)));
    }
    if (config->rpc.http) {
        out.push_back(check_port(port_facts("rpc.http", *config->rpc.http, runs)));
    }
    if (config->metrics.listen) {
        out.push_back(check_port(port_facts("metrics.listen", *config->metrics.listen, runs)));
    }
    out.push_back(check_descriptors(descriptor_facts(*config)));
    out.push_back(check_disk(disk_facts(folder)));
    out.push_back(check_store(store_facts(folder, runs)));
    out.push_back(check_address(address_facts(*config)));
    const Result<json::value, Failure> none{json::array{}};
    check_targets(*config, runs ? says.failed_dials : none, reach, out);
    if (config->p2p.boot.empty()) {
        const auto known = status ? number_at(*status, "/knownAddresses") : 0;
        out.push_back(check_no_boot(*config, static_cast<std::size_t>(known)));
    }
    out.push_back(check_links(links));
    if (status || !runs) {
        out.push_back(check_dht(dht_facts(*config, links, says)));
    }
    return out;
}

json::array to_json(const std::vector<Check>& checks) {
    json::array out;
    for (const auto& check : checks) {
        out.push_back({{"check", check.name},
                       {"grade", name(check.grade)},
                       {"what", check.what},
                       {"hint", check.hint}});
    }
    return out;
}

}  // namespace parley::app
