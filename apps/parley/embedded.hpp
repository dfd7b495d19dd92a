// Files of the project's tree that the program writes for its users. CMake puts their texts into
// the program (embedded.cpp.in), so that each is written once.
#pragma once

#include <string_view>

namespace parley::app {

/// docs/grafana/parley.json: the board.
extern const std::string_view grafana_board;
/// tools/package/parley.service: the unit of the Debian package.
extern const std::string_view package_unit;

}  // namespace parley::app
