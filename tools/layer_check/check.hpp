// The layer check: reads the sources as text and finds what the design forbids.
//
// - include: a layer includes only itself and the layers below it.
// - asio: Asio and Beast are at home in runtime, used by apps, and nowhere else.
// - clock, entropy, thread: the protocol's code, which the simulator runs too, reads no clock, has
//   no random device and starts no threads. Tests may start threads.
// - unordered: nor does it iterate over unordered containers, whose order differs from one machine
//   to the next. By name: what the file, or the header of the same name, declares as one, in a
//   range-for or before .begin(). Tests may.
//
// A line that must break a rule says so, on the line or the one above it:
//     // layer-check: allow(unordered) the sum does not depend on the order
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace layer_check {

/// Text by path; paths are relative to the project's root, with slashes.
using Tree = std::map<std::string, std::string>;

struct Finding {
    std::string path;
    std::size_t line;  ///< from 1
    std::string rule;
    std::string message;
    friend bool operator==(const Finding&, const Finding&) = default;
};
/// "path:line: rule: message"
std::string to_string(const Finding& finding);

/// The sources below parley, apps and examples. Throws std::filesystem::filesystem_error.
Tree read_tree(const std::filesystem::path& root);

/// By path, then line.
std::vector<Finding> check(const Tree& tree);

}  // namespace layer_check
