// parley dht: the DHT as a running node sees it.
#include "client/client.hpp"
#include "command.hpp"
#include "dht/dht_crawl.hpp"
#include "peers/known_nodes.hpp"
#include "text.hpp"
#include <parley/identity/enr.hpp>

#include <fmt/format.h>

#include <chrono>
#include <memory>

namespace parley::app {

namespace {

namespace json = boost::json;

constexpr auto footer = R"text(FILES
  DIR/parley.sock   the node is asked here

EXIT STATUS
  0 done, 1 no node runs there, or nobody answered, 2 wrong command line)text";

struct Options {
    std::string folder;
    std::string node;
    bool json = false;
};

Outcome ping(const Options& options) {
    const auto begin = std::chrono::steady_clock::now();
    const auto reply = call(options.folder, "discv5_ping", {options.node});
    if (!reply) return std::unexpected{reply.error()};
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    if (options.json) {
        fmt::print("{}\n", json::serialize(*reply));
        return {};
    }
    const auto& answer = reply->as_object();
    fmt::print("answered in {:.1f} ms; its record has number {}; it sees us at {}:{}\n",
               took.count(), json::serialize(answer.at("enrSeq")),
               answer.at("recipientIP").as_string().c_str(),
               json::serialize(answer.at("recipientPort")));
    return {};
}

std::vector<std::string> row_of(const std::string& text) {
    const auto record = Enr::parse(text);
    if (!record) return {"?", "?", "?"};
    const auto endpoint = record->udp_endpoint();
    return {record->id().short_string(), endpoint ? endpoint->to_string() : "-",
            record->parley() ? std::to_string(record->parley()->network_id) : "-"};
}

constexpr auto left = Table::Align::left;
constexpr auto right = Table::Align::right;

Outcome print_nodes(const Options& options, const Result<json::value, Failure>& reply) {
    if (!reply) return std::unexpected{reply.error()};
    if (options.json) {
        fmt::print("{}\n", json::serialize(*reply));
        return {};
    }
    Table table{.columns = {left, left, right}, .rows = {{"ID", "ADDRESS", "NETWORK"}}};
    for (const auto& one : reply->as_array()) table.rows.push_back(row_of(one.as_string().c_str()));
    if (table.rows.size() == 1) return failed("nobody answered");
    fmt::print("{}", table.to_string());
    return {};
}

Outcome lookup(const Options& options) {
    const auto key = NodeResolver{options.folder}.key(options.node);
    if (!key) return std::unexpected{key.error()};
    return print_nodes(options, call(options.folder, "discv5_recursiveFindNodes", {*key}));
}

Outcome announce(const Options& options) {
    return print_nodes(options, call(options.folder, "parley_dhtAnnounce"));
}

Outcome store(const Options& options) {
    const auto reply = call(options.folder, "discv5_addEnr", {options.node});
    if (!reply) return std::unexpected{reply.error()};
    if (!reply->as_bool()) return failed("no room for it, or nobody can be asked at its address");
    fmt::print("stored; it is checked next\n");
    return {};
}

Outcome resolve(const Options& options) {
    const auto key = NodeResolver{options.folder}.key(options.node);
    if (!key) return std::unexpected{key.error()};
    const auto reply = call(options.folder, "discv5_lookupEnr", {*key});
    if (!reply) return std::unexpected{reply.error()};
    fmt::print("{}\n", options.json ? json::serialize(*reply) : reply->as_string().c_str());
    return {};
}

Outcome table(const Options& options) {
    const auto reply = call(options.folder, "parley_dhtTable");
    if (!reply) return std::unexpected{reply.error()};
    if (options.json) {
        fmt::print("{}\n", json::serialize(*reply));
        return {};
    }
    const auto& entries = reply->as_array();
    if (entries.empty()) {
        fmt::print("the table is empty\n");
        return {};
    }
    Table out{.columns = {right, left, left, right, left},
              .rows = {{"DISTANCE", "ID", "ADDRESS", "SEEN", "STATE"}}};
    for (const auto& value : entries) {
        const auto& entry = value.as_object();
        const auto* id = entry.at("id").if_string();
        const auto* seen = entry.at("seen").if_int64();
        const auto failures = entry.at("failures").to_number<int>();
        std::string state = entry.at("checked").as_bool() ? "checked" : "heard of";
        if (failures > 0) state = fmt::format("{} failures", failures);
        out.rows.push_back({json::serialize(entry.at("distance")),
                            id ? std::string{id->c_str()}.substr(0, NodeId::short_digits) : "-",
                            entry.at("endpoint").as_string().c_str(),
                            seen ? duration_text(*seen) : "-", state});
    }
    fmt::print("{}", out.to_string());
    return {};
}

void add_one(CLI::App& dht, Chosen& chosen, const std::string& name, const std::string& brief,
             const std::string& description, std::string_view operand, std::string_view meaning,
             Outcome (*action)(const Options&)) {
    auto* command = add_command(dht, name, brief, description);
    command->footer(fmt::format("EXAMPLES\n  parley dht {} alice{}\n\n{}", name,
                                operand.empty() ? "" : " enr:-Iu4QG...", footer));
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    if (!operand.empty()) {
        command->add_option(std::string{operand}, options->node, std::string{meaning})->required();
    }
    command->add_flag("--json", options->json, "The reply of the node, as JSON");
    command->callback([=, &chosen] { chosen = [=] { return action(*options); }; });
}

}  // namespace

void add_dht(CLI::App& app, Chosen& chosen) {
    auto* dht = add_command(app, "dht", "find nodes in the DHT, and see its table",
                            "The DHT is Node Discovery v5.1, over UDP: each node announces itself\n"
                            "(its ID and record) to those near it in the key space, they keep it\n"
                            "in their tables, and anybody can look it up.");
    dht->require_subcommand(1);
    constexpr auto who = "A record (enr:...), or the ID of a node in the table";
    constexpr auto where = "A record (enr:...), a node's ID of 66 hex digits, or 0x and 64";
    add_one(*dht, chosen, "ping", "ask a node whether it is there",
            "Sends a PING and waits for the PONG; with a handshake if there is no session yet.",
            "NODE", who, &ping);
    add_one(*dht, chosen, "announce", "tell the nodes nearest to us of us, now",
            "Looks up our own place in the key space and greets who stands there: they store our\n"
            "record. It happens by itself as well. Prints those that answered.",
            "", "", &announce);
    add_one(*dht, chosen, "store", "take a record into the table of a running node",
            "The node checks that it answers, then tells others of it.", "RECORD",
            "A record (enr:...)", &store);
    add_one(*dht, chosen, "lookup", "find the 16 nodes closest to a place in the key space",
            "Asks from node to node, on three disjoint paths, for those closer to the target.\n"
            "Prints those that answered, the closest first.",
            "TARGET", where, &lookup);
    add_one(*dht, chosen, "resolve", "find the record of a node by its ID",
            "Looks the node up and prints its newest record.", "ID", where, &resolve);
    add_one(*dht, chosen, "table", "print the routing table of a running node",
            "Prints whom the node knows, the farthest in the key space first. Only those that\n"
            "are checked, which have answered it, are told to others.",
            "", "", &table);
    add_dht_crawl(*dht, chosen);
}

}  // namespace parley::app
