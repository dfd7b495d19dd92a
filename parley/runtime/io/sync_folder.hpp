// Puts the names in a folder onto the disk: of new files, and of renamed and removed ones.
// Threading: any. Blocks.
#pragma once

#include <string>

namespace parley::runtime {

/// 0, or errno.
int sync_folder(const std::string& folder);
/// The same of the folder in which a file is.
int sync_folder_of(const std::string& file);

}  // namespace parley::runtime
