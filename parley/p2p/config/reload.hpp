// What a running node takes of a parley.toml that has changed, and what needs a restart.
// Threading: pure functions.
#pragma once

#include <parley/p2p/config/config.hpp>

#include <string>
#include <vector>

namespace parley::p2p {

struct ReloadPlan {
    Config config;                           ///< the running one with what can be taken
    std::vector<std::string> changed;        ///< settings that are taken, such as "log.level"
    std::vector<std::string> needs_restart;  ///< settings that differ and are not
};

/// Which settings those are: docs/OPERATING.md, Reload.
ReloadPlan plan_reload(const Config& running, const Config& read);

}  // namespace parley::p2p
