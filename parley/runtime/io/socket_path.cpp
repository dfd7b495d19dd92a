#include <parley/runtime/io/socket_path.hpp>

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <utility>

namespace parley::runtime {

SocketPath socket_path(std::string path) {
    if (path.size() <= SocketPath::bytes_max) return {{}, std::move(path), 0};
    const std::filesystem::path file{path};
    UniqueFd folder{::open(file.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!folder) return {{}, std::move(path), errno};
    auto near = fmt::format("/proc/self/fd/{}/{}", folder.get(), file.filename().string());
    const int error = near.size() > SocketPath::bytes_max ? ENAMETOOLONG : 0;
    return {std::move(folder), std::move(near), error};
}

}  // namespace parley::runtime
