#include <parley/runtime/io/sync_folder.hpp>

#include <parley/runtime/io/unique_fd.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace parley::runtime {

int sync_folder(const std::string& folder) {
    const UniqueFd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    return fd && ::fsync(fd.get()) == 0 ? 0 : errno;
}

int sync_folder_of(const std::string& file) {
    return sync_folder(std::filesystem::absolute(file).parent_path().string());
}

}  // namespace parley::runtime
