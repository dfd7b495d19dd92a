// SocketPath: a Unix socket in a deep folder. An address has room for a path of 107 bytes; of a
// longer one the folder is opened, and reached by its number. Internal to runtime. Threading: any.
#pragma once

#include <parley/runtime/io/unique_fd.hpp>

#include <cstddef>
#include <string>

namespace parley::runtime {

struct SocketPath {
    static constexpr std::size_t bytes_max = 107;

    UniqueFd folder;   ///< keeps `path` valid
    std::string path;  ///< the same file; at most bytes_max bytes unless `error` is set
    int error = 0;     ///< errno: the folder cannot be opened, or the name alone is too long
};
SocketPath socket_path(std::string path);

}  // namespace parley::runtime
