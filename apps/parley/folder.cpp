#include "folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace parley::app {

namespace {

using runtime::UniqueFd;

constexpr std::size_t file_bytes_max = 1U << 20;

/// The whole of a small file.
Result<std::string, Failure> read_all(int fd, const std::string& path) {
    std::string out;
    std::array<char, 4096> buffer;
    while (true) {
        const auto got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed(fmt::format("cannot read {}: {}", path, system_message(errno)));
        if (got == 0) return out;
        out.append(buffer.data(), static_cast<std::size_t>(got));
        if (out.size() > file_bytes_max) return failed(fmt::format("{} is too large", path));
    }
}

Outcome write_all(int fd, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const auto wrote = ::write(fd, text.data(), text.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) {
            return failed(fmt::format("cannot write {}: {}", path, system_message(errno)));
        }
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
}

Result<UniqueFd, Failure> open_file(const std::string& path) {
    UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd) return failed(fmt::format("cannot open {}: {}", path, system_message(errno)));
    return fd;
}

}  // namespace

std::string system_message(int error) {
    return std::generic_category().message(error);
}

std::string Folder::file(std::string_view name) const {
    return (std::filesystem::path{path} / name).string();
}

std::string Folder::socket(const node::NodeConfig& settings) const {
    return file(settings.rpc.socket);
}

Result<std::string, Failure> read_small_file(const std::string& path) {
    const auto fd = open_file(path);
    if (!fd) return std::unexpected{fd.error()};
    return read_all(fd->get(), path);
}

Result<node::NodeConfig, Failure> read_config(const Folder& folder) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder.path, ignored)) {
        return failed(
            fmt::format("there is no folder {0}; `parley init {0}` makes one", folder.path));
    }
    if (!std::filesystem::exists(folder.config(), ignored)) {
        return failed(
            fmt::format("{0} is no node's folder: it has no parley.toml; "
                        "`parley init {0}` makes one",
                        folder.path));
    }
    const auto text = read_small_file(folder.config());
    if (!text) return std::unexpected{text.error()};
    auto settings = node::parse_config(*text, folder.config());
    if (!settings) return failed(settings.error().message);
    settings->client = fmt::format("parley/{}/linux", PARLEY_VERSION);
    return std::move(*settings);
}

Outcome write_new_file(const std::string& path, std::string_view text, unsigned mode) {
    const UniqueFd fd{
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode))};
    if (!fd && errno == EEXIST) {
        return failed(fmt::format("{} is there already and is left as it is", path));
    }
    if (!fd) return failed(fmt::format("cannot make {}: {}", path, system_message(errno)));
    if (const auto written = write_all(fd.get(), text, path); !written) return written;
    if (::fsync(fd.get()) != 0) {
        return failed(fmt::format("cannot write {}: {}", path, system_message(errno)));
    }
    return {};
}

Outcome replace_file(const std::string& path, std::string_view text, unsigned mode) {
    const auto next = path + ".new";
    ::unlink(next.c_str());  // of somebody who crashed
    if (auto ok = write_new_file(next, text, mode); !ok) return ok;
    if (::rename(next.c_str(), path.c_str()) != 0) {
        const int error = errno;
        ::unlink(next.c_str());
        return failed(fmt::format("cannot replace {}: {}", path, system_message(error)));
    }
    const auto parent = std::filesystem::absolute(path).parent_path();
    const UniqueFd fd{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd || ::fsync(fd.get()) != 0) {
        return failed(fmt::format("cannot write {}: {}", path, system_message(errno)));
    }
    return {};
}

Result<UniqueFd, Failure> lock_folder(const Folder& folder) {
    const auto path = folder.lock();
    UniqueFd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    if (!fd) return failed(fmt::format("cannot open {}: {}", path, system_message(errno)));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
    if (errno == EWOULDBLOCK) {
        return failed(fmt::format("another parley runs in {}", folder.path));
    }
    return failed(fmt::format("cannot lock {}: {}", path, system_message(errno)));
}

}  // namespace parley::app
