// Shows what a node says, once or again and again.
#pragma once

#include "command.hpp"

#include <cstddef>
#include <functional>
#include <string>

namespace parley::app {

/// Prints what `draw` says (lines, each with its end). With `watch` once a second until SIGINT or
/// SIGTERM, which is no failure: on a terminal in place, elsewhere one after the other. Ends with
/// the first failure of `draw`.
Outcome show(bool watch, const std::function<Result<std::string, Failure>()>& draw);

/// How wide the terminal is; 80 where the output goes to none.
std::size_t screen_columns();

}  // namespace parley::app
