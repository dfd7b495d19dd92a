// The page of a node: a few files without anything from elsewhere, which ask the node over
// JSON-RPC (docs/page.md). Threading: pure.
#pragma once

#include <parley/runtime/http/http_server.hpp>

#include <vector>

namespace parley::web {

/// Nothing if it was left out (PARLEY_WEB=OFF). The bytes are part of the program.
std::vector<runtime::HttpFile> page();

}  // namespace parley::web
