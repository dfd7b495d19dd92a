// For tests: whether one may pass for want of something that the machine lacks. Where CI=true none
// may, but for what PARLEY_MAY_SKIP names, words with spaces between: "ipv6 namespaces".
#pragma once

#include <cstdlib>
#include <string_view>

namespace parley::testing {

/// The rule: `ci` and `list` as the environment has them, empty if it does not.
inline bool may_skip(std::string_view what, std::string_view ci, std::string_view list) {
    if (ci != "true") return true;
    while (!list.empty()) {
        const auto word = list.substr(0, list.find(' '));
        if (word == what) return true;
        list.remove_prefix(word.size() < list.size() ? word.size() + 1 : list.size());
    }
    return false;
}

/// `what`: vectors, proxy, ipv6, namespaces, mounts or faketime.
inline bool may_skip(std::string_view what) {
    const auto read = [](const char* name) -> std::string_view {
        const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
        return value == nullptr ? "" : value;
    };
    return may_skip(what, read("CI"), read("PARLEY_MAY_SKIP"));
}

}  // namespace parley::testing
