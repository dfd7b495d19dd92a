// The files around a network's nodes: what runs them, and what shows them. Texts alone; who makes
// a network writes them. Threading: pure functions.
#pragma once

#include <parley/identity/endpoint.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace parley::app {

/// A node, as far as these files name it.
struct NamedNode {
    std::string name;  ///< of its folder
    Endpoint metrics;  ///< where Prometheus asks it
};

/// What is to be run and shown.
struct NetworkPlan {
    std::string folder;   ///< a whole path
    std::string program;  ///< a whole path: this one
    std::string user;     ///< whose files they are
    std::vector<NamedNode> nodes;
    Endpoint prometheus;
    Endpoint grafana;
};

/// A file to be made.
struct TextFile {
    std::string name;  ///< below the network's folder
    std::string text;
    unsigned mode = 0644;
};

/// `parley-NAME`, by which systemd knows the network in this folder.
std::string unit_name_of(std::string_view folder);
/// One template of all nodes, hardened as the package's unit is, and the target that wants them.
std::vector<TextFile> systemd_files(const NetworkPlan& plan);

/// A script that runs all nodes.
TextFile start_script(const NetworkPlan& plan);
/// The same for containers, with Prometheus and Grafana in the profile `watch`.
TextFile compose_file(const NetworkPlan& plan);
/// Prometheus's settings, Grafana's with the board, and a script that runs both.
std::vector<TextFile> watch_files(const NetworkPlan& plan);

}  // namespace parley::app
