// The folder of a node that a service starts for the first time: nobody is there to say `init`.
#pragma once

#include "command.hpp"
#include "folder.hpp"

#include <string>

namespace parley::app {

/// Makes what a node's folder lacks: settings, an empty store, a new key. If `settings` names a
/// file, the folder gets a link to it, unless it has settings of its own. A folder with a key is
/// left as it is. After a crash in between, the next call goes on.
Outcome make_first_folder(const Folder& folder, const std::string& settings);

}  // namespace parley::app
